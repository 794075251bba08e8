/** The lease commands: what they ask for, and how each format shows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeepAlive, KeepAliveResponse, Leases } from '../../client/lease-types.js';
import { decodeFields } from './decode-protobuf.js';
import { runCommandLine } from '../../deploy/ctl/run.js';
import { fakeCluster, header, say } from './fake-cluster.js';
import { scriptedTerminal } from './scripted-terminal.js';

const id = 0x32695410dcc0ca06n;
const withLease = (answers: Partial<Leases>) => ({ lease: { ...fakeCluster().lease, ...answers } });

test('a TTL in seconds becomes milliseconds, and one of 0 or less the shortest', async () => {
  const asked: number[] = [];
  const cluster = withLease({ grant: async (ttlMs) => (asked.push(ttlMs), { header, id, ttlMs }) });
  assert.equal(
    (await say(['lease', 'grant', '60'], { cluster })).stdout,
    'lease 32695410dcc0ca06 granted with TTL(60s)\n',
  );
  await say(['lease', 'grant', '--', '-5'], { cluster });
  await say(['lease', 'grant', '--ttl-ms=1500'], { cluster });
  assert.deepEqual(asked, [60_000, 1, 1_500]);
});

test('a TTL that whole seconds do not hold is shown exactly', async () => {
  const cluster = withLease({ grant: async (ttlMs) => ({ header, id, ttlMs }) });
  const told = async (format: string) =>
    (await say(['lease', 'grant', '--ttl-ms=1500', '-w', format], { cluster })).stdout;
  assert.equal(await told('simple'), 'lease 32695410dcc0ca06 granted with TTL(1.5s)\n');
  assert.ok((await told('json')).endsWith(`"ID":${id},"TTL":1,"TTLMs":1500,"Error":""}\n`));
  assert.ok((await told('fields')).endsWith(`"ID" : ${id}\n"TTL" : 1\n"TTLMs" : 1500\n`));
});

test('a TTL that is given twice, or makes no sense, is refused', async () => {
  const both = await say(['lease', 'grant', '60', '--ttl-ms=5']);
  assert.equal(both.stderr, 'Error: lease grant command takes a TTL argument or --ttl-ms, not both\n');
  const negative = await say(['lease', 'grant', '--ttl-ms=-5']);
  assert.equal(negative.stderr, 'Error: --ttl-ms is -5; it must be a number of milliseconds above 0\n');
  assert.equal(negative.code, 128);
  const twice = await say(['put', 'a', 'b', '--ttl-ms=5', '--lease=7']);
  assert.equal(twice.stderr, 'Error: `--lease` and `--ttl-ms` cannot be set at the same time, choose one\n');
});

test('put with a TTL tells the lease that it made', async () => {
  const asked: unknown[] = [];
  const put = async (...all: readonly unknown[]) => (asked.push(all[2]), { header, lease: id });
  const { stdout } = await say(['put', 'k', 'v', '--ttl-ms=250'], { cluster: { put } });
  assert.equal(stdout, 'OK\nlease 32695410dcc0ca06 attached\n');
  assert.equal((asked[0] as { ttlMs: number }).ttlMs, 250);
  const json = await say(['put', 'k', 'v', '--ttl-ms=250', '-w', 'json'], { cluster: { put } });
  assert.ok(json.stdout.endsWith(`},"lease":${id}}\n`));
});

test('what remains is shown in whole seconds, keys as the bytes that they are', async () => {
  const keys = [Buffer.from('foo1'), Buffer.from('\xff\n', 'latin1')];
  const cluster = withLease({
    timeToLive: async () => ({ header, id, ttlMs: 472_999, grantedTtlMs: 500_000, keys }),
  });
  const { stdout } = await say(['lease', 'timetolive', '32695410dcc0ca06', '--keys', '-w', 'fields'], { cluster });
  assert.ok(stdout.endsWith(`"TTL" : 472\n"GrantedTTL" : 500\n"Key" : "foo1"\n"Key" : "\\xff\\n"\n`));
  const simple = await say(['lease', 'timetolive', '32695410dcc0ca06'], { cluster });
  assert.equal(simple.stdout, 'lease 32695410dcc0ca06 granted with TTL(500s), remaining(472s)\n');
});

test('every answer about leases is a whole message in protobuf', async () => {
  const cluster = withLease({
    timeToLive: async () => ({ header, id, ttlMs: 1_000, grantedTtlMs: 2_000, keys: [Buffer.from('k')] }),
    revoke: async () => ({ header }),
    list: async () => ({ header, leases: [id, -2n] }),
  });
  const told = async (...words: readonly string[]) => {
    const terminal = scriptedTerminal();
    await runCommandLine([...words, '-w', 'protobuf'], {
      terminal,
      environment: {},
      connect: async () => fakeCluster(cluster),
    });
    return decodeFields(terminal.stdout());
  };
  assert.deepEqual([...(await told('lease', 'timetolive', '1')).keys()], [1, 2, 3, 4, 5]);
  assert.deepEqual([...(await told('lease', 'revoke', '1')).keys()], [1]);
  assert.equal((await told('lease', 'list')).get(2)?.length, 2);
});

test('a negative id is written and read as Go does', async () => {
  const asked: bigint[] = [];
  const cluster = withLease({ revoke: async (lease) => (asked.push(lease), { header }) });
  assert.equal((await say(['lease', 'revoke', '--', '-12'], { cluster })).stdout, 'lease -000000000000012 revoked\n');
  assert.deepEqual(asked, [-18n]);
});

test('keep-alive shows each renewal, and ends well when the lease is gone', async () => {
  const keepAlive = (): KeepAlive => {
    const listeners: ((answer: KeepAliveResponse) => void)[] = [];
    const renewed = (): void => listeners.forEach((listen) => listen({ header, id, ttlMs: 2_000 }));
    const lost = Promise.resolve().then(() => (renewed(), renewed(), new Error('gone')));
    return {
      id,
      alive: true,
      lost,
      onRenewed: (listen) => (listeners.push(listen), () => undefined),
      stop: () => undefined,
    };
  };
  const cluster = withLease({ keepAlive });
  const { stdout, code } = await say(['lease', 'keep-alive', '32695410dcc0ca06'], { cluster });
  const renewed = 'lease 32695410dcc0ca06 keepalived with TTL(2)\n';
  assert.equal(stdout, `${renewed}${renewed}lease 32695410dcc0ca06 expired or revoked.\n`);
  assert.equal(code, 0);
  const json = await say(['lease', 'keep-alive', '32695410dcc0ca06', '-w', 'json'], { cluster });
  assert.equal(json.stdout.split('\n').length, 3, 'the last sentence is for people alone');
  const table = await say(['lease', 'keep-alive', '32695410dcc0ca06', '-w', 'table'], { cluster });
  assert.equal(table.code, 4);
});
