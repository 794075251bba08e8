/** Exports that nobody imports. */
import ts from 'typescript';
import { entrances } from './house.js';
import { lineOf, visitAll } from './sources.js';
import type { Source } from './sources.js';

/** "path:line: name" for each. A type that its own file's signatures use may be exported for its readers. */
export function deadExports(sources: readonly Source[]): readonly string[] {
  const imported = new Map<string, Set<string>>();
  for (const { from, names } of sources.flatMap((source) => source.imports)) {
    const known = imported.get(from) ?? new Set();
    imported.set(from, known);
    for (const name of names) known.add(name);
  }
  return sources
    .filter((source) => !entrances.some((entrance) => entrance.test(source.path)))
    .flatMap((source) => {
      const used = imported.get(source.path) ?? new Set();
      if (used.has('*')) return [];
      return exportsOf(source)
        .filter(({ name, isType }) => !used.has(name) && !(isType && isMentionedTwice(source, name)))
        .map(({ name, line }) => `${source.path}:${line}: ${name}`);
    });
}

interface Export {
  readonly name: string;
  readonly isType: boolean;
  readonly line: number;
}

function exportsOf(source: Source): readonly Export[] {
  return source.tree.statements.flatMap((statement): readonly Export[] => {
    const line = lineOf(source, statement);
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      return statement.exportClause.elements.map((element) => ({
        name: element.name.text,
        isType: statement.isTypeOnly || element.isTypeOnly,
        line,
      }));
    }
    if (!ts.canHaveModifiers(statement)) return [];
    if (statement.modifiers?.some((each) => each.kind === ts.SyntaxKind.ExportKeyword) !== true) return [];
    const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
    return declaredNames(statement).map((name) => ({ name, isType, line }));
  });
}

function declaredNames(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap((each) =>
      ts.isIdentifier(each.name) ? [each.name.text] : [],
    );
  }
  const declaresOne =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return declaresOne && statement.name !== undefined ? [statement.name.text] : [];
}

function isMentionedTwice(source: Source, name: string): boolean {
  let count = 0;
  visitAll(source, (node) => {
    if (ts.isIdentifier(node) && node.text === name) count++;
  });
  return count > 1;
}
