/** The endpoint commands: every member, in each format, and what happens when one does not answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GetResponse, StatusResponse } from '../../client/types.js';
import { errorOf } from '../../machines/language/errors.js';
import { header, say, status } from './fake-cluster.js';

const empty: GetResponse = { header, kvs: [], more: false, count: 0 };
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

test('status asks every member, in the order of the list', async () => {
  const { stdout, code } = await say(['endpoint', 'status']);
  const row = ', 8e9e05c52164694d, 0.1.0, 3.6.0, 25 kB, 16 kB, 34%, 2.1 GB, true, false, 2, 8, 8, , , false';
  assert.equal(stdout, text([`n1${row}`, `n2${row}`, `n3${row}`]));
  assert.equal(code, 0);
});

test('--members chooses, and --cluster takes all again', async () => {
  const asked: string[] = [];
  const cluster = { status: async (member: string) => (asked.push(member), status) };
  await say(['endpoint', 'status', '--members', 'n3, n1'], { cluster });
  assert.deepEqual(asked.splice(0), ['n3', 'n1']);
  await say(['endpoint', '--cluster', 'status', '--members', 'n3'], { cluster });
  assert.deepEqual(asked, ['n1', 'n2', 'n3']);
});

test('status as JSON has the fields of etcd 3.6, in their order', async () => {
  const { stdout } = await say(['endpoint', 'status', '--members=n1', '-w', 'json']);
  const shown = '{"cluster_id":14841639068965178418,"member_id":10276657743932975437,"revision":13,"raft_term":2}';
  assert.equal(
    stdout,
    `[{"Endpoint":"n1","Status":{"header":${shown},"version":"0.1.0","dbSize":24576,"leader":10276657743932975437,` +
      '"raftIndex":8,"raftTerm":2,"raftAppliedIndex":8,"dbSizeInUse":16384,"storageVersion":"3.6.0",' +
      '"dbSizeQuota":2147483648,"downgradeInfo":{}}}]\n',
  );
});

test('status as fields', async () => {
  const { stdout } = await say(['endpoint', 'status', '--members=n1', '-w', 'fields', '--hex']);
  const lines = [
    '"ClusterID" : cdf818194e3a8c32',
    '"MemberID" : 8e9e05c52164694d',
    '"Revision" : 13',
    '"RaftTerm" : 2',
  ];
  const more = ['"Version" : "0.1.0"', '"StorageVersion" : "3.6.0"', '"DBSize" : 24576', '"DBSizeInUse" : 16384'];
  const rest = [
    '"DBSizeQuota" : 2147483648',
    '"Leader" : 10276657743932975437',
    '"IsLearner" : false',
    '"RaftIndex" : 8',
  ];
  const last = ['"RaftTerm" : 2', '"RaftAppliedIndex" : 8', '"Errors" : []', '"Endpoint" : "n1"'];
  const end = ['"DowngradeTargetVersion" : ""', '"DowngradeEnabled" : false', ''];
  assert.equal(stdout, text([...lines, ...more, ...rest, ...last, ...end]));
});

test('status as a table has the titles in the middle and the values to the right', async () => {
  const sick = { ...status, errors: ['etcdserver: no leader', 'memberID:12 alarm:NOSPACE'] };
  const { stdout } = await say(['endpoint', 'status', '--members=n1', '-w', 'table'], {
    cluster: { status: async () => sick },
  });
  const [line, titles, , first, second] = stdout.split('\n');
  assert.match(line ?? '', /^\+(-+\+){16}$/);
  assert.match(titles ?? '', /^\| ENDPOINT \| {8}ID {8}\| VERSION \| STORAGE VERSION \| DB SIZE \| IN USE \| PERCENT/);
  assert.match(first ?? '', /^\| {7}n1 \| 8e9e05c52164694d \| {3}0\.1\.0 \| .* \| +etcdserver: no leader, \|/);
  assert.match(second ?? '', /^\| {10}\| {18}\| .* \| memberID:12 alarm:NOSPACE \| +\| +\|$/);
});

test('a member that does not answer is told on stderr, the others are shown, and the exit code is 1', async () => {
  const cluster = {
    status: async (member: string) => {
      if (member === 'n2') throw errorOf('Timeout');
      return status;
    },
  };
  const { stdout, stderr, code } = await say(['endpoint', 'status'], { cluster });
  assert.deepEqual(stdout.match(/^n\d/gm), ['n1', 'n3']);
  assert.equal(stderr, 'Failed to get the status of endpoint n2 (etcdserver: request timed out)\n');
  assert.equal(code, 1);
});

test('hashkv in each format', async () => {
  const words = ['endpoint', 'hashkv', '--members=n1', '-w'];
  const shown = '{"cluster_id":14841639068965178418,"member_id":10276657743932975437,"revision":13,"raft_term":2}';
  assert.equal((await say([...words, 'simple'])).stdout, 'n1, 2064120424, 13\n');
  assert.equal(
    (await say([...words, 'json'])).stdout,
    `[{"Endpoint":"n1","HashKV":{"header":${shown},"hash":2064120424,"compact_revision":-1,"hash_revision":13}}]\n`,
  );
  assert.match(
    (await say([...words, 'fields'])).stdout,
    /"Endpoint" : "n1"\n"Hash" : 2064120424\n"HashRevision" : 13\n\n$/,
  );
  assert.equal(
    (await say([...words, 'table'])).stdout,
    text([
      '+----------+------------+---------------+',
      '| ENDPOINT |    HASH    | HASH REVISION |',
      '+----------+------------+---------------+',
      '|       n1 | 2064120424 |            13 |',
      '+----------+------------+---------------+',
    ]),
  );
  assert.deepEqual(await say([...words, 'protobuf']), {
    stdout: '',
    stderr: 'Error: protobuf not supported as output format\n',
    code: 4,
  });
});

test('hashkv that fails ends with the last error too', async () => {
  const hashKv = async (): Promise<never> => {
    throw errorOf('FutureRev');
  };
  const { stderr, code } = await say(['endpoint', 'hashkv', '--rev=100', '--members=n1'], { cluster: { hashKv } });
  const why = 'etcdserver: mvcc: required revision is a future revision';
  assert.equal(stderr, `Failed to get the hash of endpoint n1 (${why})\nError: ${why}\n`);
  assert.equal(code, 1);
});

test('health: healthy on stdout, unhealthy on stderr, exit code 1', async () => {
  const get = async (
    _key: Uint8Array,
    options: { readonly member?: string | undefined } = {},
  ): Promise<GetResponse> => {
    if (options.member === 'n2') throw errorOf('Timeout');
    if (options.member === 'n3') throw errorOf('PermissionDenied');
    return empty;
  };
  const { stdout, stderr, code } = await say(['endpoint', 'health'], { cluster: { get } });
  const healthy = 'is healthy: successfully committed proposal: took = \\S+s\\n';
  assert.match(stdout, new RegExp(`^n1 ${healthy}n3 ${healthy}$`));
  assert.equal(
    stderr,
    'n2 is unhealthy: failed to commit proposal: etcdserver: request timed out\nError: unhealthy cluster\n',
  );
  assert.equal(code, 1);
  const json = await say(['endpoint', 'health', '-w', 'json', '--members=n1,n2'], { cluster: { get } });
  const [well, ill, end] = json.stdout.split('},{');
  assert.match(well ?? '', /^\[\{"endpoint":"n1","health":true,"took":"\S+s"$/);
  assert.match(
    ill ?? '',
    /^"endpoint":"n2","health":false,"took":"\S+s","error":"etcdserver: request timed out"\}\]\n$/,
  );
  assert.equal(end, undefined);
});

test('health: what a member itself finds wrong is told without waiting for the read that may hang on it', async () => {
  const stalled = 'quorate: a write to the log has been under way for 1,234 ms';
  const cluster = {
    get: () => new Promise<never>(() => undefined),
    status: async () => ({ ...status, errors: [stalled] }),
  };
  const { stdout, stderr, code } = await say(['endpoint', 'health', '--members=n1'], { cluster });
  const told = `n1 is unhealthy: failed to commit proposal: ${stalled}\nError: unhealthy cluster\n`;
  assert.deepEqual({ stdout, stderr, code }, { stdout: '', stderr: told, code: 1 });
});

test('status shows how a member itself is doing, after the fields of etcd, when it tells', async () => {
  const well = { ...status, vitals: { logSyncP99Ms: 0.25, storeWriteMaxMs: 12 } as StatusResponse['vitals'] };
  const cluster = { status: async (): Promise<StatusResponse> => well as StatusResponse };
  const json = await say(['endpoint', 'status', '--members=n1', '-w', 'json'], { cluster });
  assert.match(json.stdout, /"downgradeInfo":\{\},"vitals":\{"logSyncP99Ms":0\.25,"storeWriteMaxMs":12\}\}\}\]\n$/);
  const fields = await say(['endpoint', 'status', '--members=n1', '-w', 'fields'], { cluster });
  assert.match(fields.stdout, /"DowngradeEnabled" : false\n"LogSyncP99Ms" : 0\.25\n"StoreWriteMaxMs" : 12\n\n$/);
});

test('a member list that cannot be had ends the command', async () => {
  const memberList = async (): Promise<never> => {
    throw errorOf('NoLeader');
  };
  const { stderr, code } = await say(['endpoint', 'health'], { cluster: { memberList } });
  assert.equal(stderr, "Error: failed to fetch the members from the cluster's member list: etcdserver: no leader\n");
  assert.equal(code, 1);
});

test('member list: simple, JSON with hexadecimal ids, fields', async () => {
  const simple = await say(['member', 'list']);
  assert.equal(
    simple.stdout,
    text([
      '8211f1d0f64f3269, started, n1, nats:_quorate.quorate.peer.n1, , false',
      '8211f1d0f64f326a, started, n2, nats:_quorate.quorate.peer.n2, , false',
      '8211f1d0f64f326b, started, n3, nats:_quorate.quorate.peer.n3, , true',
    ]),
  );
  const hex = await say(['member', 'list', '-w', 'json', '--hex']);
  const urls = '"peerURLs":["nats:_quorate.quorate.peer.n1"],"clientURLs":[]';
  const start = `{"header":{"cluster_id":"cdf818194e3a8c32","member_id":"8e9e05c52164694d","raft_term":2},`;
  assert.ok(hex.stdout.startsWith(`${start}"members":[{"ID":"8211f1d0f64f3269","name":"n1",${urls}},`), hex.stdout);
  const fields = await say(['member', 'list', '-w', 'fields', '--hex']);
  assert.match(
    fields.stdout,
    /^"ClusterID" : cdf818194e3a8c32\n"MemberID" : 8e9e05c52164694d\n"RaftTerm" : 2\n"ID" : 8211/,
  );
});

test('member list --consistency=s asks without a quorum', async () => {
  const asked: unknown[] = [];
  const memberList = async (options?: unknown): Promise<never> => {
    asked.push(options);
    throw errorOf('NoLeader');
  };
  await say(['member', 'list', '--consistency=s'], { cluster: { memberList } });
  await say(['member', 'list'], { cluster: { memberList } });
  assert.deepEqual(asked, [{ linearizable: false }, { linearizable: true }]);
});
