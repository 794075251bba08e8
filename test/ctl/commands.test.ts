/** What the commands ask of the cluster, and the flags that Debian's etcdctl does not have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prefixEnd } from '../../machines/language/bytes.js';
import type { Transaction } from '../../deploy/ctl/cluster.js';
import { header, say } from './fake-cluster.js';

const answer = { header, kvs: [], more: false, count: 3 };

test('get hands over every option', async () => {
  const asked: unknown[] = [];
  const get = async (...all: unknown[]): Promise<typeof answer> => (asked.push(all), answer);
  const bounds = ['--min-create-rev=1', '--max-create-rev=2', '--min-mod-rev=3', '--max-mod-rev=4'];
  await say(
    [
      'get',
      'k',
      'm',
      '--consistency=s',
      '--limit=5',
      '--rev=6',
      '--sort-by=MODIFY',
      '--order=DESCEND',
      '--keys-only',
      ...bounds,
    ],
    {
      cluster: { get },
    },
  );
  assert.deepEqual(asked, [
    [
      Buffer.from('k').subarray(),
      {
        rangeEnd: new Uint8Array(Buffer.from('m')),
        serializable: true,
        limit: 5,
        revision: 6,
        sortOrder: 'descend',
        sortTarget: 'mod',
        keysOnly: true,
        countOnly: false,
        minCreateRevision: 1,
        maxCreateRevision: 2,
        minModRevision: 3,
        maxModRevision: 4,
      },
    ].map((each) => (Buffer.isBuffer(each) ? new Uint8Array(each) : each)),
  ]);
});

test('--count-only shows in fields alone', async () => {
  const cluster = { get: async () => answer };
  assert.match(
    (await say(['get', 'k', '--count-only', '-w', 'fields'], { cluster })).stdout,
    /"More" : false\n"Count" : 3\n$/,
  );
  const refused = await say(['get', 'k', '--count-only'], { cluster });
  assert.equal(refused.stderr, 'Error: --count-only is only for `--write-out=fields`\n');
  assert.equal(refused.code, 128);
  const both = await say(['get', 'k', '--count-only', '--keys-only'], { cluster });
  assert.equal(both.stderr, 'Error: `--keys-only` and `--count-only` cannot be set at the same time, choose one\n');
});

test('bounds that exclude each other are refused', async () => {
  const { stderr, code } = await say(['get', 'k', '--min-mod-rev=5', '--max-mod-rev=4']);
  assert.equal(stderr, 'Error: getMinModRev(=5) > getMaxModRev(=4)\n');
  assert.equal(code, 4);
});

test('put takes a lease in hexadecimal, and the value from standard input byte for byte', async () => {
  const asked: unknown[] = [];
  const put = async (...all: readonly unknown[]) => (asked.push(all), { header });
  const { stdout } = await say(['put', 'k', '--lease=2d8257079fa1bc0c'], { stdin: 'a\nb\n', cluster: { put } });
  assert.equal(stdout, 'OK\n');
  const [[, value, options]] = asked as [[unknown, Buffer, unknown]];
  assert.equal(value.toString(), 'a\nb\n');
  assert.deepEqual(options, { lease: 0x2d8257079fa1bc0cn, prevKv: false, ignoreValue: false, ignoreLease: false });
});

test('a lease and its hexadecimal form in fields', async () => {
  const kv = {
    key: Buffer.from('k'),
    value: Buffer.from('v'),
    createRevision: 2,
    modRevision: 3,
    version: 4,
    lease: 11n,
  };
  const cluster = { get: async () => ({ header, kvs: [kv], more: false, count: 1 }) };
  assert.match((await say(['get', 'k', '-w', 'fields'], { cluster })).stdout, /"Lease" : 11\n/);
  assert.match((await say(['get', 'k', '-w', 'fields', '--hex'], { cluster })).stdout, /"Lease" : 000000000000000b\n/);
  assert.match((await say(['get', 'k', '-w', 'json'], { cluster })).stdout, /"value":"dg==","lease":11\}/);
});

test('del of a range warns unless --range is given', async () => {
  const cluster = { delete: async () => ({ header, deleted: 2, prevKvs: [] }) };
  const quiet = await say(['del', 'a', 'c', '--range'], { cluster });
  assert.deepEqual(quiet, { stdout: '2\n', stderr: '', code: 0 });
  const warned = await say(['del', 'a', 'c'], { cluster });
  assert.equal(
    warned.stderr,
    'Warning: Keys between "a" and "c" will be deleted. ' +
      'Please interrupt the command within next 2 seconds to cancel. ' +
      'You can provide `--range` flag to avoid the delay.\n',
  );
});

test('txn hands over comparisons and operations, a lease in hexadecimal', async () => {
  const asked: Transaction[] = [];
  const txn = async (transaction: Transaction) => (asked.push(transaction), { header, succeeded: true, responses: [] });
  const stdin = 'lease("\\x00\\xff") = "1f"\nc("k") != "3"\n\nput k "\\xfe" --prev-kv\ndel --prefix d\n\n\n';
  const { stdout } = await say(['txn'], { stdin, cluster: { txn } });
  assert.equal(stdout, 'SUCCESS\n');
  const [first, second] = asked[0]?.comparisons ?? [];
  assert.deepEqual([...(first?.key ?? [])], [0, 255]);
  assert.deepEqual({ ...first, key: null }, { target: 'lease', key: null, relation: 'equals', given: 31n });
  assert.deepEqual({ ...second, key: null }, { target: 'create', key: null, relation: 'notEqual', given: 3 });
  const [put, del] = asked[0]?.success ?? [];
  assert.deepEqual(put?.type === 'put' && [...put.value], [254]);
  assert.deepEqual(del?.type === 'delete' && del.options, { prefix: true, prevKv: false });
});

test('a transaction inside a transaction is printed in every format', async () => {
  const inner = { type: 'txn', header, succeeded: false, responses: [{ type: 'put', header }] } as const;
  const cluster = { txn: async () => ({ header, succeeded: true, responses: [inner] }) };
  const told = async (format: string): Promise<string> =>
    (await say(['txn', '-w', format], { stdin: '\n\n\n', cluster })).stdout;
  assert.equal(await told('simple'), 'SUCCESS\n\nFAILURE\n\nOK\n');
  const operation = '"response_put":{"header":{"revision":13}}';
  const inside = `"response_txn":{"header":{"revision":13},"responses":[{"Response":{${operation}}}]}`;
  assert.ok((await told('json')).endsWith(`"succeeded":true,"responses":[{"Response":{${inside}}}]}\n`));
});

test('the end of a prefix leaves the prefix as it is, a Buffer too', () => {
  const key = Buffer.from('ab\xff', 'latin1');
  assert.deepEqual([...prefixEnd(key)], [0x61, 0x63]);
  assert.deepEqual([...key], [0x61, 0x62, 0xff]);
});
