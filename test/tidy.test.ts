/** The house rules, checked: a rule that only a document states rots. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import ts from 'typescript';
import { deadExports } from './tidy/dead-exports.js';
import { confined, contractTables, lengths, rooms } from './tidy/house.js';
import type { Room } from './tidy/house.js';
import { filesKnownToGit, lineOf, readSources, visitAll } from './tidy/sources.js';
import type { Source } from './tidy/sources.js';

const sources = readSources();
const code = sources.filter((source) => !source.path.startsWith('test/'));

/** Fails with one line for each place that breaks the rule. */
function refuse(
  rule: string,
  files: readonly Source[],
  find: (source: Source) => readonly (readonly [number, string])[],
) {
  test(rule, () => {
    const found = files.flatMap((source) => find(source).map(([line, what]) => `${source.path}:${line}: ${what}`));
    assert.equal(found.length, 0, `\n${found.join('\n')}`);
  });
}

/** The same for a rule about single nodes of the tree. */
function refuseNodes(
  rule: string,
  files: readonly Source[],
  judge: (node: ts.Node, source: Source) => string | undefined,
) {
  refuse(rule, files, (source) => {
    const found: (readonly [number, string])[] = [];
    visitAll(source, (node) => {
      const what = judge(node, source);
      if (what !== undefined) found.push([lineOf(source, node), what]);
    });
    return found;
  });
}

test('the checker sees every file that git knows', (t) => {
  const known = filesKnownToGit();
  if (known === undefined) return t.skip('not a clone');
  const seen = new Set(sources.map((source) => source.path));
  assert.deepEqual(
    known.filter((path) => !seen.has(path)),
    [],
  );
  assert.ok(known.length > 20, 'git knows the files');
});

describe('imports', () => {
  const roomOf = (path: string): Room | undefined => rooms.find((room) => path.startsWith(room.prefix));

  refuse('every room imports only what the table of the house allows', code, (source) => {
    const room = roomOf(source.path);
    if (room === undefined) return [[1, 'is in no room']];
    return source.imports
      .filter((each) => !each.isPackage)
      .filter((each) => !room.imports.some((prefix) => each.from.startsWith(prefix)))
      .map((each) => [each.line, `imports ${each.from}`]);
  });

  refuse('every package stays in its room', code, (source) => {
    const packages = roomOf(source.path)?.packages ?? {};
    const allows = (name: string) => packages[name.startsWith('node:') ? 'node:' : name]?.test(source.path) === true;
    return source.imports
      .filter((each) => each.isPackage && !allows(each.from))
      .map((each) => [each.line, `imports the package ${each.from}`]);
  });

  refuse('nothing imports test/', code, (source) =>
    source.imports.filter((each) => each.from.startsWith('test/')).map((each) => [each.line, `imports ${each.from}`]),
  );
});

describe('what has a room of its own', () => {
  for (const { what, allowedIn } of confined) {
    const outside = sources.filter((source) => !allowedIn.test(source.path));
    refuseNodes(`${what} stays in it`, outside, (node, source) =>
      mentions(node, what, source.tree) ? what : undefined,
    );
  }
});

/** A use of a global by its name, not a property or a declaration that is called the same. */
function mentions(node: ts.Node, what: string, tree: ts.SourceFile): boolean {
  if (what.includes('.')) return ts.isPropertyAccessExpression(node) && node.getText(tree) === what;
  if (!ts.isIdentifier(node) || node.text !== what) return false;
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent)) {
    const isOwner = ts.isPropertyAccessExpression(parent) ? parent.expression === node : parent.left === node;
    return isOwner || parent.getText(tree) === `globalThis.${what}`;
  }
  return (
    ts.isExpression(parent) || ts.isCallExpression(parent) || ts.isTypeReferenceNode(parent) || isInitializer(node)
  );
}

function isInitializer(node: ts.Node): boolean {
  const parent = node.parent;
  return (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) && parent.initializer === node;
}

describe('sizes', () => {
  const isTable = (source: Source) => contractTables.includes(source.path);

  refuse(`a file is one idea in at most ${lengths.file} lines (a test: ${lengths.testFile})`, sources, (source) => {
    const longest = source.path.startsWith('test/') ? lengths.testFile : lengths.file;
    const count = source.lines.length - 1;
    return isTable(source) || count <= longest ? [] : [[1, `${count} lines`]];
  });

  refuse(
    `a line has at most ${lengths.line} characters`,
    sources.filter((source) => !isTable(source)),
    (source) =>
      source.lines.flatMap((line, at) =>
        line.length > lengths.line ? [[at + 1, `${line.length} characters`] as const] : [],
      ),
  );

  // A chart is a table, also where a function builds it.
  const functions = code.filter((source) => !source.path.endsWith('.machine.ts'));
  refuseNodes(`a function has at most ${lengths.function} lines`, functions, (node, source) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return undefined;
    const end = source.tree.getLineAndCharacterOfPosition(node.end).line + 1;
    const count = end - lineOf(source, node) + 1;
    return count > lengths.function ? `a function of ${count} lines` : undefined;
  });
});

describe('words', () => {
  refuseNodes('no default export, no enum, no any, no non-null assertion', sources, (node) => {
    if (ts.isExportAssignment(node)) return 'default export';
    if (ts.canHaveModifiers(node) && node.modifiers?.some((each) => each.kind === ts.SyntaxKind.DefaultKeyword)) {
      return 'default export';
    }
    if (ts.isEnumDeclaration(node)) return 'enum';
    if (node.kind === ts.SyntaxKind.AnyKeyword) return 'any';
    return ts.isNonNullExpression(node) ? 'non-null assertion' : undefined;
  });

  const unfinished = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
  refuse('nothing is left to be done', sources, (source) =>
    source.lines.flatMap((line, at) => (unfinished.test(line) ? [[at + 1, line.trim()] as const] : [])),
  );

  refuse('a file opens with a sentence on what lives there', sources, (source) =>
    /^(#!.*\n)?\/(\*\*|\/)\s/.test(source.text) ? [] : [[1, 'no opening sentence']],
  );

  refuse('no barrels, no utils', code, (source) => {
    const statements = source.tree.statements;
    const onlyPassesOn =
      statements.length > 0 && statements.every((each) => ts.isExportDeclaration(each) && each.moduleSpecifier);
    if (onlyPassesOn && source.path !== 'client/index.ts') return [[1, 'only passes on what others export']];
    return /\/(utils?|helpers?|common|misc|index)\.ts$/.test(source.path) && source.path !== 'client/index.ts'
      ? [[1, 'a name that says nothing']]
      : [];
  });
});

test('every export is imported somewhere', () => {
  const dead = deadExports(sources);
  assert.equal(dead.length, 0, `\n${dead.join('\n')}`);
});
