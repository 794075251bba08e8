/** Recipes on a cluster as users have it, with clients of their own that die as processes do. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  connect,
  createDoubleBarrier,
  createElection,
  createMutex,
  createQueue,
  createRwMutex,
  createServiceRegistry,
  observeLeader,
  op,
  openConfig,
  openSession,
  transact,
} from '../../client/index.js';
import type { Client, Inspect, Isolation, Session, Stm } from '../../client/index.js';
import { toText } from '../../machines/language/bytes.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import { keysUnder } from './keys-under.js';

let cluster: TestCluster;
let client: Client;
const others: Client[] = [];

before(async () => {
  cluster = await startTestCluster({ flags: { 'min-lease-ttl': '500ms' } });
  client = await connectAnew();
});
after(async () => {
  await Promise.all(others.map((other) => other.close()));
  await cluster.stop();
});

async function connectAnew(): Promise<Client> {
  const made = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
  others.push(made);
  return made;
}

const contenders = (count: number, ttlMs = 60_000): Promise<readonly Session[]> =>
  Promise.all(Array.from({ length: count }, async () => openSession(await connectAnew(), { ttlMs })));

test('the holder of a lock dies: the next has it when the lease runs out, and the dead one’s guard fails', async () => {
  const sessions = await contenders(2, 1_000);
  const [a, b] = sessions.map((session) => createMutex(session, '/die'));
  assert.ok(a && b);
  const tokenOfA = await a.lock();
  const locking = b.lock();
  await keysUnder(client, '/die/', 2);
  // Its process is gone: nothing renews the lease, nothing is said.
  await others.at(-2)?.close();
  const tokenOfB = await locking;
  assert.ok(tokenOfB > tokenOfA);
  const write = (owner: typeof a) => client.kv.txn().if(owner.isOwner()).then(op.put('/guarded', 'x')).commit();
  assert.equal((await write(a)).succeeded, false);
  assert.equal((await write(b)).succeeded, true);
  await b.unlock();
});

test('a waiter whose lease is revoked gets the error, never the lock', async () => {
  const sessions = await contenders(2);
  const [a, b] = sessions.map((session) => createMutex(session, '/revoked'));
  assert.ok(a && b);
  await a.lock();
  const locking = assert.rejects(b.lock(), { message: 'mutex: session is expired' });
  await keysUnder(client, '/revoked/', 2);
  await client.lease.revoke(sessions[1]?.lease ?? 0n);
  await keysUnder(client, '/revoked/', 1);
  await a.unlock();
  await locking;
  await assert.rejects(a.unlock(), { message: 'mutex: lock has already been released' });
  assert.equal((await client.kv.get('/revoked/', { prefix: true })).count, 0);
});

test('counting under a lock, one step at a time, while nodes die', async () => {
  const sessions = await contenders(4);
  const steps = sessions.map(async (session) => {
    const mutex = createMutex(session, '/count-lock');
    for (let i = 0; i < 5; i++) {
      await mutex.lock();
      const { kvs } = await session.client.kv.get('/count');
      const next = String(Number(kvs[0] === undefined ? '0' : toText(kvs[0].value)) + 1);
      const { succeeded } = await session.client.kv.txn().if(mutex.isOwner()).then(op.put('/count', next)).commit();
      assert.ok(succeeded);
      await mutex.unlock();
    }
  });
  await cluster.kill('n1');
  await cluster.start('n1');
  await Promise.all(steps);
  assert.equal(toText((await client.kv.get('/count')).kvs[0]?.value ?? new Uint8Array()), '20');
});

test('three campaigners lead one after the other, and an observer hears each', async () => {
  const sessions = await contenders(3);
  const elections = sessions.map((session) => createElection(session, '/office'));
  const heard: string[] = [];
  const controller = new AbortController();
  let more: () => void = () => undefined;
  const observing = (async () => {
    for await (const kv of observeLeader(client, '/office', controller.signal)) {
      heard.push(toText(kv.value) ?? '');
      more();
    }
  })();
  const hears = async (count: number): Promise<void> => {
    while (heard.length < count) await new Promise<void>((resolve) => (more = resolve));
  };
  const campaigns: Promise<number>[] = [];
  for (const [at, election] of elections.entries()) {
    campaigns.push(election.campaign(`c${at}`));
    await keysUnder(client, '/office/', at + 1);
  }
  await campaigns[0];
  await hears(1);
  await elections[0]?.resign();
  await campaigns[1];
  await hears(2);
  await sessions[1]?.close();
  await campaigns[2];
  await hears(3);
  await elections[2]?.proclaim('again');
  await hears(4);
  assert.deepEqual(heard, ['c0', 'c1', 'c2', 'again']);
  controller.abort();
  await observing;
});

test('readers share, a writer waits for them', async () => {
  const [a, b, c] = (await contenders(3)).map((session) => createRwMutex(session, '/rw'));
  assert.ok(a && b && c);
  await Promise.all([a.read.lock(), b.read.lock()]);
  await assert.rejects(c.write.tryLock(), { message: 'mutex: Locked by another session' });
  const writing = c.write.lock();
  await keysUnder(client, '/rw/', 3);
  await a.read.unlock();
  await b.read.unlock();
  await writing;
  await assert.rejects(a.read.tryLock(), { message: 'mutex: Locked by another session' });
});

test('a queue with several consumers hands out each item once', async () => {
  const clients = await Promise.all([connectAnew(), connectAnew(), connectAnew()]);
  const taken: string[] = [];
  const consumers = clients.map(async (consumer) => {
    for (let i = 0; i < 10; i++) taken.push(toText(await createQueue(consumer, '/queue').dequeue()) ?? '');
  });
  const queue = createQueue(client, '/queue');
  await Promise.all(Array.from({ length: 30 }, (_, i) => queue.enqueue(String(i))));
  await Promise.all(consumers);
  assert.deepEqual(
    taken.map(Number).sort((x, y) => x - y),
    Array.from({ length: 30 }, (_, i) => i),
  );
});

for (const isolation of ['serializableSnapshot', 'serializable', 'repeatableReads'] satisfies Isolation[]) {
  test(`transfers under contention keep the sum: ${isolation}`, async () => {
    const accounts = ['a', 'b', 'c'].map((name) => `/${isolation}/${name}`);
    for (const account of accounts) await client.kv.put(account, '10');
    const clients = await Promise.all([connectAnew(), connectAnew()]);
    const numberAt = async (stm: Stm, key: string) => Number(toText((await stm.get(key)) ?? new Uint8Array()));
    const transfers = Array.from({ length: 40 }, (_, i) => {
      const [from = '', to = ''] = [accounts[i % 3], accounts[(i + 1 + (i % 2)) % 3]];
      const transfer = async (stm: Stm): Promise<void> => {
        const [given, got] = [await numberAt(stm, from), await numberAt(stm, to)];
        stm.put(from, String(given - 1));
        stm.put(to, String(got + 1));
      };
      return transact(clients[i % 2] ?? client, transfer, { isolation });
    });
    await Promise.all(transfers);
    const { kvs } = await client.kv.get(`/${isolation}/`, { prefix: true });
    assert.equal(
      kvs.reduce((sum, kv) => sum + Number(toText(kv.value)), 0),
      30,
    );
  });
}

test('a double barrier begins and ends together', async () => {
  const barriers = (await contenders(3)).map((session) => createDoubleBarrier(session, '/together', 3));
  await Promise.all(barriers.map((barrier) => barrier.enter()));
  await Promise.all(barriers.map((barrier) => barrier.leave()));
  assert.equal((await client.kv.get('/together', { prefix: true })).count, 0);
});

test('a registry loses an endpoint that died, and its watcher goes on while the NATS server restarts', async () => {
  const registry = createServiceRegistry(client, '/services/api');
  const dying = await connectAnew();
  await createServiceRegistry(dying, '/services/api').register({ id: 'dies', address: 'a:1' }, { ttlMs: 1_000 });
  await registry.register({ id: 'stays', address: 'b:1' });
  const watching = registry.watch()[Symbol.asyncIterator]();
  const until = async (wanted: string): Promise<void> => {
    for (;;) {
      const { value } = (await watching.next()) as { value: readonly { readonly id: string }[] };
      if (value.map(({ id }) => id).join(' ') === wanted) return;
    }
  };
  await until('dies stays');
  await cluster.stopNats();
  await cluster.startNats();
  await dying.close();
  await until('stays');
});

test('a configuration keeps its last good value', async () => {
  const size = (value: unknown) => {
    const found = (value as { size?: unknown }).size;
    if (typeof found !== 'number') throw new Error('size must be a number');
    return found;
  };
  await client.kv.put('/config', '{"size":1}');
  const news: string[] = [];
  let more: () => void = () => undefined;
  const tell = (what: string): void => {
    news.push(what);
    more();
  };
  const config = await openConfig(await connectAnew(), '/config', size, {
    onChange: (value) => tell(`now ${value}`),
    onRejected: ({ message }) => tell(message),
  });
  await client.kv.put('/config', '{"size":"x"}');
  await client.kv.put('/config', '{"size":2}');
  while (news.length < 2) await new Promise<void>((resolve) => (more = resolve));
  assert.deepEqual(news, ['quorate: the configuration /config is not usable: size must be a number', 'now 2']);
  assert.equal(config.current, 2);
  config.close();
});

test('an inspector sees the charts at work', async () => {
  const seen = new Set<string>();
  const inspect: Inspect = (news) => {
    if (news.type === '@xstate.snapshot' && 'value' in news.snapshot) seen.add(JSON.stringify(news.snapshot.value));
  };
  const session = await openSession(client, { inspect });
  const mutex = createMutex(session, '/inspected', { inspect });
  await mutex.lock();
  await mutex.unlock();
  await session.close();
  for (const state of ['"alive"', '"closed"', '"held"', '"leaving"', '"out"']) assert.ok(seen.has(state), state);
});
