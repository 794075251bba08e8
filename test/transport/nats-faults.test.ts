/** What only a real NATS server does: it restarts, with another limit; it falls silent; it refuses. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { connect } from 'nats';
import { pause, realClock } from '../../deploy/clock.js';
import type { Header } from '../../machines/language/commands.js';
import { type ClusterId, type Epoch, index, memberId, revision, term } from '../../machines/language/vocabulary.js';
import type { Ask, ClientLink, PeerTransport } from '../../transport/ports.js';
import { NatsDoor } from '../../transport/nats-door.js';
import { connectLink } from '../../transport/nats-link.js';
import { NatsPeers, type NatsSettings } from '../../transport/nats-peers.js';
import { clusterSubject, peerSubject } from '../../transport/subjects.js';
import { decodeAnswer } from '../../transport/wire.js';
import { connectRaw } from '../fuzz/raw-nats.js';
import { listener } from '../compliance/transport.suite.js';
import { startNatsServer, type TestNatsServer } from '../process/nats-server.js';
import { uninspected } from '../model/uninspected.js';

const CLUSTER = 77n as ClusterId;
const alice = { id: memberId(1n), name: 'alice' };
const bob = { id: memberId(2n), name: 'bob' };
const header: Header = { cluster_id: CLUSTER, member_id: alice.id, revision: 1, raft_term: 1, raft_index: 1 };
const text = (from: string) => new TextEncoder().encode(from);
const MiB = 1024 * 1024;

let server: TestNatsServer;
const open: { close(): Promise<void> }[] = [];
before(async () => {
  server = await startNatsServer();
});
afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));
after(() => server.stop());

const settings = (silence_ms = 1_000): NatsSettings => ({
  connection: { servers: [server.url], dial_timeout_ms: 500 },
  silence_ms,
  peer_key: new Uint8Array(32),
  request_bytes_max: 2 * MiB,
  version: '0.1.0',
});

async function enter(member: typeof alice, ears = listener(), silence_ms?: number): Promise<PeerTransport> {
  const peers = new NatsPeers(settings(silence_ms), realClock);
  open.push(peers);
  await peers.open({ member, cluster_name: 'faults', epoch: 1 as Epoch }, ears.handlers);
  peers.join(CLUSTER, { voters: [alice, bob], learners: [] });
  return peers;
}

async function openDoor(answer: (ask: Ask) => void, links: string[] = [], silence_ms?: number): Promise<NatsDoor> {
  const door = new NatsDoor(settings(silence_ms), realClock);
  open.push(door);
  await door.open(
    { member: alice, cluster_name: 'faults', epoch: 1 as Epoch },
    {
      ...uninspected,
      asked: (asks) => asks.forEach(answer),
      watching: () => assert.fail('nobody watches'),
      link: (state) => void links.push(state),
      refused: () => {},
      stats: () => ({ role: 'leader' }),
    },
  );
  await door.serve(CLUSTER);
  door.lead(term(1));
  return door;
}

const answerPut = (ask: Ask): void =>
  ask.answer({ ok: true, header, result: { op: 'kv.put', body: { revision: revision(1), prev_kv: null, lease: 0n } } });

async function openLink(): Promise<ClientLink> {
  const link = await connectLink({ servers: [server.url] }, realClock);
  open.push(link);
  return link;
}

/**
 * Repeats `attempt` until it comes to something: what is lost while a connection comes back is sent again, as clients
 * do.
 */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 400; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await pause(25);
    }
  }
}

const put = (link: ClientLink, value_bytes = 1) =>
  link.request(
    clusterSubject('faults', 'kv.put'),
    text(`{"key":"k","value":"${'v'.repeat(value_bytes)}"}`),
    new Map(),
    2_000,
  );

test('after a restart of the server, peers, door and client find each other again, at the size it allows', async () => {
  const ears = listener();
  const a = await enter(alice);
  await enter(bob, ears);
  await openDoor(answerPut);
  const link = await openLink();
  assert.equal(link.max_payload, MiB);
  await eventually(() => put(link));
  await server.restart({ max_payload: MiB / 2 });
  await eventually(() => put(link));
  assert.equal(link.max_payload, MiB / 2);
  for (const bytes of [1, MiB / 2 - 1_000, MiB / 2 - 200, MiB / 2 - 1, MiB / 2, MiB / 2 + 1, MiB - 1, MiB, 2 * MiB]) {
    const entry = { index: index(1), term: term(1), kind: 'command' as const, data: new Uint8Array(bytes).fill(bytes) };
    const sent = { from: alice.id, term: term(1), previous: { index: index(0), term: term(0) }, commit: index(0) };
    await eventually(async () => {
      a.send([{ to: bob.id, message: { type: 'append.sent', ...sent, entries: [entry] } }]);
      await Promise.race([ears.until(() => ears.messages.length > 0), pause(500)]);
      assert.deepEqual(ears.messages[0], { type: 'append.sent', ...sent, entries: [entry] });
    });
    ears.messages.length = 0;
  }
  await server.restart();
});

test('requests of every size near the limit are served, or refused with a word', async () => {
  await openDoor(answerPut);
  const link = await openLink();
  for (const max_payload of [MiB, MiB / 2]) {
    if (max_payload !== MiB) await server.restart({ max_payload });
    await eventually(() => put(link));
    const frame = '{"key":"k","value":""}'.length;
    for (const extra of [-2, -1, 0, 1, 2, 1_000]) {
      const asked = put(link, max_payload - frame + extra);
      if (extra > 0)
        await assert.rejects(asked, { reason: 'tooLarge', message: /bytes to faults.kv.put; the server takes/ });
      else assert.equal(decodeAnswer('kv.put', (await asked).body).ok, true);
    }
  }
  await server.restart();
});

test('while the server is gone requests say so at once, and nothing stale arrives later', async () => {
  const ears = listener();
  const a = await enter(alice);
  await enter(bob, ears);
  const link = await openLink();
  const heartbeat = (round: number) => ({
    to: bob.id,
    message: {
      type: 'heartbeat.sent' as const,
      from: alice.id,
      term: term(1),
      commit: index(0),
      round: round as never,
    },
  });
  a.send([heartbeat(1)]);
  await ears.until(() => ears.messages.length === 1);
  const waiting = link.request('nobody.here', text(''), new Map(), 60_000).catch((error: unknown) => error);
  await server.stop();
  await eventually(async () => assert.equal(link.connected, false));
  for (let round = 2; round < 100; round++) a.send([heartbeat(round)]);
  await assert.rejects(put(link), { reason: 'disconnected', message: 'not connected to a NATS server' });
  assert.match(String(await waiting), /LinkError/);
  await server.restart();
  await eventually(async () => {
    a.send([heartbeat(1_000)]);
    await Promise.race([ears.until(() => ears.messages.length > 1), pause(200)]);
    assert.ok(ears.messages.length > 1);
  });
  const rounds = ears.messages.map((message) => ('round' in message ? Number(message.round) : 0));
  assert.deepEqual([...new Set(rounds)], [1, 1_000]);
});

test('a server that falls silent is noticed by each connection, and heard again when it wakes', async () => {
  const ears = listener();
  const states: string[] = [];
  const peers = await enter(alice, ears, 200);
  const door = await openDoor(answerPut, states, 200);
  const probing = setInterval(() => {
    peers.probe();
    door.probe();
  }, 20);
  try {
    process.kill(server.pid, 'SIGSTOP');
    const channels = ['control', 'bulk', 'snapshot'];
    await ears.until(() => channels.every((channel) => ears.links.includes(`${channel} silent`)));
    await eventually(async () => assert.deepEqual(states, ['silent']));
    process.kill(server.pid, 'SIGCONT');
    await ears.until(() => channels.every((channel) => ears.links.includes(`${channel} heard`)));
    await eventually(async () => assert.equal(states.at(-1), 'heard'));
    const link = await openLink();
    assert.equal(decodeAnswer('kv.put', (await eventually(() => put(link))).body).ok, true);
  } finally {
    process.kill(server.pid, 'SIGCONT');
    clearInterval(probing);
  }
});

test('anybody’s words on a peer subject change nothing', async () => {
  const ears = listener();
  await enter(bob, ears);
  const stranger = await connect({ servers: server.url });
  let seed = 7;
  const random = (below: number) => (seed = (Math.imul(seed, 48271) >>> 0) % 0x7fffffff) % below;
  for (let round = 0; round < 500; round++) {
    const bytes = Uint8Array.from({ length: random(80) }, () => random(256));
    if (bytes.length > 4) bytes.set([1 + random(2), 0x81, 0, random(40)]);
    stranger.publish(peerSubject('faults', bob.id, 'control'), bytes);
  }
  await stranger.flush();
  await stranger.close();
  const a = await enter(alice);
  a.send([{ to: bob.id, message: { type: 'campaign.asked', from: alice.id, term: term(1) } }]);
  await ears.until(() => ears.messages.length > 0);
  assert.deepEqual(
    ears.messages.map((message) => message.type),
    ['campaign.asked'],
  );
  assert.ok(ears.dropped.length > 400);
  assert.deepEqual(
    [...new Set(ears.dropped)].filter((reason) => !['damaged', 'signature', 'pieces'].includes(reason)),
    [],
  );
});

test('headers that no library would send are refused in words, and the door goes on', async () => {
  await openDoor(answerPut);
  const raw = await connectRaw(server.port);
  try {
    const start = 'NATS/1.0\r\n';
    const id = `Quorate-Request: ${'0'.repeat(32)}-1\r\n`;
    const many = Array.from({ length: 50_000 }, (_, number) => `h${number}:\r\n`).join('');
    const refused: readonly (readonly [string, RegExp])[] = [
      [`${start}a b: c\r\n\r\n`, /headers are malformed: ' '/],
      [`${start}a\0: c\r\n\r\n`, /headers are malformed/],
      [`${start}кто: c\r\n\r\n`, /headers are malformed/],
      [`${start}${many}\r\n`, /bytes of headers given; at most 8192 are read/],
      [`${start}a: ${'x'.repeat(100_000)}\r\n\r\n`, /bytes of headers given/],
      [`${start}${id}\r\n`, /Quorate-Since is missing/],
      [`${start}${id}${id}Quorate-Since: 1\r\n\r\n`, /Quorate-Request is given 2 times/],
    ];
    const taken = [
      '',
      'x',
      start,
      `${start}no colon\r\n\r\n`,
      'HTTP/1.1 503 x\r\n\r\n',
      `${start}: x\r\n`,
      `${start}a: b`,
    ];
    const subject = clusterSubject('faults', 'kv.put');
    for (const [headers, said] of refused) {
      const answer = await raw.ask(subject, '{"key":"k"}', headers);
      assert.match(answer?.body.toString() ?? 'nothing', said);
      assert.match(answer?.body.toString() ?? 'nothing', /"code":"InvalidArgument"/);
      assert.doesNotMatch(answer?.headers ?? '', /[^\P{Cc}\r\n]/u);
    }
    for (const headers of taken) {
      const answer = await raw.ask(subject, '{"key":"k"}', headers);
      assert.match(answer?.body.toString() ?? 'nothing', /"revision":1/, JSON.stringify(headers));
    }
  } finally {
    raw.close();
  }
});

test('an answer with headers that are none counts as lost, and the client goes on', async () => {
  const raw = await connectRaw(server.port);
  const link = await openLink();
  const liar = await connect({ servers: server.url });
  open.push(liar);
  liar.subscribe('liar', {
    callback: (_, message) => raw.tell(message.reply ?? '', 'x', '', 'NATS/1.0\r\na b: c\r\n\r\n'),
  });
  await liar.flush();
  await assert.rejects(link.request('liar', text('{}'), new Map(), 2_000), /malformed/);
  await openDoor(answerPut);
  await eventually(() => put(link));
  raw.close();
});

test('service discovery shows each member once and the leader beside, with the role among its numbers', async () => {
  await openDoor(answerPut);
  const link = await openLink();
  await eventually(() => put(link));
  await put(link).catch(() => undefined);
  await link.request(clusterSubject('faults', 'kv.put'), text('{"kye":1}'), new Map(), 2_000);
  const ask = async (subject: string) => {
    const { body } = await link.request(subject, text(''), new Map(), 2_000);
    return JSON.parse(new TextDecoder().decode(body)) as {
      metadata: Record<string, string>;
      endpoints: { subject: string; queue_group: string; num_requests: number; data: Record<string, unknown> }[];
    };
  };
  const member = await ask('$SRV.INFO.quorate');
  assert.deepEqual(member.metadata, { cluster: 'faults', cluster_id: '77', member: 'alice', member_id: '1' });
  assert.ok(member.endpoints.some((each) => each.subject === 'faults.member.alice.kv.range'));
  const leader = await ask('$SRV.STATS.quorate-leader');
  const puts = leader.endpoints.find((each) => each.subject === 'faults.kv.put');
  assert.equal(puts?.queue_group, 'alice-1');
  assert.equal(puts.num_requests, 3);
  assert.deepEqual(puts.data, { role: 'leader', refused_or_failed: 1 });
});

test('who cannot get in hears which servers were tried, and no credential', async () => {
  const locked = await startNatsServer({ config: 'authorization { user: "node", password: "secret-1" }' });
  try {
    const servers = [locked.url.replace('nats://', 'nats://node:secret-2@')];
    for (const options of [{ servers }, { servers: [locked.url], user: 'node', password: 'secret-2' }]) {
      await assert.rejects(connectLink(options, realClock), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`no NATS server of ${locked.url} lets quorate client in: .*Authorization`, 'i'),
        );
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    }
    const link = await connectLink({ servers: [locked.url], user: 'node', password: 'secret-1' }, realClock);
    assert.equal(link.connected, true);
    await link.close();
  } finally {
    await locked.stop();
  }
  await assert.rejects(
    connectLink({ servers: [locked.url] }, realClock),
    new RegExp(`no NATS server of ${locked.url} lets`),
  );
});
