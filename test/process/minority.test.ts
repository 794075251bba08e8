/**
 * B-58: without a quorum there is no write and no linearizable read, and both say so in time; old state is still
 * served. B-40: and watched.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { realClock } from '../../deploy/clock.js';
import { QuorateError } from '../../machines/language/errors.js';
import type { WatchMessage } from '../../machines/language/watching.js';
import { connectLink } from '../../transport/nats-link.js';
import type { ClientLink } from '../../transport/ports.js';
import { memberSubject } from '../../transport/subjects.js';
import { decodeWatchMessage } from '../../transport/wire-watch.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import { follow, type Seen } from './watch-checker.js';

let cluster: TestCluster;
let client: Client;
let link: ClientLink;
/** Of the last write that a quorum took. */
let last: number;
/** Of the first write that a quorum took again: not the next one, what had no quorum may have one by then. */
let again: number;
/** Hangs on the member that is left, since before the others went. */
let held: Stream;
/** A watcher of the client's, from the next write on. */
let patient: Seen;

interface Stream {
  /** The first message that fits, of all that come and came. */
  said(fits: (message: WatchMessage) => boolean): Promise<WatchMessage>;
}

/** A stream that stays with one member, as any program can have it. */
function watchAt(member: string, create: Readonly<Record<string, unknown>>): Stream {
  const messages: WatchMessage[] = [];
  let wake = (): void => undefined;
  const body = new TextEncoder().encode(JSON.stringify(create));
  link.stream(memberSubject(cluster.clusterName, member, 'watch.create'), body, new Map(), {
    message: (message) => {
      messages.push(decodeWatchMessage(message.body));
      wake();
    },
    // With the connection, when all is over.
    ended: () => undefined,
  });
  return {
    said: async (fits) => {
      for (;;) {
        const found = messages.find(fits);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

const created = ({ responses }: WatchMessage): boolean => responses.some((response) => response.created);
const eventsOf = ({ responses }: WatchMessage): string[] =>
  responses.flatMap(({ events }) => events).map(({ event }) => new TextDecoder().decode(event.kv.key));

before(async () => {
  cluster = await startTestCluster();
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName });
  link = await connectLink({ servers: cluster.servers }, realClock);
  ({ revision: last } = (await client.kv.put('kept', 'by all')).header);
  // A member that hears nothing more serves what it had applied; it shall have the key.
  for (const name of cluster.names) await client.kv.get('kept', { member: name });
  held = watchAt('n1', { key: 'again' });
  await held.said(created);
  await Promise.all([cluster.kill('n2'), cluster.kill('n3')]);
});
after(async () => {
  await Promise.all([client.close(), link.close()]);
  await cluster.stop();
});

const refusedInTime = (error: unknown): boolean => {
  assert.ok(error instanceof QuorateError, String(error));
  assert.match(error.message, /no leader|timed out|leader changed|server stopped|deadline exceeded/);
  return true;
};

test('a minority serves no write', async () => {
  await assert.rejects(client.kv.put('lost', 'x', { timeoutMs: 3_000 }), refusedInTime);
});

test('a minority serves no linearizable read', async () => {
  await assert.rejects(client.kv.get('kept', { timeoutMs: 3_000 }), refusedInTime);
});

test('a minority serves serializable reads by name', async () => {
  const { kvs } = await client.kv.get('kept', { serializable: true, member: 'n1' });
  assert.equal(new TextDecoder().decode(kvs[0]?.value), 'by all');
});

test('B-40 a minority serves watches by name, and says that it hears no leader', async () => {
  const { heartbeat } = await held.said((message) => message.heartbeat?.leader === false);
  assert.deepEqual(heartbeat?.behind, []);
  const late = watchAt('n1', { key: 'kept', start_revision: last });
  assert.deepEqual(eventsOf(await late.said((message) => eventsOf(message).length > 0)), ['kept']);
});

test('B-40 a watcher that requires a leader ends without one, any other waits', async () => {
  patient = follow(client.watch('again', { startRevision: last + 1 }));
  const strict = client.watch('again', { startRevision: last + 1, requireLeader: true });
  await assert.rejects(strict[Symbol.asyncIterator]().next(), { message: 'etcdserver: no leader' });
  assert.deepEqual([patient.error, patient.responses], [undefined, []]);
});

test('with one of them back there is a quorum again', async () => {
  await cluster.start('n2');
  const { header } = await client.kv.put('again', 'x', { timeoutMs: 20_000 });
  again = header.revision;
  const { kvs } = await client.kv.get('again', { timeoutMs: 20_000 });
  assert.equal(kvs.length, 1);
});

test('B-40 with a leader again, the watches of before go on', async () => {
  await held.said((message) => message.heartbeat?.leader === true);
  assert.deepEqual(eventsOf(await held.said((message) => eventsOf(message).length > 0)), ['again']);
  await patient.upTo(again);
  assert.deepEqual(
    patient.responses.map(({ events }) => events.map(({ kv }) => kv.modRevision)),
    [[again]],
  );
});
