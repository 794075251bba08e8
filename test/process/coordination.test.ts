/** Locks and elections as a program in any language uses them: two requests to the services, on real nodes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, headers, type NatsConnection } from 'nats';
import { type Client, connect as connectClient } from '../../client/index.js';
import { startTestCluster, type TestCluster } from './cluster.js';

interface Said {
  readonly header?: { readonly revision: number };
  readonly error?: { readonly code: string; readonly message: string };
  readonly key?: string;
  readonly rev?: number;
  readonly lease?: string;
  readonly leader?: { readonly name: string; readonly key: string; readonly rev: number; readonly lease: string };
  readonly kv?: { readonly value: string };
}

let cluster: TestCluster;
let nats: NatsConnection;
let client: Client;

before(async () => {
  // Two members are paused for a moment, and the third goes on leading.
  cluster = await startTestCluster({ flags: { 'election-timeout': '5000', 'heartbeat-interval': '500' } });
  nats = await connect({ servers: [...cluster.servers] });
  client = await connectClient({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
});
after(async () => {
  await client.close();
  await nats.close();
  await cluster.stop();
});

async function ask(op: string, body: unknown, timeout_ms = 10_000): Promise<Said> {
  const given = headers();
  given.set('Quorate-Timeout-Ms', String(timeout_ms));
  const options = { timeout: timeout_ms + 5_000, headers: given };
  const answer = await nats.request(`${cluster.clusterName}.${op}`, JSON.stringify(body), options);
  return JSON.parse(new TextDecoder().decode(answer.data)) as Said;
}

test('a lock goes to one after the other, in order, each with a greater fencing token', async () => {
  const first = await ask('lock.lock', { name: 'a' });
  const second = ask('lock.lock', { name: 'a' });
  await ask('lock.unlock', { key: first.key });
  const { rev, key } = await second;
  assert.ok((rev ?? 0) > (first.rev ?? 0));
  await ask('lock.unlock', { key });
});

test('who waits too long is told so, and leaves no key behind', async () => {
  const holder = await ask('lock.lock', { name: 'b' });
  const { error } = await ask('lock.lock', { name: 'b' }, 300);
  assert.equal(error?.message, 'etcdserver: context deadline exceeded');
  const { kvs } = await client.kv.get('b/', { prefix: true, keysOnly: true });
  assert.deepEqual(
    kvs.map((kv) => Buffer.from(kv.key).toString()),
    [holder.key],
  );
});

test('who is not heard of in time leaves no key behind either, though it enters later', async () => {
  const { leader } = await client.maintenance.status();
  const { members } = await client.cluster.memberList();
  const others = members.filter(({ id }) => id !== leader).map(({ name }) => name);
  await Promise.all(others.map((name) => cluster.kill(name, 'SIGSTOP')));
  const contending = ask('lock.lock', { name: 'f' }, 100);
  // Sent later and given up later: by then that of the lock is over.
  const { error: late } = await ask('kv.put', { key: 'f' }, 200);
  await Promise.all(others.map((name) => cluster.kill(name, 'SIGCONT')));
  assert.match(late?.message ?? '', /timed out|deadline/);
  assert.notEqual((await contending).error, undefined);
  const { count } = await client.kv.get('f/', { prefix: true, countOnly: true });
  assert.equal(count, 0);
});

test('the same lease again is the same lock, and a lease that is not there takes none', async () => {
  const lease = await client.lease.grant(60_000);
  const once = await ask('lock.lock', { name: 'c', lease: String(lease.id) });
  const again = await ask('lock.lock', { name: 'c', lease: String(lease.id) });
  assert.deepEqual([again.key, again.rev], [once.key, once.rev]);
  const { error } = await ask('lock.lock', { name: 'c', lease: '12345' });
  assert.equal(error?.message, 'etcdserver: requested lease not found');
  const { count } = await client.kv.get('c/', { prefix: true, countOnly: true });
  assert.equal(count, 1);
});

test('[safety] who waits with a lease that ends does not get the lock', async () => {
  const holder = await ask('lock.lock', { name: 'd' });
  const lease = await client.lease.grant(60_000);
  const waiting = ask('lock.lock', { name: 'd', lease: String(lease.id) });
  while ((await client.kv.get('d/', { prefix: true, countOnly: true })).count < 2);
  await client.lease.revoke(lease.id);
  await ask('lock.unlock', { key: holder.key });
  const { error } = await waiting;
  assert.equal(error?.message, 'mutex: session is expired');
  const { count } = await client.kv.get('d/', { prefix: true, countOnly: true });
  assert.equal(count, 0);
});

test('an election: campaign, proclaim, resign, and what is said where nobody leads', async () => {
  const { leader } = await ask('election.campaign', { name: 'e', value: 'one' });
  await ask('election.proclaim', { leader, value: 'uno' });
  assert.equal((await ask('election.leader', { name: 'e' })).kv?.value, 'uno');
  await ask('election.resign', { leader });
  assert.equal((await ask('election.leader', { name: 'e' })).error?.message, 'election: no leader');
  const late = await ask('election.proclaim', { leader, value: 'x' });
  assert.equal(late.error?.message, 'election: not leader');
});

test('who observes an election hears of each leader and of each new value, and of nobody else', async () => {
  const waiting = ask('election.observe', { name: 'o' });
  await client.kv.put('other/o', '');
  const { leader } = await ask('election.campaign', { name: 'o', value: 'one' });
  const first = await waiting;
  assert.equal(first.kv?.value, 'one');
  const next = ask('election.observe', { name: 'o', after_revision: first.header?.revision });
  await ask('election.proclaim', { leader, value: 'uno' });
  const proclaimed = await next;
  assert.equal(proclaimed.kv?.value, 'uno');
  const rival = await client.lease.grant(60_000);
  await client.kv.put('o/older', 'two', { lease: rival.id });
  const known = await ask('election.proclaim', { leader, value: 'eins' });
  const after = ask('election.observe', { name: 'o', after_revision: known.header?.revision });
  await ask('election.resign', { leader });
  assert.equal((await after).kv?.value, 'two');
  await client.lease.revoke(rival.id);
  const none = await ask('election.observe', { name: 'o' }, 300);
  assert.equal(none.error?.message, 'etcdserver: context deadline exceeded');
});
