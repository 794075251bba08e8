/** Every source file of the house, parsed once, and what each imports and exports. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folders = ['machines', 'store', 'transport', 'actors', 'client', 'deploy', 'examples', 'test'];

export interface Import {
  /** A path from the project's root with .ts, or a package's name, or node:… */
  readonly from: string;
  readonly isPackage: boolean;
  readonly onlyTypes: boolean;
  /** Names as exported there; `*` for all of them. */
  readonly names: readonly string[];
  readonly line: number;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

export function readSources(): readonly Source[] {
  const paths = folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
    )
    .filter((path) => /\.tsx?$/.test(path));
  const known = new Set(paths);
  return paths.sort().map((path) => readSource(path, known));
}

/** The TypeScript files that git knows, or undefined outside a clone. */
export function filesKnownToGit(): readonly string[] | undefined {
  if (!existsSync(join(root, '.git'))) return undefined;
  const listed = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { cwd: root, encoding: 'utf8' });
  return listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)));
}

/** Calls `visit` for every node below the root of the tree. */
export function visitAll(source: Source, visit: (node: ts.Node) => void): void {
  const walk = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, walk);
  };
  ts.forEachChild(source.tree, walk);
}

export const lineOf = (source: Source, node: ts.Node): number =>
  source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;

function readSource(path: string, known: ReadonlySet<string>): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const source = { path, text, lines: text.split('\n'), tree, imports: [] };
  return { ...source, imports: readImports(source, known) };
}

function readImports(source: Source, known: ReadonlySet<string>): readonly Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node, onlyTypes: boolean, names: readonly string[]) => {
    if (!ts.isStringLiteralLike(specifier)) return;
    const isPackage = !specifier.text.startsWith('.');
    const from = isPackage
      ? packageOf(specifier.text)
      : fileOf(normalize(join(dirname(source.path), specifier.text)), known);
    found.push({ from, isPackage, onlyTypes, names, line: lineOf(source, node) });
  };
  visitAll(source, (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, importsOnlyTypes(node.importClause), importedNames(node.importClause));
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      const names = node.exportClause && ts.isNamedExports(node.exportClause) ? namesOf(node.exportClause) : ['*'];
      add(node, node.moduleSpecifier, node.isTypeOnly, names);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) {
      add(node, node.arguments[0], false, ['*']);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true, ['*']);
    }
  });
  return found;
}

function importsOnlyTypes(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  return (
    clause.name === undefined &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.every((element) => element.isTypeOnly)
  );
}

function importedNames(clause: ts.ImportClause | undefined): readonly string[] {
  const bindings = clause?.namedBindings;
  const named = bindings === undefined ? [] : ts.isNamedImports(bindings) ? namesOf(bindings) : ['*'];
  return clause?.name === undefined ? named : ['default', ...named];
}

const namesOf = (bindings: ts.NamedImports | ts.NamedExports): readonly string[] =>
  bindings.elements.map((element) => (element.propertyName ?? element.name).text);

/** What is imported as JavaScript was written as TypeScript, with or without elements in it. */
function fileOf(path: string, known: ReadonlySet<string>): string {
  const withElements = path.replace(/\.js$/, '.tsx');
  return known.has(withElements) ? withElements : path.replace(/\.js$/, '.ts');
}

/** `nats/lib` belongs to `nats`, `@scope/name/x` to `@scope/name`. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
