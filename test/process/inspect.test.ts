/** A running cluster looked into: by a plain NATS client, and through `quorate inspect`. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { connect as connectNats, type NatsConnection } from 'nats';
import { type Client, connect } from '../../client/index.js';
import type { FeedMessage } from '../../deploy/inspector/feed.js';
import type { Inspected, InspectionFrame } from '../../machines/language/inspection.js';
import { startTestCluster, type TestCluster } from './cluster.js';
import { type Inspecting, spawnInspect, startInspect } from './inspecting.js';

const SECRET = 'correct-horse-battery-staple';

let cluster: TestCluster;
let nats: NatsConnection;
let client: Client;
before(async () => {
  cluster = await startTestCluster({ clusterName: 'looked-into', flags: { drill: 'true' } });
  nats = await connectNats({ servers: [...cluster.servers] });
  client = await connect({ servers: [...cluster.servers], clusterName: cluster.clusterName });
});
after(async () => {
  await client.close();
  await nats.close();
  await cluster.stop();
});

/** What one member tells from now on, and when something in it is there. */
function look(member: string) {
  const texts: string[] = [];
  const events: Inspected[] = [];
  let wake = (): void => undefined;
  const inbox = nats.subscribe(`look.${member}.${texts.length}.${Math.random()}`, {
    callback: (_, message) => {
      const text = message.string();
      texts.push(text);
      events.push(...(JSON.parse(text) as InspectionFrame).events);
      wake();
    },
  });
  const subject = `${cluster.clusterName}.member.${member}.inspect.start`;
  nats.publish(subject, JSON.stringify({ filter: { per_second: 10_000 } }), { reply: inbox.getSubject() });
  return {
    events,
    text: () => texts.join('\n'),
    until: async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
    },
    close: () => inbox.unsubscribe(),
  };
}

async function leaderOf(): Promise<string> {
  for (;;) {
    for (const name of cluster.names) {
      const status = await client.maintenance.status(name);
      if (status.role === 'leader') return name;
    }
  }
}

/** The outermost states that a member's raft chart was in, one after another. */
function pathOf(events: readonly Inspected[]): readonly string[] {
  const raft = events.find((event) => event.type === '@xstate.actor' && event.name === 'raft');
  assert.ok(raft?.type === '@xstate.actor');
  const values = events.flatMap((event) =>
    event.type === '@xstate.snapshot' && event.sessionId === raft.sessionId ? [event.snapshot.value ?? ''] : [],
  );
  const states = values.map((value) => (typeof value === 'string' ? value : (Object.keys(value)[0] ?? '')));
  return states.filter((state, n) => state !== states[n - 1]);
}

test('every room is told of, a put can be followed through them, and its value never leaves', async () => {
  const looks = cluster.names.map(look);
  const has = (each: ReturnType<typeof look>, name: string) =>
    each.events.some((event) => event.type === '@xstate.actor' && event.name === name);
  for (const each of looks) await each.until(() => has(each, 'raft') && has(each, 'beat'));
  const rooms = looks[0]?.events.flatMap((event) => (event.type === '@xstate.actor' ? [event.name] : []));
  for (const room of ['node', 'log', 'apply', 'state', 'requests', 'peers', 'watchHub', 'leaseTicker', 'snapshot']) {
    assert.ok(rooms?.includes(room), `${room} is not among ${rooms?.join(', ')}`);
  }
  const watcher = client.watch('looked', { prefix: true, prevKv: true });
  await client.kv.put('looked/at', SECRET, { prevKv: true });
  await client.kv.put('looked/at', `${SECRET} again`, { prevKv: true });
  await client.kv.get('looked/at');
  for await (const { events } of watcher) {
    if (events.some(({ kv }) => kv.version >= 2)) break;
  }
  const letters = (each: ReturnType<typeof look>) =>
    each.events.flatMap((event) => (event.type === '@xstate.event' ? [event.event.type] : []));
  const way = ['asked', 'proposed', 'confirmAppended', 'send', 'add', 'append.accepted', 'decided', 'written'];
  const isWhole = (each: ReturnType<typeof look>) => way.every((type) => letters(each).includes(type));
  await Promise.any(looks.map((each) => each.until(() => isWhole(each))));
  const all = looks.map((each) => each.text()).join('\n');
  assert.ok(all.includes('looked/at'), 'keys are told');
  assert.ok(!all.includes(SECRET), 'a value was told');
  assert.ok(!all.includes(Buffer.from(SECRET).toString('base64').slice(0, 16)), 'a value was told as base64');
  assert.ok(!all.includes([...Buffer.from(SECRET)].slice(0, 6).join(',')), 'a value was told as numbers');
  for (const each of looks) each.close();
});

test('a leader that is killed: another chart goes follower, preCandidate, candidate, leader', async () => {
  const leader = await leaderOf();
  const looks = cluster.names.filter((name) => name !== leader).map(look);
  for (const each of looks) await each.until(() => each.events.length > 0);
  await cluster.kill(leader);
  const path = ['preCandidate', 'candidate', 'leader'];
  const led = (each: ReturnType<typeof look>) => path.every((state) => pathOf(each.events).includes(state));
  await Promise.any(looks.map((each) => each.until(() => led(each))));
  const winner = looks.find(led);
  assert.deepEqual(pathOf(winner?.events ?? []).slice(-3), path);
  const granted = looks.flatMap(({ events }) =>
    events.filter((event) => event.type === 'quorate.letter' && event.message.type === 'vote.answered'),
  );
  assert.ok(granted.length > 0, 'the vote is among the letters between members');
  for (const each of looks) each.close();
  await cluster.start(leader);
});

describe('quorate inspect', () => {
  let inspecting: Inspecting;
  let url = '';
  before(async () => {
    inspecting = await startInspect(cluster);
    ({ url } = inspecting);
  });
  after(() => inspecting.stop());

  test('tells a page of all members, and a page that comes later what the first was told before', async () => {
    for (const time of ['first', 'second']) {
      const feed = openFeed(url);
      const told = (name: string) =>
        feed.told.some(
          (each) =>
            each.kind === 'frame' &&
            each.frame.member === name &&
            each.frame.events.some((event) => event.type === '@xstate.actor' && event.name === 'raft'),
        );
      await feed.until(() => cluster.names.every(told));
      const members = feed.told.filter((each) => each.kind === 'members').at(-1);
      assert.deepEqual(
        members?.members.map(({ name, drill }) => [name, drill]),
        cluster.names.map((name) => [name, true]),
        time,
      );
      feed.close();
    }
  });

  test('a drill moves the leadership, and a second one at the same member is refused in words', async () => {
    const leader = await leaderOf();
    const feed = openFeed(url);
    assert.deepEqual(await drill(url, { member: leader, drill: 'transfer' }), {
      ok: true,
      said: 'it hands its leadership over',
    });
    const leads = (event: Inspected) => event.type === 'quorate.standing' && event.role === 'leader';
    await feed.until(() =>
      feed.told.some((each) => each.kind === 'frame' && each.frame.member !== leader && each.frame.events.some(leads)),
    );
    const again = await drill(url, { member: leader, drill: 'transfer' });
    assert.match(String(again['error']), /drill\.transfer: only a member that leads can do that/);
    feed.close();
  });

  test('a paused member is heard again, and stopped ones are said to be silent', async () => {
    const [name = ''] = cluster.names;
    const feed = openFeed(url);
    const heard = (): boolean | undefined =>
      feed.told
        .filter((each) => each.kind === 'members')
        .at(-1)
        ?.members.find((member) => member.name === name)?.heard;
    await feed.until(() => heard() === true);
    assert.equal((await drill(url, { member: name, drill: 'pause', for_ms: 4_000 }))['ok'], true);
    await feed.until(() => heard() === false);
    await feed.until(() => heard() === true);
    const ended = cluster.ended(name);
    let isOver = false;
    void ended.then(() => (isOver = true));
    // A member that stood still dials NATS anew: for a moment its drills are heard by nobody, and that is what is said.
    while (!isOver) {
      const { ok, error } = await drill(url, { member: name, drill: 'stop' });
      if (ok === true) break;
      assert.match(String(error), /nobody serves this|no answer from/);
    }
    assert.equal((await ended).code, 0);
    await feed.until(() => heard() === false);
    feed.close();
    await cluster.start(name);
  });

  test('it answers its own page only', async () => {
    assert.equal((await ask(url, '/feed', { headers: { host: 'somebody-else.example' } })).status, 403);
    const body = JSON.stringify({ member: 'n1', drill: 'stop' });
    assert.equal((await ask(url, '/drill', { method: 'POST', body })).status, 403);
    assert.equal((await ask(url, '/drill', { headers: { 'x-quorate-inspect': '1' } })).status, 403);
    assert.equal((await ask(url, '/../../../../package.json')).status, 404);
    assert.equal((await ask(url, '/%2e%2e/inspect.js')).status, 404);
    assert.equal((await ask(url, '/feed', { method: 'DELETE' })).status, 405);
  });

  test('what cannot be is refused at the start', async () => {
    const { port } = new URL(url);
    const taken = await runInspect(['--port', port]);
    assert.equal(taken.code, 2);
    assert.match(taken.said, new RegExp(`--port: ${port} on 127\\.0\\.0\\.1 cannot be listened on`));
    const nobody = await runInspect(['--port', '0', '--servers', 'nats://127.0.0.1:1']);
    assert.equal(nobody.code, 1);
    assert.match(nobody.said, /127\.0\.0\.1:1/);
  });
});

/* ---- the program and its server -------------------------------------------------------------------------------- */

async function runInspect(flags: readonly string[]): Promise<{ code: number | null; said: string }> {
  const inspect = spawnInspect(cluster, flags);
  let said = '';
  inspect.stderr?.on('data', (part: Buffer) => (said += part.toString()));
  const code = await new Promise<number | null>((resolve) => inspect.once('close', resolve));
  return { code, said };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Not fetch, which would put the path in order and choose the host by itself. */
function ask(url: string, path: string, { method = 'GET', headers = {}, body }: Asked = {}) {
  const { hostname, port } = new URL(url);
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const asked = httpRequest({ hostname, port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

async function drill(url: string, order: Record<string, unknown>): Promise<Record<string, unknown>> {
  const headers = { 'x-quorate-inspect': '1' };
  const { text } = await ask(url, '/drill', { method: 'POST', headers, body: JSON.stringify(order) });
  return JSON.parse(text) as Record<string, unknown>;
}

function openFeed(url: string) {
  const told: FeedMessage[] = [];
  let wake = (): void => undefined;
  const { hostname, port } = new URL(url);
  const asked = httpRequest({ hostname, port, path: '/feed' }, (response) => {
    const lines = createInterface({ input: response });
    // Closing it is how it ends.
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      if (line.startsWith('data: ')) told.push(JSON.parse(line.slice(6)) as FeedMessage);
      wake();
    });
  });
  asked.on('error', () => undefined);
  asked.end();
  return {
    told,
    until: async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
    },
    close: () => asked.destroy(),
  };
}
