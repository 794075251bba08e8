/** Whoever may publish where members speak, but does not have their key, changes nothing. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { connect as connectRaw } from 'nats';
import type { NatsConnection } from 'nats';
import { connect, op } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { index, term } from '../../machines/language/vocabulary.js';
import type { ClusterId, Epoch, Member, MemberId, PeerMessage } from '../../machines/language/vocabulary.js';
import { createGate, joinGate, sealBirth, sealMessages, sealPiece, sealPull } from '../../transport/peer-gate.js';
import { createFramePacker } from '../../transport/peer-pieces.js';
import { birthSubject, CHANNELS, peerSubject } from '../../transport/subjects.js';
import { startTestCluster } from '../process/cluster.js';
import type { TestCluster } from '../process/cluster.js';
import { assertKept, assertSameState, startLoad } from '../process/load.js';

let cluster: TestCluster;
let client: Client;
let attacker: NatsConnection;
let members: readonly Member[] = [];
let clusterId = 0n as ClusterId;

interface Captured {
  readonly subject: string;
  readonly data: Uint8Array;
}
const captured: Captured[] = [];

before(async () => {
  // Patient: the machine is busy, and a change of leader would hide one that was forged.
  cluster = await startTestCluster({ flags: { 'election-timeout': '5000', 'max-request-bytes': '3000000' } });
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 30_000 });
  const list = await client.cluster.memberList();
  members = list.members.map(({ id, name }) => ({ id: id as MemberId, name }));
  clusterId = list.header.clusterId as ClusterId;
  attacker = await connectRaw({ servers: [...cluster.servers] });
  attacker.subscribe('_quorate.test.>', {
    callback: (_, { subject, data }) => {
      if (data.length > 0 && captured.length < 500) captured.push({ subject, data: Uint8Array.from(data) });
    },
  });
});
after(async () => {
  await attacker.close();
  await client.close();
  await cluster.stop();
});

const leaderAndTerm = async (): Promise<unknown> => {
  const statuses = await Promise.all(cluster.names.map((name) => client.maintenance.status(name)));
  return statuses.map(({ leader, raftTerm }) => ({ leader, raftTerm }));
};

/** Sealed as members seal, by one who has guessed a key, or has none, in a life far ahead of all others. */
function forgeries(key: Uint8Array | null): readonly Captured[] {
  return members.flatMap((from) => {
    const gate = createGate({ member: from, cluster_name: 'test', epoch: 1_000_000 as Epoch }, key);
    joinGate(gate, clusterId, { voters: members, learners: [] });
    const ahead = { from: from.id, term: term(1_000) };
    const said: readonly PeerMessage[] = [
      { type: 'heartbeat.sent', ...ahead, commit: index(1_000_000), round: 1 as never },
      { type: 'campaign.asked', ...ahead },
    ];
    const pack = createFramePacker(from.id, 1_000_000 as Epoch, key);
    return members.flatMap((to) => {
      const whole = [
        sealMessages(gate, to.id, said),
        sealPull(gate, to.id, { question: 1, id: '0000000000000000', number: 0 }),
        sealPiece(gate, to.id, { question: 1, bytes: randomBytes(100) }),
      ].map((frame) => Uint8Array.of(1, ...frame));
      const pieces = pack(sealMessages(gate, to.id, said), 100).toReversed();
      const birth = Uint8Array.of(1, ...sealBirth(gate, to.name, { type: 'born', members: [from] }));
      return [
        ...CHANNELS.flatMap((channel) =>
          [...whole, ...pieces].map((data) => ({ subject: peerSubject('test', to.id, channel), data })),
        ),
        { subject: birthSubject('test', to.name), data: birth },
      ];
    });
  });
}

/** Pieces that begin and never end, each in the name of somebody else, as long as the server takes. */
function floodOfPieces(): readonly Captured[] {
  const frame = randomBytes(2_000_000);
  return members.flatMap(({ id: to }) =>
    Array.from({ length: 3 }, (_, stream) => ({
      subject: peerSubject('test', to, 'bulk'),
      data: createFramePacker(BigInt(stream) as MemberId, 1 as Epoch, null)(frame, 1_000_000)[0] ?? new Uint8Array(0),
    })),
  );
}

const rubbish = (): readonly Captured[] =>
  members.flatMap(({ id }) =>
    CHANNELS.map((channel) => ({
      subject: peerSubject('test', id, channel),
      data: randomBytes(1 + (randomBytes(1)[0] ?? 0)),
    })),
  );

const damaged = ({ subject, data }: Captured): Captured => {
  const changed = data.slice();
  const at = randomBytes(4).readUInt32BE() % changed.length;
  changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
  return { subject, data: changed };
};

async function send(messages: readonly Captured[]): Promise<void> {
  for (const { subject, data } of messages) attacker.publish(subject, data);
  await attacker.flush();
}

test('random, damaged, repeated, foreign and unsigned frames and pieces under load change nothing', async () => {
  const before = await leaderAndTerm();
  const load = startLoad(client);
  await load.more(100);
  // Larger than the server's max_payload: real pieces travel between the forged ones.
  const big = Buffer.alloc(900_000, 'x');
  const bigPut = async (number: number): Promise<unknown> =>
    client.kv
      .txn()
      .then(...[0, 1, 2].map((part) => op.put(`big/${number}/${part}`, big)))
      .commit();
  for (let round = 0; round < 4; round++) {
    const seen = captured.splice(0);
    const putting = round % 2 === 0 ? bigPut(round) : Promise.resolve();
    await send([...rubbish(), ...forgeries(randomBytes(32)), ...forgeries(null), ...floodOfPieces()]);
    await send([...seen, ...seen.map(damaged)]);
    await Promise.all([load.more(20), putting]);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  await assertKept(client, load);
  await assertSameState(client, cluster.names);
  assert.deepEqual(await leaderAndTerm(), before);
});

test('the log tells it, and is not flooded', () => {
  for (const name of cluster.names) {
    const told = cluster.output(name).match(/"msg":"peer frame dropped"/g) ?? [];
    assert.ok(told.length > 0, `${name} tells nothing`);
    // Several reasons, each told at once and then now and then: thousands of frames, tens of lines.
    assert.ok(told.length < 100, `${name} tells ${told.length} times`);
    assert.match(cluster.output(name), /"reason":"signature",.*"msg":"peer frame dropped"/);
  }
});

test('the memory of the members stays small', { skip: !existsSync('/proc/self/status') }, () => {
  for (const name of cluster.names) {
    const status = readFileSync(`/proc/${cluster.pid(name)}/status`, 'utf8');
    const resident_kB = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
    assert.ok(resident_kB < 600_000, `${name} has ${resident_kB} kB`);
  }
});

test('frames of an earlier life are dropped, of the sender and of the receiver', async () => {
  const load = startLoad(client, 2);
  captured.length = 0;
  await load.more(50);
  const earlier = captured.splice(0);
  await cluster.kill('n3', 'SIGTERM');
  await cluster.start('n3');
  await client.kv.get('x', { member: 'n3' });
  await load.more(50);
  const [before, said] = [await leaderAndTerm(), /"reason":"epoch"/];
  await send(earlier);
  // To whoever led at that time, or from it to all.
  await cluster.heard(() => ['n1', 'n2'].some((name) => said.test(cluster.output(name))));
  await load.more(50);
  await load.stop();
  assert.deepEqual(load.failures, []);
  await assertKept(client, load);
  await assertSameState(client, cluster.names);
  assert.deepEqual(await leaderAndTerm(), before);
});
