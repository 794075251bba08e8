/** B-43: watchers lose nothing and see nothing twice, whatever becomes of their member, of NATS, or of time. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, op } from '../../client/index.js';
import type { Client, CompactedError, Watcher, WatchResponse } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import { assertFaithful, follow, historyOf } from './watch-checker.js';

let cluster: TestCluster;
let client: Client;
let watching: Client;

before(async () => {
  cluster = await startTestCluster();
  const options = { servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 };
  client = await connect(options);
  watching = await connect(options);
});
after(async () => {
  await client.close();
  await watching.close();
  await cluster.stop();
});

/** Puts, deletes and transactions on a few keys, until it is stopped. */
function startWriting(prefix: string) {
  let stopped = false;
  let written = 0;
  let waiting: { readonly count: number; resolve(): void }[] = [];
  const write = async (): Promise<void> => {
    for (let n = 0; !stopped; n++) {
      const key = `${prefix}${n % 5}`;
      if (n % 7 === 6) await client.kv.delete(prefix, { prefix: true });
      else if (n % 4 === 3) await putTwo(client, `${prefix}a`, `${prefix}b`, `${n}`);
      else await client.kv.put(key, `${n}`);
      written++;
      for (const each of waiting) if (each.count <= written) each.resolve();
      waiting = waiting.filter((each) => each.count > written);
    }
  };
  const writing = write();
  return {
    more: (count: number) => new Promise<void>((resolve) => waiting.push({ count: written + count, resolve })),
    stop: async (): Promise<number> => {
      stopped = true;
      await writing;
      const { header } = await client.kv.put(`${prefix}end`, 'end');
      return header.revision;
    },
  };
}

async function putTwo(by: Client, one: string, other: string, value: string): Promise<void> {
  await by.kv.txn().then(op.put(one, value), op.put(other, value)).commit();
}

/** The member that the watcher hangs on, now and after each change. */
function memberOf(watcher: Watcher) {
  let current = '';
  let changed: (() => void)[] = [];
  watcher.on('connected', (member) => {
    current = member;
    for (const resolve of changed.splice(0)) resolve();
    changed = [];
  });
  return {
    get name() {
      return current;
    },
    next: () => new Promise<void>((resolve) => changed.push(resolve)),
  };
}

async function underTrouble(prefix: string, trouble: (member: string, next: () => Promise<void>) => Promise<void>) {
  const watcher = watching.watch(prefix, { prefix: true, prevKv: true });
  const member = memberOf(watcher);
  const { revision } = await watcher.created;
  const seen = follow(watcher);
  const plain = follow(watching.watch(prefix, { prefix: true, startRevision: revision + 1 }));
  const writing = startWriting(prefix);
  await writing.more(50);
  await trouble(member.name, () => member.next());
  await writing.more(50);
  const end = await writing.stop();
  await Promise.all([seen.upTo(end), plain.upTo(end)]);
  const happened = await historyOf(client, prefix, revision + 1);
  assert.ok(happened.length > 100, 'there was something to see');
  assertFaithful(seen.responses, happened, { prevKv: true });
  assertFaithful(plain.responses, happened);
  await watcher.cancel();
}

test('B-43 kill -9 of the member that a watch hangs on', async () => {
  await underTrouble('kill/', async (member, next) => {
    const moved = next();
    await cluster.kill(member);
    await moved;
    await cluster.start(member);
  });
});

test('B-43 SIGSTOP of the member that a watch hangs on: it goes on at another', async () => {
  await underTrouble('stop/', async (member, next) => {
    const moved = next();
    await cluster.kill(member, 'SIGSTOP');
    await moved;
    await cluster.kill(member, 'SIGCONT');
  });
});

test('B-43 SIGTERM of the member that a watch hangs on', async () => {
  await underTrouble('term/', async (member, next) => {
    const moved = next();
    await cluster.kill(member, 'SIGTERM');
    await moved;
    await cluster.start(member);
  });
});

test('B-43 the NATS server is killed and comes back', async () => {
  await underTrouble('nats/', async (_member, next) => {
    const moved = next();
    await cluster.stopNats();
    await cluster.startNats();
    await moved;
  });
});

test('B-43 all members are killed and come back', async () => {
  await underTrouble('all/', async (_member, next) => {
    const moved = next();
    await Promise.all(cluster.names.map((name) => cluster.kill(name)));
    await Promise.all(cluster.names.map((name) => cluster.start(name)));
    await moved;
  });
});

test('B-43 a watcher that is not read holds up nobody, and hears of a compaction instead of a gap', async () => {
  const value = 'x'.repeat(64 * 1024);
  const slow = watching.watch('slow/', { prefix: true });
  const { revision } = await slow.created;
  const quick = follow(watching.watch('slow/', { prefix: true, startRevision: revision + 1 }));
  const reader = slow[Symbol.asyncIterator]();
  let last = 0;
  // More than its buffer and the window hold together.
  for (let n = 0; n < 400; n++) last = (await client.kv.put(`slow/${n % 3}`, value)).header.revision;
  await quick.upTo(last);
  await client.kv.compact(last);
  let at = revision;
  const read = async (): Promise<never> => {
    for (;;) {
      const { value: response } = (await reader.next()) as { readonly value: WatchResponse | undefined };
      assert.ok(response !== undefined, 'it does not end without a reason');
      for (const { kv } of response.events) {
        assert.equal(kv.modRevision, at + 1, 'no gap');
        at = kv.modRevision;
      }
    }
  };
  await assert.rejects(read, (error: CompactedError) => {
    assert.equal(error.message, 'etcdserver: mvcc: required revision has been compacted');
    assert.equal(error.compactRevision, last);
    return true;
  });
  assert.ok(at < last, 'it was behind');
  const events = quick.responses.flatMap((response) => response.events);
  assert.equal(events.length, 400);
});

test('B-43 an idle watcher goes on where the heartbeats left it, though what it began with is compacted', async () => {
  const watcher = watching.watch('idle');
  const member = memberOf(watcher);
  await watcher.created;
  const seen = follow(watcher);
  let last = 0;
  for (let n = 0; n < 20; n++) last = (await client.kv.put('elsewhere', `${n}`)).header.revision;
  // A progress mark: what the next member is asked for is after this. The member may be behind the others.
  while (watcher.revision < last) {
    const told = seen.more();
    await watcher.requestProgress();
    await told;
  }
  await client.kv.put('elsewhere', 'again');
  await client.kv.compact(last);
  const moved = member.next();
  const killed = member.name;
  await cluster.kill(killed);
  await moved;
  await cluster.start(killed);
  const { header } = await client.kv.put('idle', 'now');
  await seen.upTo(header.revision);
  assert.equal(seen.responses.flatMap((response) => response.events).length, 1);
  await watcher.cancel();
});
