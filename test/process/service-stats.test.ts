/** What a stock NATS client sees of the nodes, also of one that drains. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect as connectNats, type NatsConnection, type ServiceInfo, type ServiceStats } from 'nats';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';

let cluster: TestCluster;
let client: Client;
let nats: NatsConnection;

before(async () => {
  // A leader that is paused for a moment is still the leader.
  cluster = await startTestCluster({ flags: { 'election-timeout': '10000', 'log-format': 'json' } });
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName });
  nats = await connectNats({ servers: [...cluster.servers] });
});
after(async () => {
  await client.close();
  await nats.close();
  await cluster.stop();
});

async function all<T>(found: Promise<AsyncIterable<T>>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const each of await found) list.push(each);
  return list;
}
type Data = Readonly<Record<string, unknown>>;

/** By member, as the service of that name tells it. */
async function statsOf(service = 'quorate'): Promise<ReadonlyMap<string, Data>> {
  const told = await all<ServiceStats>(nats.services.client().stats(service));
  const data = told.map((each) => (each.endpoints?.[0] as { readonly data?: Data } | undefined)?.data ?? {});
  return new Map(data.map((each) => [String(each['name']), each]));
}

test('every member tells how it stands, in numbers that agree', async () => {
  const { id } = await client.lease.grant(60_000);
  await client.kv.put('key', 'value', { lease: id });
  const watcher = client.watch('key');
  await watcher.created;
  const stats = await statsOf();
  assert.deepEqual([...stats.keys()].sort(), [...cluster.names]);
  const watchers = [...stats.values()].reduce((sum, data) => sum + Number(data['watchers']), 0);
  assert.equal(watchers, 1, 'one watcher hangs on one of them');
  const leaders = [...stats.values()].filter((data) => data['role'] === 'leader');
  assert.equal(leaders.length, 1);
  for (const data of stats.values()) {
    assert.equal(data['raft_term'], leaders[0]?.['raft_term']);
    assert.equal(data['leader'], leaders[0]?.['leader']);
    assert.match(String(data['leader']), /^[1-9]\d+$/, 'an id of 64 bits keeps its digits');
    assert.ok(Number(data['raft_commit_index']) >= Number(data['raft_applied_index']));
    assert.ok(Number(data['db_size']) > 0);
    assert.equal(data['draining'], false);
    assert.ok(Number(data['leases']) <= 1 && Number(data['revision']) <= 2);
  }
  assert.deepEqual([leaders[0]?.['leases'], leaders[0]?.['revision']], [1, 2]);
  await watcher.cancel();
});

test('every endpoint says what its requests are made of', async () => {
  const infos = await all<ServiceInfo>(nats.services.client().info('quorate'));
  assert.equal(infos.length, 3);
  for (const { endpoints, metadata } of infos) {
    assert.ok(cluster.names.includes(metadata?.['member'] ?? ''));
    const known = new Map(endpoints.map(({ name, metadata: told }) => [name, told?.['request'] ?? '']));
    for (const [name, request] of known) assert.equal((JSON.parse(request) as Data)['type'], 'object', name);
    const fields = (name: string) =>
      Object.keys((JSON.parse(known.get(name) ?? '{}') as { properties?: Data }).properties ?? {});
    for (const field of ['key', 'value', 'lease', 'prev_kv']) assert.ok(fields('kv-put').includes(field), field);
    for (const field of ['requests', 'client', 'since']) assert.ok(fields('batch').includes(field), field);
  }
});

// Would be red if the figures were the library's own, which knows neither our errors nor when an answer leaves.
test('an endpoint counts its requests, its errors, and the time until its answers left', async () => {
  const subject = `${cluster.clusterName}.kv.put`;
  const figures = async () => {
    const told = await all<ServiceStats>(nats.services.client().stats('quorate-leader'));
    return told.flatMap(({ endpoints = [] }) => endpoints).find((endpoint) => endpoint.subject === subject);
  };
  const before = await figures();
  for (let n = 0; n < 3; n++) await nats.request(subject, '{"key":"counted","value":"1"}');
  await nats.request(subject, '{"key":"","value":"1"}');
  const after = await figures();
  assert.equal((after?.num_requests ?? 0) - (before?.num_requests ?? 0), 4);
  assert.equal((after?.num_errors ?? 0) - (before?.num_errors ?? 0), 1);
  assert.match(after?.last_error ?? '', /key is not provided/);
  // Three synced writes at two disks do not take less, and the handler returns at once.
  assert.ok((after?.average_processing_time ?? 0) > 100_000, `${after?.average_processing_time} ns`);
});

test('one that drains says so, leaves the queue groups, and answers what it has taken', async () => {
  const stats = await statsOf();
  const roles = new Map([...stats].map(([name, data]) => [name, data['role']]));
  const leader = cluster.names.find((name) => roles.get(name) === 'leader') ?? '';
  const draining = cluster.names.find((name) => name !== leader) ?? '';
  const subject = `${cluster.clusterName}.member.${draining}.kv`;
  await cluster.kill(leader, 'SIGSTOP');
  // Needs the leader's word: it is taken, and waits.
  const old = nats.request(`${subject}.range`, '{"key":"key"}', { timeout: 20_000 });
  await nats.flush();
  const ended = cluster.kill(draining, 'SIGTERM');
  await cluster.said(draining, /"msg":"stopping"/);
  assert.equal((await statsOf()).get(draining)?.['draining'], true);
  const ready = await all<ServiceInfo>(nats.services.client().info('quorate-ready'));
  assert.ok(!ready.some(({ metadata }) => metadata?.['member'] === draining), 'no request of the cluster comes here');
  const refused = await nats.request(`${subject}.put`, '{"key":"new","value":"1"}', { timeout: 10_000 });
  assert.match(refused.string(), /not leader/);
  await cluster.kill(leader, 'SIGCONT');
  assert.match((await old).string(), /"value":"value"/);
  await ended;
  assert.deepEqual(await cluster.ended(draining), { code: 0, signal: null });
  assert.ok(!(await statsOf()).has(draining));
});
