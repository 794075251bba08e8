/** `check perf` and `check datascale`: what they refuse, write and conclude. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusResponse } from '../../client/types.js';
import { judge } from '../../deploy/ctl/check-perf.js';
import { fakeCluster, header, say, status } from './fake-cluster.js';
import { scriptedTerminal } from './scripted-terminal.js';

const nothing = async () => ({ header, kvs: [], more: false, count: 0 });
const kv = {
  ...header,
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  createRevision: 1,
  modRevision: 1,
  version: 1,
  lease: 0n,
};

test('a load that is none, and keys that are there already, are refused', async () => {
  const load = await say(['check', 'perf', '--load=q']);
  assert.deepEqual([load.stderr, load.code], ['Error: unknown load option q\n', 4]);
  const get = async () => ({ header, kvs: [kv], more: false, count: 1 });
  const keys = await say(['check', 'datascale'], { cluster: { get } });
  const prefix = '/etcdctl-check-datascale/';
  assert.equal(
    keys.stderr,
    `Error: prefix "${prefix}" has keys. Delete with quoratectl del --prefix ${prefix} first\n`,
  );
  assert.equal(keys.code, 3);
  const defrag = await say(['check', 'perf', '--auto-defrag']);
  assert.match(defrag.stderr, /^Error: --auto-defrag has no meaning here: /);
});

test('perf passes at nine tenths of the rate, half a second and a deviation of a tenth', () => {
  const told = (perSecond: number, slowest_s: number, deviation_s: number, errors = new Map<string, number>()) => {
    const terminal = scriptedTerminal();
    const passed = judge(terminal, { perSecond, slowest_s, deviation_s, errors }, { perSecond: 150, writers: 50 });
    return [passed, terminal.stdout().toString()];
  };
  assert.deepEqual(told(149.5, 0.5, 0.1), [
    true,
    'PASS: Throughput is 150 writes/s\nPASS: Slowest request took 0.500000s\nPASS: Stddev is 0.100000s\n',
  ]);
  assert.deepEqual(told(135, 0.51, 0.11, new Map([['no', 3]])), [
    false,
    'FAIL: too many errors\nFAIL: ERROR(no) -> 3\nFAIL: Throughput too low: 136 writes/s\n' +
      'Slowest request took too long: 0.510000s\nStddev too high: 0.110000s\n',
  ]);
});

test('datascale writes distinct keys, looks at the memory before and after, and deletes them', async () => {
  const keys = new Set<string>();
  const seen: string[] = [];
  const put = async (key: Uint8Array, value: Uint8Array) => {
    assert.equal(key.length + value.length, 1_024 + '/p/'.length);
    return (keys.add(Buffer.from(key).toString('hex')), { header });
  };
  const memory = (): StatusResponse['vitals'] =>
    ({ residentMemoryBytes: (50 + keys.size / 1_000) * 1_024 * 1_024 }) as StatusResponse['vitals'];
  const cluster = {
    get: nothing,
    put,
    status: async (member: string) => (
      seen.push(member),
      { ...status, vitals: memory() as NonNullable<typeof status.vitals> }
    ),
    delete: async () => ({ header, deleted: keys.size, prevKvs: [] }),
    compact: async () => ({ header }),
  };
  const words = ['check', 'datascale', '--prefix=/p/', '--members=n2', '--auto-compact'];
  const { stdout, code } = await say(words, { cluster });
  assert.match(stdout, /^Start data scale check for work load \[10000 key-value pairs, 1024 bytes per key-value, 50 /);
  assert.match(stdout, /\r 10000 \/ 10000 {2}100\.00% \S+\nCompacting with revision 13\nCompacted with revision 13\n/);
  assert.ok(stdout.endsWith('PASS: Approximate system memory used : 10.00 MB.\n'), stdout.slice(-200));
  assert.deepEqual([code, keys.size, seen], [0, 10_000, ['n2', 'n2']]);
});

test('a member that does not tell its memory cannot be judged', async () => {
  const { stdout, code } = await say(['check', 'datascale'], { cluster: { ...fakeCluster(), get: nothing } });
  assert.equal(stdout, 'FAIL: Could not read process_resident_memory_bytes before the put operations.\n');
  assert.equal(code, 1);
});
