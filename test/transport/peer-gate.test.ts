/**
 * The gate: any damage to a frame, anywhere, keeps it out; and what is cut into pieces comes together or not at all.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import {
  type ClusterId,
  type Epoch,
  index,
  memberId,
  type PeerMessage,
  term,
} from '../../machines/language/vocabulary.js';
import { createGate, joinGate, openFrame, sealMessages } from '../../transport/peer-gate.js';
import { createFrameAssembler, createFramePacker } from '../../transport/peer-pieces.js';
import { addPiece, crc32, cutIntoPieces } from '../../transport/pieces.js';

const alice = { id: memberId(1n), name: 'alice' };
const bob = { id: memberId(2n), name: 'bob' };

function gateOf(member: typeof alice, key: Uint8Array | null, epoch = 1) {
  const gate = createGate({ member, cluster_name: 'c', epoch: epoch as Epoch }, key);
  joinGate(gate, 5n as ClusterId, { voters: [alice], learners: [bob] });
  return gate;
}

const packerOf = (stream: bigint, key: Uint8Array | null = null, epoch = 1) =>
  createFramePacker(memberId(stream), epoch as Epoch, key);

const message: PeerMessage = {
  type: 'heartbeat.sent',
  from: alice.id,
  term: term(2),
  commit: index(1),
  round: 1 as never,
};

test('[safety] one changed, missing or added byte keeps a signed frame out and leaves no trace', () => {
  const key = new Uint8Array(32).fill(1);
  const frame = sealMessages(gateOf(alice, key, 7), bob.id, [message]);
  const gate = gateOf(bob, key);
  for (let at = 0; at < frame.length; at++) {
    for (const flip of [1, 0x80, 0xff]) {
      const changed = frame.slice();
      changed[at] = (changed[at] as number) ^ flip;
      assert.equal(openFrame(gate, changed).kind, 'dropped', `byte ${at}`);
    }
    assert.equal(openFrame(gate, frame.slice(0, at)).kind, 'dropped');
  }
  assert.equal(openFrame(gate, Uint8Array.of(...frame, 0)).kind, 'dropped');
  assert.equal(gate.epochs.size, 0);
  assert.deepEqual(openFrame(gate, frame), { kind: 'messages', messages: [message], dropped: 0 });
  assert.deepEqual([...gate.epochs], [[alice.id, 7]]);
});

test('without a key, damage is found or gives a whole message, and never an exception', () => {
  const frame = sealMessages(gateOf(alice, null), bob.id, [
    message,
    { type: 'campaign.asked', from: alice.id, term: term(2) },
  ]);
  for (let at = 0; at < frame.length; at++) {
    for (let flip = 1; flip < 256; flip += 5) {
      const changed = frame.slice();
      changed[at] = (changed[at] as number) ^ flip;
      assert.ok(['dropped', 'messages'].includes(openFrame(gateOf(bob, null), changed).kind));
    }
  }
});

test('[safety] what comes in the own name is not heard: another process says it', () => {
  const frame = sealMessages(gateOf(bob, null), bob.id, [{ ...message, from: bob.id }]);
  const opened = openFrame(gateOf(bob, null), frame);
  assert.ok(opened.kind === 'dropped' && opened.reason === 'not for me');
});

test('[safety] a member that left the configuration is not heard any more', () => {
  const gate = gateOf(bob, null);
  const frame = sealMessages(gateOf(alice, null), bob.id, [message]);
  assert.equal(openFrame(gate, frame).kind, 'messages');
  joinGate(gate, 5n as ClusterId, { voters: [bob], learners: [] });
  assert.deepEqual(openFrame(gate, frame), { kind: 'dropped', reason: 'not a member', from: 'alice' });
});

test('[safety] of two processes with one identity only the later life is heard, and the other one learns of it', () => {
  const key = new Uint8Array(32).fill(1);
  const [hearer, earlier, later] = [gateOf(alice, key), gateOf(bob, key, 7), gateOf(bob, key, 8)];
  const members = { voters: [alice, bob], learners: [] };
  for (const gate of [hearer, earlier, later]) joinGate(gate, 5n as ClusterId, members);
  const asked: PeerMessage = { type: 'campaign.asked', from: bob.id, term: term(2) };
  const say = (gate: typeof earlier) => openFrame(hearer, sealMessages(gate, alice.id, [asked]));
  assert.equal(say(earlier).kind, 'messages');
  assert.equal(say(later).kind, 'messages');
  assert.deepEqual(say(earlier), { kind: 'dropped', reason: 'epoch', from: 'bob' });
  const word = sealMessages(hearer, bob.id, [message]);
  assert.deepEqual(openFrame(earlier, word), { kind: 'dropped', reason: 'superseded', from: 'alice' });
  assert.equal(openFrame(later, word).kind, 'messages');
  const forged = sealMessages({ ...hearer, key: null }, bob.id, [message]);
  assert.equal(openFrame(earlier, forged).kind, 'dropped');
  assert.notDeepEqual(openFrame(earlier, forged), { kind: 'dropped', reason: 'superseded', from: 'alice' });
});

test('pieces: every size comes together again; lost, repeated, swapped or damaged ones never give a frame', () => {
  for (const size of [0, 1, 99, 100, 101, 1_000]) {
    const frame = Uint8Array.from({ length: size }, (_, i) => i);
    const assembler = createFrameAssembler(10_000, 3, null);
    const frames = packerOf(9n)(frame, 100).map((each) => assembler.add(each));
    assert.deepEqual(frames.at(-1), { frame });
    assert.ok(frames.slice(0, -1).every((each) => each === undefined));
  }
  const frame = new Uint8Array(1_000).fill(3);
  const pieces = packerOf(9n)(frame, 300);
  assert.ok(pieces.every((piece) => piece.length <= 300));
  const damaged = pieces.map((piece) => piece.slice());
  (damaged[1] as Uint8Array)[50] = 99;
  const [one, two, three, four] = pieces as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  for (const wrong of [
    [one, three, four],
    [one, one, three, four],
    [one, three, two, four],
    [two, three, four],
    damaged,
  ]) {
    const assembler = createFrameAssembler(10_000, 3, null);
    const results = wrong.map((piece) => assembler.add(piece));
    assert.ok(results.every((each) => each === undefined || 'dropped' in each));
    assert.ok(results.some((each) => each !== undefined));
    // What follows is not spoiled by it.
    assert.deepEqual(pieces.map((piece) => assembler.add(piece)).at(-1), { frame });
  }
});

test('pieces: what is held is bounded, in bytes for a sender and in senders', () => {
  const small = createFrameAssembler(500, 2, null);
  assert.ok(
    packerOf(9n)(new Uint8Array(1_000), 300)
      .map((piece) => small.add(piece))
      .some((each) => each !== undefined && 'dropped' in each),
  );
  const few = createFrameAssembler(10_000, 2, null);
  const streams = [1n, 2n, 3n].map((stream) => packerOf(stream)(new Uint8Array(400).fill(Number(stream)), 300));
  for (const [first] of streams) few.add(first as Uint8Array);
  const ends = streams.map(([, last]) => few.add(last as Uint8Array));
  assert.deepEqual(
    ends.map((each) => (each === undefined ? 'more' : Object.keys(each)[0])),
    ['dropped', 'frame', 'frame'],
  );
});

test('[safety] with a key, no forged, changed or repeated piece disturbs the frame that is being put together', () => {
  const key = new Uint8Array(32).fill(1);
  const frame = new Uint8Array(1_000).fill(3);
  const pack = packerOf(9n, key, 2);
  const earlier = [packerOf(9n, key, 1)(frame, 300), pack(frame, 300)].flat();
  const pieces = pack(frame, 300);
  assert.ok(pieces.every((piece) => piece.length <= 300));
  const assembler = createFrameAssembler(10_000, 3, key);
  const reasons = new Set<string>();
  const drop = (piece: Uint8Array): void => {
    const result = assembler.add(piece);
    assert.ok(result !== undefined && 'dropped' in result);
    reasons.add(result.dropped);
  };
  for (const piece of earlier) assembler.add(piece);
  for (const [place, piece] of pieces.entries()) {
    for (const forged of [packerOf(9n, null, 9), packerOf(9n, new Uint8Array(32), 9)]) forged(frame, 300).forEach(drop);
    for (let at = 1; at < piece.length; at += 7) drop(piece.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    earlier.forEach(drop);
    pieces.slice(0, place).forEach(drop);
    pieces.slice(place + 1).forEach(drop);
    const result = assembler.add(piece);
    assert.deepEqual(result, place === pieces.length - 1 ? { frame } : undefined);
  }
  pieces.forEach(drop);
  assert.deepEqual([...reasons].sort(), ['pieces', 'signature']);
});

test('pieces: all senders together are bounded, and so is the number of pieces', () => {
  const assembler = createFrameAssembler(1_000, 30, null);
  const streams = Array.from({ length: 20 }, (_, at) => packerOf(BigInt(at + 1))(new Uint8Array(900), 500));
  for (const [first] of streams) assembler.add(first as Uint8Array);
  const ends = streams.map(([, second]) => assembler.add(second as Uint8Array));
  const whole = ends.filter((each) => each !== undefined && 'frame' in each).length;
  assert.ok(whole >= 4 && whole <= 9, `${whole} were kept`);
  const nothing = { number: 1, total: 5, crc: 0, bytes: new Uint8Array(0) };
  assert.equal(addPiece(undefined, nothing, 100).state, 'broken');
  assert.equal(addPiece(undefined, { ...nothing, total: 100_000, bytes: new Uint8Array(1) }, 100).state, 'broken');
});

test('pieces: the checksum is the CRC-32 that every other program has', () => {
  assert.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf43926);
  if (typeof zlibCrc32 === 'function')
    assert.equal(crc32(new Uint8Array(1_000).fill(7)), zlibCrc32(new Uint8Array(1_000).fill(7)));
  const [piece] = cutIntoPieces(new Uint8Array(10), 100);
  assert.ok(piece !== undefined);
  assert.equal(addPiece(undefined, piece, 100).state, 'whole');
});
