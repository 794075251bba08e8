/**
 * The command lines at which quoratectl answers otherwise than Debian's etcdctl 3.4.23: because etcdctl 3.6 does, or
 * because etcdctl crashes there. Each says why, and what the answer is, given etcdctl's. All other lines are alike.
 */
import { lastLease } from './command-lines.js';
import type { CommandLine } from './command-lines.js';
import type { Masked } from './masks.js';

export interface Difference {
  readonly line: CommandLine;
  readonly why: string;
  readonly expected: (etcdctl: Masked) => Masked;
}

type Change = (etcdctl: Masked) => Partial<Masked>;

const at =
  (why: string, change: Change) =>
  (words: readonly string[], stdin?: string): Difference => ({
    line: stdin === undefined ? { words } : { words, stdin },
    why,
    expected: (etcdctl) => ({ ...etcdctl, ...change(etcdctl) }),
  });

const usageError = at('3.4 says what is wrong a second time, after the usage', ({ stderr }) => ({
  stderr: stderr.slice(0, stderr.indexOf('\n\n') + 2),
}));

const hint = "Run 'etcdctl --help' for usage.\n";
const unknownCommand = at('3.4 says what is wrong a second time, after the hint', ({ stderr }) => ({
  stderr: stderr.slice(0, stderr.indexOf(hint) + hint.length),
}));

const unknownAmongFewer = at('the same, and defrag is not there yet to be meant', ({ stderr }) => ({
  stderr: stderr.slice(0, stderr.indexOf(hint) + hint.length).replace('\tdefrag\n', ''),
}));

const responseNames = at('3.6 names the operations of a transaction as protobuf does', ({ stdout }) => ({
  stdout: stdout
    .replace('"ResponsePut"', '"response_put"')
    .replace('"ResponseRange"', '"response_range"')
    .replace('"ResponseDeleteRange"', '"response_delete_range"'),
}));

const singleQuotes = at('3.4 cuts what stands in single quotes', () => ({ stdout: 'SUCCESS\n\nOK\n\none\nb c\n' }));

const unknownOperator = at('etcdctl panics (exit code 2) at an operator that it does not know', () => ({
  stderr: 'Error: malformed comparison: mod("a") ? "0" (unknown operator ?)\n',
  code: 3,
}));

const leaseComparison = at('etcdctl panics (exit code 2) at any comparison of leases', () => ({
  stdout: 'SUCCESS\n\nfoo\n3\n',
  stderr: '',
  code: 0,
}));

const badFlagInTransaction = at('etcdctl prints a usage of its own making before the error', () => ({
  stderr: 'Error: invalid txn request: get a --foo\n',
}));

const noRevision = at('3.6 leaves out a revision of 0', ({ stdout }) => ({
  stdout: stdout.replace('"Revision" : 0\n', ''),
}));

/** What stands in the message beside the header. */
const wholeMessage = (...fields: readonly string[]) =>
  at('etcdctl prints the header alone, which no message of etcd is', ({ stdout }) => {
    const [, revision = ''] = /^3: (\d+)$/m.exec(stdout) ?? [];
    return { stdout: [`1: names 1,2,3,4 revision ${revision}`, ...fields].join('\n') };
  });

const quotedValue = at('3.4 has cut what stood in single quotes', ({ stdout }) => ({
  stdout: stdout.replace('PUT\none\nb\n', 'PUT\none\nb c\n'),
}));

const codeOfChild = (code: number) => at('3.6 ends with the exit code of what it ran', () => ({ code }));

const versions = at('another version of another program', () => ({
  stdout: 'etcdctl version: 0.1.0\nAPI version: 3.6\n',
}));

export const differences: readonly Difference[] = [
  usageError(['get', '--foo', 'x']),
  usageError(['get', '-x', 'foo']),
  usageError(['get', '--limit', 'x', 'foo']),
  usageError(['get', '--rev', '99999999999999999999', 'foo']),
  usageError(['get', '--prefix=x', 'foo']),
  usageError(['get', '--limit']),
  usageError(['get', 'foo', '-w']),
  usageError(['--dial-timeout=x', 'get', 'foo']),
  usageError(['--command-timeout', '1', 'get', 'foo']),
  usageError(['compaction', '-5']),
  unknownCommand(['-hw', 'json']),
  unknownCommand(['nonsense']),
  unknownAmongFewer(['d', 'a']),
  responseNames(['txn', '-w', 'json'], '\nput foo 1 --prev-kv\nget foo\ndel absent\n\n\n'),
  singleQuotes(['txn'], "\nput one 'b c'\nget one\n\n\n"),
  unknownOperator(['txn'], 'mod("a") ? "0"\n\n\n\n'),
  leaseComparison(['txn'], 'lease("foo") = "0"\n\nget foo\n\n\n'),
  badFlagInTransaction(['txn'], '\nget a --foo\n\n\n'),
  noRevision(['member', 'list', '-w', 'fields']),
  versions(['version']),
  wholeMessage()(['lease', 'list', '-w', 'protobuf']),
  wholeMessage('2: #', '3: 100')(['lease', 'grant', '100', '-w', 'protobuf']),
  wholeMessage('2: #', '3: 100')(['lease', 'keep-alive', '--once', lastLease, '-w', 'protobuf']),
  wholeMessage('2: 4660', '3: 18446744073709551615')(['lease', 'timetolive', '1234', '-w', 'protobuf']),
  quotedValue(['watch', '', '--prefix', '--rev=7', '--', 'sh', '-c', 'kill -9 $$']),
  noRevision(['watch', 'x', 'w1', '-w', 'fields']),
  noRevision(['watch', 'w', '--prefix', '--rev=1', '-w', 'fields']),
  usageError(['watch', '--bad']),
  codeOfChild(3)(['lock', 'l1', '--', 'sh', '-c', 'echo $ETCD_LOCK_KEY; exit 3']),
  codeOfChild(255)(['lock', 'l1', '--', 'sh', '-c', 'kill -9 $$']),
  usageError(['lock', 'l1', '--ttl=x']),
  usageError(['lock', 'l1', 'sh', '-c', 'true']),
];

/** How a line stands in a shell. */
export const showLine = ({ words, stdin }: CommandLine): string =>
  [...words.map((word) => JSON.stringify(word)), ...(stdin === undefined ? [] : ['<<<', JSON.stringify(stdin)])].join(
    ' ',
  );
