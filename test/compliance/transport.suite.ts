/** What every PeerTransport promises; NATS and memory run the same cases. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  type AppendSent,
  type ClusterId,
  type Configuration,
  type Epoch,
  index,
  type Member,
  memberId,
  type PeerMessage,
  type SnapshotOffer,
  term,
} from '../../machines/language/vocabulary.js';
import type { BirthMessage, PeerHandlers, PeerTransport } from '../../transport/ports.js';

/** One implementation: transports that can reach each other. */
export interface TransportWorld {
  /** Not opened yet. `key`: the cluster's secret, null for none. */
  transport(key: Uint8Array | null): PeerTransport;
  /** Frames longer than this must travel in pieces. */
  readonly max_payload: number;
  end(): Promise<void>;
}

const KEY = new Uint8Array(32).fill(9);
const CLUSTER = 0xabcdefabcdefabcdn as ClusterId;
const alice: Member = { id: memberId(0xa11ce0000000000an), name: 'alice' };
const bob: Member = { id: memberId(0xb0bn), name: 'bob' };
const both: Configuration = { voters: [alice, bob], learners: [] };

const heartbeat = (from: Member, round = 1): PeerMessage => ({
  type: 'heartbeat.sent',
  from: from.id,
  term: term(3),
  commit: index(7),
  round: round as never,
});
const accepted = (from: Member): PeerMessage => ({
  type: 'append.accepted',
  from: from.id,
  term: term(3),
  upTo: index(7),
});
const append = (from: Member, bytes: number): AppendSent => ({
  type: 'append.sent',
  from: from.id,
  term: term(3),
  previous: { index: index(4), term: term(2) },
  commit: index(4),
  entries: [{ index: index(5), term: term(3), kind: 'command', data: new Uint8Array(bytes).map((_, i) => i * 31) }],
});

/** What one transport heard, and a way to wait for it. */
export function listener(pieces: PeerHandlers['piece'] = async () => null) {
  const messages: PeerMessage[] = [];
  const births: { from: Member; message: BirthMessage }[] = [];
  const dropped: string[] = [];
  const refused: string[] = [];
  const links: string[] = [];
  const waiting: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];
  const look = () => {
    for (const each of waiting.splice(0))
      if (each.ready()) each.resolve();
      else waiting.push(each);
  };
  const note = <T>(list: T[], value: T) => {
    list.push(value);
    look();
  };
  const handlers: PeerHandlers = {
    message: (message) => note(messages, message),
    birth: (from, message) => note(births, { from, message }),
    piece: pieces,
    link: (link, state) => note(links, `${link} ${state}`),
    dropped: (reason) => note(dropped, reason),
    refused: (_, reason) => note(refused, reason),
  };
  const until = (ready: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ ready, resolve });
      look();
    });
  return { messages, births, dropped, refused, links, handlers, until };
}

export function transportSuite(name: string, begin: () => Promise<TransportWorld>): void {
  describe(`peer transport on ${name}`, () => {
    let world: TransportWorld;
    const open: PeerTransport[] = [];
    before(async () => {
      world = await begin();
    });
    after(() => world.end());

    /** Opened, and in the cluster unless another is given; null: in none. */
    const enter = async (
      member: Member,
      ears: ReturnType<typeof listener>,
      options: { epoch?: number; cluster?: ClusterId | null; key?: Uint8Array | null; clusterName?: string } = {},
    ): Promise<PeerTransport> => {
      const { epoch = 1, cluster = CLUSTER, key = KEY, clusterName = 'one' } = options;
      const transport = world.transport(key);
      open.push(transport);
      await transport.open({ member, cluster_name: clusterName, epoch: epoch as Epoch }, ears.handlers);
      if (cluster !== null) transport.join(cluster, both);
      return transport;
    };
    afterEach(() => Promise.all(open.splice(0).map((transport) => transport.close())));

    /** The other end hears from this one, and so knows its epoch. */
    const meet = async (from: PeerTransport, to: Member, ears: ReturnType<typeof listener>, sender: Member) => {
      from.send([{ to: to.id, message: heartbeat(sender) }]);
      await ears.until(() => ears.messages.length > 0);
      ears.messages.length = 0;
    };

    test('letters of one turn arrive, control and bulk, whole and in any order', async () => {
      const [hears, answers] = [listener(), listener()];
      const [a, b] = [await enter(alice, answers), await enter(bob, hears)];
      await meet(a, bob, hears, alice);
      await meet(b, alice, answers, bob);
      const letters = [heartbeat(alice, 1_000), append(alice, 300), append(alice, 0)];
      a.send(letters.map((message) => ({ to: bob.id, message })));
      await hears.until(() => hears.messages.filter((each) => each.type === 'append.sent').length === 2);
      await hears.until(() => hears.messages.some((each) => each.type === 'heartbeat.sent' && each.round === 1_000));
      assert.deepEqual(
        hears.messages.filter((each) => each.type === 'append.sent'),
        letters.slice(1),
      );
      b.send([{ to: alice.id, message: accepted(bob) }]);
      await answers.until(() => answers.messages.some((each) => each.type === 'append.accepted'));
      assert.deepEqual([...hears.dropped, ...answers.dropped], []);
    });

    test('[safety] an entry larger than the payload allowed arrives all the same', async () => {
      const hears = listener();
      const [a] = [await enter(alice, listener()), await enter(bob, hears)];
      await meet(a, bob, hears, alice);
      for (const extra of [-300, -200, -150, -100, -50, -1, 0, 1, world.max_payload, 2 * world.max_payload + 17]) {
        const message = append(alice, world.max_payload + extra);
        a.send([{ to: bob.id, message }]);
        await hears.until(() => hears.messages.some((each) => each.type === 'append.sent'));
        assert.deepEqual(
          hears.messages.filter((each) => each.type === 'append.sent'),
          [message],
          `extra ${extra}`,
        );
        hears.messages.length = 0;
      }
    });

    test('[safety] a frame of another cluster id, or with another key, changes nothing', async () => {
      const hears = listener();
      await enter(bob, hears);
      const foreign = await enter(alice, listener(), { cluster: (CLUSTER + 1n) as ClusterId });
      const forged = await enter(alice, listener(), { key: new Uint8Array(32).fill(8), epoch: 99 });
      const unsigned = await enter(alice, listener(), { key: null, epoch: 99 });
      for (const [sender, reason] of [
        [foreign, 'foreign cluster'],
        [forged, 'signature'],
        [unsigned, 'signature'],
      ] as const) {
        hears.dropped.length = 0;
        const dropped = hears.until(() => hears.dropped.includes(reason));
        sender.send([{ to: bob.id, message: heartbeat(alice) }]);
        await dropped;
      }
      const honest = await enter(alice, listener());
      await meet(honest, bob, hears, alice);
      assert.deepEqual(hears.messages, []);
    });

    test('[safety] only members are heard, each for itself, and none before the cluster is known', async () => {
      const hears = listener();
      const b = await enter(bob, hears, { cluster: null });
      const a = await enter(alice, listener());
      const stranger = await enter({ id: memberId(5n), name: 'mallory' }, listener());
      const expectDropped = async (sender: PeerTransport, message: PeerMessage, reason: string) => {
        hears.dropped.length = 0;
        const dropped = hears.until(() => hears.dropped.includes(reason));
        sender.send([{ to: bob.id, message }]);
        await dropped;
      };
      await expectDropped(a, heartbeat(alice), 'foreign cluster');
      b.join(CLUSTER, both);
      await expectDropped(stranger, heartbeat({ id: memberId(5n), name: 'mallory' }), 'not a member');
      await expectDropped(stranger, heartbeat(alice), 'not a member');
      await expectDropped(a, heartbeat(bob), 'not a member');
      assert.deepEqual(hears.messages, []);
    });

    test('[safety] what an earlier life said, or was answered, is dropped', async () => {
      const hears = listener();
      const b = await enter(bob, hears, { epoch: 4 });
      const before = await enter(alice, listener(), { epoch: 1 });
      await meet(before, bob, hears, alice);
      const answers = listener();
      const now = await enter(alice, answers, { epoch: 2 });
      // Bob knows the first life only: what he answers is to that one.
      b.send([{ to: alice.id, message: accepted(bob) }]);
      await answers.until(() => answers.dropped.includes('answer to an earlier life'));
      now.send([{ to: bob.id, message: heartbeat(alice, 77) }]);
      await hears.until(() => hears.messages.some((each) => each.type === 'heartbeat.sent' && each.round === 77));
      before.send([{ to: bob.id, message: heartbeat(alice, 78) }]);
      await hears.until(() => hears.dropped.includes('epoch'));
      b.send([{ to: alice.id, message: accepted(bob) }]);
      await answers.until(() => answers.messages.some((each) => each.type === 'append.accepted'));
      assert.equal(
        hears.messages.some((each) => each.type === 'heartbeat.sent' && each.round === 78),
        false,
      );
    });

    test('before there is a cluster, nodes hear each other by name', async () => {
      const hears = listener();
      const [a] = [await enter(alice, listener(), { cluster: null }), await enter(bob, hears, { cluster: null })];
      const messages: BirthMessage[] = [
        { type: 'birth.asked', round: 1, members: ['alice', 'bob'] },
        { type: 'birth.answered', round: 1, members: ['alice', 'bob'], cluster: null },
        { type: 'birth.answered', round: 2, members: [], cluster: CLUSTER },
        { type: 'born', members: [alice, bob] },
      ];
      for (const message of messages) {
        const count = hears.births.length;
        a.sendBirth('bob', message);
        await hears.until(() => hears.births.length > count);
        assert.deepEqual(hears.births.at(-1), { from: alice, message });
      }
    });

    test('a stream is pulled piece by piece, larger than one message or not, until there is no more', async () => {
      const stream = [new Uint8Array(10).fill(1), new Uint8Array(world.max_payload * 2 + 5).fill(2)];
      const asked: string[] = [];
      const gives = listener(async (from, id, number) => {
        asked.push(`${from} ${id} ${number}`);
        return stream[number] ?? null;
      });
      const [, b] = [await enter(alice, gives), await enter(bob, listener())];
      await meet(b, alice, gives, bob);
      const offer: SnapshotOffer = { id: 's1', size_bytes: 1, index: index(9), term: term(2), configuration: both };
      assert.deepEqual(await b.pull(alice.id, offer, 0), stream[0]);
      assert.deepEqual(await b.pull(alice.id, offer, 1), stream[1]);
      assert.equal(await b.pull(alice.id, offer, 2), null);
      assert.deepEqual(
        asked,
        [0, 1, 2].map((number) => `${bob.id} s1 ${number}`),
      );
      const unanswered = b.pull(alice.id, offer, 3);
      await b.close();
      await assert.rejects(unanswered, { reason: 'closed' });
    });
  });
}
