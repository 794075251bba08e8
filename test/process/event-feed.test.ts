/** Who follows the event feed misses nothing, whatever happens to the leader, to messages and to the NATS server. */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { connect as connectNats } from 'nats';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import { describeEvent, follow, type Follower } from './event-feed-follower.js';

let cluster: TestCluster;
let client: Client;

before(async () => {
  cluster = await startTestCluster({ flags: { 'event-feed': 'true' } });
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
});
after(async () => {
  await client.close();
  await cluster.stop();
});

async function start(t: TestContext, prefix: string, loses?: (count: number) => boolean): Promise<Follower> {
  const names = { servers: cluster.servers, cluster: cluster.clusterName, prefix };
  const follower = await follow({ ...names, ...(loses === undefined ? {} : { loses }) });
  t.after(() => follower.close());
  return follower;
}

async function leaderName(): Promise<string> {
  const { leader } = await client.maintenance.status();
  const { members } = await client.cluster.memberList();
  return members.find((member) => member.id === leader)?.name ?? '';
}

/** Puts under two prefixes and deletes of both at once; the last revision. */
async function write(prefix: string, rounds: number): Promise<number> {
  let last = 0;
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      [0, 1, 2, 3]
        .map((key) => client.kv.put(`${prefix}${round % 5}/${key}`, `${round}`))
        .concat(client.kv.put('x', '')),
    );
    const { header } = await client.kv.delete(`${prefix}${round % 5}/`, { prefix: true });
    last = header.revision;
  }
  return last;
}

/** What the store itself says happened. */
async function truth(prefix: string): Promise<readonly string[]> {
  const connection = await connectNats({ servers: [...cluster.servers] });
  const events: string[] = [];
  for (let from = 1, more = true; more;) {
    const query = { key: prefix, range_end: `${prefix.slice(0, -1)}0`, start_revision: from };
    const answer = await connection.request('test.watch.history', JSON.stringify(query), { timeout: 10_000 });
    const told = answer.json<{ events: { type: string; kv: never }[]; more: boolean; next_revision: number }>();
    events.push(...told.events.map(({ type, kv }) => describeEvent(type, kv)));
    ({ more, next_revision: from } = told);
  }
  await connection.close();
  return events;
}

async function assertMissedNothing(follower: Follower, prefix: string): Promise<void> {
  const { header } = await client.kv.put(`${prefix}end`, '');
  let isThere = false;
  const reached = follower.reaches(header.revision).then(() => (isThere = true));
  // That a message is lost shows with the next one under the prefix, and that may be lost as well.
  while (!isThere) await Promise.race([reached, client.kv.put(`${prefix}after`, '')]);
  const events = await truth(prefix);
  const upTo = events.findIndex((event) => event.startsWith(`put ${prefix}end `)) + 1;
  assert.ok(upTo > 0);
  assert.deepEqual(follower.events.slice(0, upTo), events.slice(0, upTo));
}

test('in calm weather all comes by the feed, and the history is asked at the start alone', async (t) => {
  const follower = await start(t, 'calm/');
  await write('calm/', 20);
  await assertMissedNothing(follower, 'calm/');
  assert.deepEqual(new Set(follower.asked), new Set(['start', 'new term']));
});

test('messages that are lost show as gaps in the number of the prefix, and are filled', async (t) => {
  const follower = await start(t, 'lossy/', (count) => count % 7 === 0);
  await write('lossy/', 30);
  await assertMissedNothing(follower, 'lossy/');
  assert.ok(follower.asked.includes('gap'), follower.asked.join());
});

test('a leader that is killed under load leaves nothing out that a follower does not find', async (t) => {
  const follower = await start(t, 'kill/');
  const writing = write('kill/', 150);
  // It follows the term that is to end.
  await follower.hasAsked('new term');
  const leader = await leaderName();
  await cluster.kill(leader);
  await writing;
  await assertMissedNothing(follower, 'kill/');
  assert.ok(follower.asked.filter((why) => why === 'new term').length > 1, follower.asked.join());
  await cluster.start(leader);
});

test('a paused leader tells old events with its old term, and nobody takes them for news', async (t) => {
  const follower = await start(t, 'pause/');
  const writing = write('pause/', 100);
  // It follows the term that is to end.
  await follower.hasAsked('new term');
  const leader = await leaderName();
  await cluster.kill(leader, 'SIGSTOP');
  await writing;
  await cluster.kill(leader, 'SIGCONT');
  await assertMissedNothing(follower, 'pause/');
});

test('the NATS server dies: whoever comes back asks, and misses nothing', async (t) => {
  const follower = await start(t, 'nats/');
  const writing = write('nats/', 60);
  await follower.hasAsked('new term');
  await cluster.stopNats();
  await cluster.startNats();
  await writing;
  await assertMissedNothing(follower, 'nats/');
});
