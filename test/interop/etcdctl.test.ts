/** One conversation with etcdctl on etcd and with quoratectl: the answers are alike, but for a list of differences. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectCluster } from '../../deploy/ctl/connect.js';
import { runCommandLine } from '../../deploy/ctl/run.js';
import type { Surroundings } from '../../deploy/ctl/run.js';
import { scriptedTerminal } from '../ctl/scripted-terminal.js';
import { startTestCluster } from '../process/cluster.js';
import { aboutMembers, conversation, lastLease } from './command-lines.js';
import type { CommandLine } from './command-lines.js';
import { differences, showLine } from './differences.js';
import { etcdAccess } from './etcd-gateway.js';
import { runEtcdctl, startEtcd, whatIsMissing } from './etcd-process.js';
import { mask } from './masks.js';
import type { Output } from './masks.js';

type Speaker = (line: CommandLine) => Output | Promise<Output>;

const quoratectl =
  (surroundings: Omit<Surroundings, 'terminal'>): Speaker =>
  async ({ words, stdin }) => {
    const terminal = scriptedTerminal(stdin);
    const code = await runCommandLine(words, { ...surroundings, terminal });
    return { stdout: terminal.stdout(), stderr: terminal.stderr(), code };
  };

/** Remembers the lease that was granted last, and puts it where a line wants it. */
function withLeases(speaker: Speaker): Speaker {
  let lease = '';
  return async ({ words, ...rest }) => {
    const output = await speaker({ ...rest, words: words.map((word) => (word === lastLease ? lease : word)) });
    const [, granted] = /^lease ([0-9a-f]{16}) granted/.exec(output.stdout.toString()) ?? [];
    lease = granted ?? lease;
    return output;
  };
}

/** Says every line to both, in order, and fails with all the lines at which they differ otherwise than is known. */
async function compare(lines: readonly CommandLine[], etcdctl: Speaker, ours: Speaker): Promise<void> {
  const known = new Map(differences.map((difference) => [showLine(difference.line), difference]));
  const wrong: string[] = [];
  for (const line of lines) {
    const isProtobuf = line.words.includes('protobuf');
    const theirs = mask(await etcdctl(line), isProtobuf);
    const expected = known.get(showLine(line))?.expected(theirs) ?? theirs;
    const actual = mask(await ours(line), isProtobuf);
    try {
      assert.deepEqual(actual, expected);
    } catch (error) {
      wrong.push(`${showLine(line)}\n${(error as Error).message}`);
    }
  }
  assert.equal(wrong.join('\n\n'), '');
}

const skip = whatIsMissing();

test('every difference that is listed stands at a line of the conversation', () => {
  const said = new Set([...conversation, ...aboutMembers].map(showLine));
  const unsaid = differences.map(({ line }) => showLine(line)).filter((line) => !said.has(line));
  assert.deepEqual(unsaid, []);
});

test('quoratectl says of an etcd what etcdctl says', { skip }, async (t) => {
  const [first, second] = await Promise.all([startEtcd(), startEtcd()]);
  t.after(() => Promise.all([first.stop(), second.stop()]));
  const ours = quoratectl({ environment: {}, connect: async () => etcdAccess(second.address) });
  await compare(
    [...conversation, ...aboutMembers],
    withLeases((line) => runEtcdctl(first.address, line)),
    withLeases(ours),
  );
});

test('quoratectl on Quorate answers as etcdctl on etcd', { skip }, async (t) => {
  const [etcd, cluster] = await Promise.all([startEtcd(), startTestCluster({ clusterName: 'interop' })]);
  t.after(() => Promise.all([etcd.stop(), cluster.stop()]));
  const environment = { QUORATECTL_SERVERS: cluster.servers.join(','), QUORATECTL_CLUSTER_NAME: cluster.clusterName };
  const ours = quoratectl({ environment, connect: connectCluster });
  await compare(
    conversation,
    withLeases((line) => runEtcdctl(etcd.address, line)),
    withLeases(ours),
  );
  for (const { words, stdout } of aboutThisCluster) {
    const output = await ours({ words });
    assert.equal(output.stderr, '', words.join(' '));
    assert.equal(output.code, 0);
    assert.match(output.stdout.toString(), stdout);
  }
});

const rows = (row: string): RegExp => new RegExp(`^(${row}\\n){3}$`);
const size = '\\S+ .?B';
const columns = ['n[123]', '[0-9a-f]{1,16}', '0\\.1\\.0', '\\d+\\.\\d+\\.\\d+', size, size, '\\d+%', size];
const status = [...columns, '(true|false)', 'false', '\\d+', '\\d+', '\\d+', '', '', 'false'].join(', ');

const aboutThisCluster: readonly { readonly words: readonly string[]; readonly stdout: RegExp }[] = [
  { words: ['member', 'list'], stdout: rows('[0-9a-f]{1,16}, started, n[123], \\S*, \\S*, false') },
  { words: ['endpoint', 'status'], stdout: rows(status) },
  {
    words: ['endpoint', 'health'],
    stdout: rows('n[123] is healthy: successfully committed proposal: took = \\S+s'),
  },
  { words: ['endpoint', 'hashkv'], stdout: /^n\d, (\d+), (\d+)\n(n\d, \1, \2\n){2}$/ },
  { words: ['endpoint', 'hashkv', '--members=n2'], stdout: /^n2, \d+, \d+\n$/ },
  { words: ['endpoint', 'status', '-w', 'table'], stdout: /^\+-+\+.*\n\| {2}ENDPOINT|^\+-+\+.*\n\| ENDPOINT \|/ },
];
