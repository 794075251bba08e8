/** What real nodes tell a scraper and a kubelet, while they wait for their cluster, serve, and lose their quorum. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { freePorts } from '../../deploy/nats-server.js';
import { startEtcd, whatIsMissing } from '../interop/etcd-process.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';

const names = ['n1', 'n2', 'n3'];
const origins = new Map<string, string>();
let cluster: TestCluster;
let client: Client;

before(async () => {
  const ports = await freePorts(4);
  for (const [place, port] of ports.entries()) origins.set(names[place] ?? 'waiting', `http://127.0.0.1:${port}`);
  cluster = await startTestCluster({
    // Long: exact counts need a leader that stays, on a slow machine too.
    flags: (name) => ({
      'listen-metrics-urls': origins.get(name) ?? '',
      'log-format': 'json',
      'election-timeout': '5000',
    }),
  });
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
});
after(async () => {
  await client.close();
  await cluster.stop();
});

async function get(origin: string, path: string, method = 'GET') {
  const response = await fetch(`${origin}${path}`, { method });
  return { status: response.status, body: await response.text() };
}
const of = (name: string, path: string) => get(origins.get(name) ?? '', path);

/** Of a scrape, by name and labels as they stand. */
async function scrape(name: string): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await of(name, '/metrics');
  assert.equal(status, 200);
  const values = new Map<string, number>();
  for (const line of body.split('\n').filter((each) => each !== '' && !each.startsWith('#'))) {
    const [, sample = '', value = ''] = /^([a-z0-9_]+(?:\{[^{}]*\})?) (\S+)$/.exec(line) ?? [];
    assert.match(value, /^(-?\d[\d.e+-]*|[+-]Inf|Nan)$/, `not a sample: ${line}`);
    values.set(sample, Number(value));
  }
  return values;
}
const scrapeAll = () => Promise.all(names.map(scrape));
const typesOf = (text: string) => new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, n, t]) => [n, t]));

test('every member is live and ready, and one leads', async () => {
  for (const name of names) {
    assert.equal((await of(name, '/livez')).body, 'ok\n');
    assert.equal((await of(name, '/readyz')).body, 'ok\n');
    assert.deepEqual(await of(name, '/health'), { status: 200, body: '{"health":"true","reason":""}' });
  }
  const scrapes = await scrapeAll();
  const sum = (sample: string) => scrapes.reduce((all, values) => all + (values.get(sample) ?? 0), 0);
  assert.equal(sum('etcd_server_has_leader'), 3);
  assert.equal(sum('etcd_server_is_leader'), 1);
  assert.equal(sum('quorate_role{role="leader"}'), 1);
  assert.equal(sum('quorate_role{role="follower"}'), 2);
});

test('what was done is counted, at each member what it did', async () => {
  const before = await scrapeAll();
  const { id } = await client.lease.grant(60_000);
  for (const key of ['a', 'b', 'c']) await client.kv.put(key, 'value', { lease: id });
  await client.kv.delete('a');
  await client.lease.keepAliveOnce(id);
  await client.lease.revoke(id);
  // A linearizable read of each member comes after all of it is written there.
  for (const name of names) assert.equal((await of(name, '/readyz')).status, 200);
  const scrapes = await scrapeAll();
  const grown = (sample: string) =>
    scrapes.map((values, place) => (values.get(sample) ?? 0) - (before[place]?.get(sample) ?? 0));
  assert.deepEqual(grown('etcd_mvcc_put_total'), [3, 3, 3]);
  assert.deepEqual(grown('etcd_mvcc_delete_total'), [1, 1, 1]);
  assert.deepEqual(grown('etcd_debugging_lease_granted_total'), [1, 1, 1]);
  assert.deepEqual(grown('etcd_debugging_lease_revoked_total'), [1, 1, 1]);
  assert.deepEqual(grown('etcd_debugging_lease_ttl_total_bucket{le="64"}'), [1, 1, 1]);
  assert.deepEqual(grown('etcd_debugging_lease_ttl_total_bucket{le="32"}'), [0, 0, 0]);
  const total = (sample: string) => grown(sample).reduce((sum, each) => sum + each, 0);
  assert.equal(total('etcd_debugging_lease_renewed_total'), 1, 'the leader alone renews');
  assert.equal(total('etcd_server_request_duration_seconds_count{type="kv.put",success="true"}'), 3);
  for (const sample of [
    'etcd_disk_wal_fsync_duration_seconds_count',
    'etcd_disk_backend_commit_duration_seconds_count',
  ]) {
    for (const count of grown(sample)) assert.ok(count > 0, sample);
  }
  for (const bytes of grown('etcd_disk_wal_write_bytes_total')) assert.ok(bytes > 15, 'three values at least');
  const [first = new Map<string, number>()] = scrapes;
  for (const values of scrapes) {
    for (const sample of ['etcd_debugging_mvcc_current_revision', 'etcd_debugging_mvcc_keys_total']) {
      assert.equal(values.get(sample), first.get(sample), sample);
    }
    assert.ok((values.get('process_resident_memory_bytes') ?? 0) > 1e7);
    assert.ok((values.get('os_fd_used') ?? 1) > 0);
  }
});

test('watchers are counted where they hang, and what they were told', async () => {
  const watcher = client.watch('watched');
  await watcher.created;
  await client.kv.put('watched', '1');
  for await (const _ of watcher) break;
  const scrapes = await scrapeAll();
  const sum = (sample: string) => scrapes.reduce((all, values) => all + (values.get(sample) ?? 0), 0);
  assert.equal(sum('etcd_debugging_mvcc_events_total'), 1);
  assert.equal(sum('etcd_server_client_requests_total{type="stream",client_api_version="unknown"}'), 1);
});

test('traffic is told by member, and a leader sees all others', async () => {
  const scrapes = await scrapeAll();
  const leader = scrapes.find((values) => values.get('etcd_server_is_leader') === 1);
  const named = (prefix: string) => [...(leader ?? [])].filter(([sample]) => sample.startsWith(prefix));
  assert.deepEqual(
    named('etcd_network_active_peers').map(([, value]) => value),
    [1, 1],
  );
  const sent = named('etcd_network_peer_sent_bytes_total');
  assert.equal(sent.length, 2);
  for (const [, bytes] of [...sent, ...named('etcd_network_peer_received_bytes_total')]) assert.ok(bytes > 100);
  assert.deepEqual(
    named('quorate_nats_connected').map(([, value]) => value),
    [1, 1, 1, 1],
  );
});

test('what etcd has too has its type, and its pages answer alike', async (t) => {
  const missing = whatIsMissing();
  if (missing !== false) return t.skip(missing);
  const etcd = await startEtcd();
  try {
    const theirs = typesOf((await get(etcd.address, '/metrics')).body);
    const ours = typesOf((await of('n1', '/metrics')).body);
    const shared = [...ours.keys()].filter((name) => theirs.has(name) && !String(name).startsWith('process_'));
    assert.ok(shared.length >= 35, `${shared.length} shared: ${shared.join()}`);
    for (const name of shared) assert.equal(ours.get(name), theirs.get(name), name);
    for (const path of ['/health', '/version', '/nope', '/health/x']) {
      for (const method of ['GET', 'POST']) {
        const [their, our] = [await get(etcd.address, path, method), await get(origins.get('n1') ?? '', path, method)];
        assert.equal(our.status, their.status, `${method} ${path}`);
        if (their.status !== 200) assert.equal(our.body, their.body, `${method} ${path}`);
      }
    }
    const health = JSON.parse((await get(etcd.address, '/health')).body) as { readonly health: string };
    assert.equal(health.health, (JSON.parse((await of('n1', '/health')).body) as typeof health).health);
  } finally {
    await etcd.stop();
  }
});

test('a node that waits for its cluster lives, and is not ready', async () => {
  const url = origins.get('waiting') ?? '';
  cluster.launch('n1', 'waiting', {
    'cluster-name': 'never-born',
    'initial-members': 'n1,absent',
    'data-dir': join(cluster.directory, 'waiting'),
    'listen-metrics-urls': url,
  });
  await cluster.said('waiting', /waiting for all first members/);
  assert.deepEqual(await get(url, '/livez?verbose'), { status: 200, body: '[+]serializable_read ok\nok\n' });
  const ready = await get(url, '/readyz');
  assert.equal(ready.status, 503);
  assert.match(ready.body, /\[-\]linearizable_read failed: this member is not in its cluster/);
  assert.match((await get(url, '/health')).body, /RAFT NO LEADER/);
  assert.match((await get(url, '/metrics')).body, /^etcd_server_has_leader 0$/m);
  await cluster.kill('waiting');
});

test('a URL that another process listens on ends a node with code 2, before it has opened anything', async () => {
  cluster.launch('n1', 'second', { 'data-dir': join(cluster.directory, 'second') });
  assert.equal((await cluster.ended('second')).code, 2);
  assert.match(cluster.output('second'), /--listen-metrics-urls: http:\S+ cannot be listened on: its port is in use/);
});

test('without a quorum what is left lives, and is not ready', async () => {
  const told = await Promise.all(names.map(async (name) => [name, (await scrape(name)).get('etcd_server_is_leader')]));
  const [leader = ''] = told.find(([, leads]) => leads === 1) ?? [];
  const [follower = '', survivor = ''] = names.filter((name) => name !== leader);
  await Promise.all([cluster.kill(String(leader)), cluster.kill(follower)]);
  await cluster.said(survivor, /no leader is heard/);
  assert.equal((await of(survivor, '/livez')).status, 200);
  const ready = await of(survivor, '/readyz');
  assert.equal(ready.status, 503);
  assert.match(ready.body, /\[\+\]serializable_read ok\n\[-\]linearizable_read failed: etcdserver: no leader/);
  assert.deepEqual(await of(survivor, '/health'), {
    status: 503,
    body: '{"health":"false","reason":"RAFT NO LEADER"}\n',
  });
  assert.equal((await of(survivor, '/health?serializable=true')).status, 200);
  assert.equal((await scrape(survivor)).get('etcd_server_has_leader'), 0);
});
