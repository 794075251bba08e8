/** The room of the event feed: who tells, when, and what whoever listens can know of what was not told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import { eventFeedRoom } from '../../actors/event-feed.js';
import type { EventFeedLetter } from '../../actors/mail.js';
import type { NodePorts, NodeSettings } from '../../actors/ports.js';
import { fromText } from '../../machines/language/bytes.js';
import { index, revision, type Term } from '../../machines/language/vocabulary.js';
import type { FeedBeat, FeedEvent } from '../../transport/ports.js';

/** The room with a door that can fail to tell. */
function openRoom(event_feed = true) {
  const told: string[] = [];
  const door = { leaves: true, interruptions: 0 };
  const feed = {
    tell: ({ term, revision: at, sub, tokens, numbers, event }: FeedEvent): boolean => {
      if (door.leaves) told.push(`${event.type} ${tokens.join('.')} ${term} ${at}.${sub} [${numbers.join()}]`);
      return door.leaves;
    },
    beat: ({ term, revision: at, unsent_revision }: FeedBeat): boolean => {
      told.push(`beat ${term} ${at} ${unsent_revision}`);
      return true;
    },
    get interruptions() {
      return door.interruptions;
    },
  };
  const kv = { status: { revision: revision(10) } };
  const ports = { door: { feed }, clock: { now_ms: () => 0 }, kv } as unknown as NodePorts;
  const room = createActor(eventFeedRoom, { input: { ports, settings: { event_feed } as NodeSettings } });
  room.start();
  const send = (letter: EventFeedLetter): void => room.send(letter);
  return {
    door,
    open: (term: number) => send({ type: 'openDoor', term: term as Term }),
    close: (term: number) => send({ type: 'closeDoor', term: term as Term }),
    tick: (now_ms: number) => send({ type: 'tick', now_ms }),
    /** One revision with puts to these keys. */
    write: (at: number, ...keys: string[]) => {
      const events = keys.map((key) => ({ type: 'put' as const, kv: kvOf(key, at), cause: 'user' as const }));
      const written = { applied: index(at), revision: revision(at), events: [{ revision: revision(at), events }] };
      send({ type: 'written', written });
    },
    /** What was told since this was last asked. */
    heard: () => told.splice(0),
  };
}

const kvOf = (key: string, at: number) => ({
  key: fromText(key),
  create_revision: at,
  mod_revision: at,
  version: 1,
  value: fromText('v'),
  lease: 0n,
});

test('a leader tells each event with its place, its numbers and its own term, and nobody else tells any', () => {
  const room = openRoom();
  room.write(10, 'before');
  room.tick(5_000);
  assert.deepEqual(room.heard(), []);
  room.open(3);
  room.write(11, 'a/1', 'a/2');
  room.write(12, 'b');
  assert.deepEqual(room.heard(), ['beat 3 10 10', 'put a.1 3 11.0 [1,1]', 'put a.2 3 11.1 [2,2]', 'put b 3 12.0 [3]']);
  room.close(3);
  room.write(13, 'a/1');
  room.tick(9_000);
  assert.deepEqual(room.heard(), []);
  room.open(5);
  room.write(14, 'a/1');
  assert.deepEqual(room.heard(), ['beat 5 10 10', 'put a.1 5 14.0 [1,1]']);
});

test('each second a beat tells how far it is', () => {
  const room = openRoom();
  room.open(3);
  room.write(11, 'a');
  room.heard();
  for (const now_ms of [950, 1_000, 1_050, 1_999, 2_000]) room.tick(now_ms);
  assert.deepEqual(room.heard(), ['beat 3 11 10', 'beat 3 11 10']);
});

test('an event that did not leave has its number all the same, and beats tell that it is missing', () => {
  const room = openRoom();
  room.open(3);
  room.write(11, 'a');
  room.door.leaves = false;
  room.write(12, 'a');
  room.door.leaves = true;
  room.write(13, 'a');
  room.tick(1_000);
  assert.deepEqual(room.heard(), ['beat 3 10 10', 'put a 3 11.0 [1]', 'put a 3 13.0 [3]', 'beat 3 13 12']);
});

test('after its connection broke a beat tells that anything up to then may be missing', () => {
  const room = openRoom();
  room.open(3);
  room.write(11, 'a');
  room.door.interruptions++;
  room.tick(1_000);
  room.write(12, 'a');
  room.tick(2_000);
  assert.deepEqual(room.heard().slice(2), ['beat 3 11 11', 'put a 3 12.0 [2]', 'beat 3 12 11']);
});

test('without --event-feed nothing is told', () => {
  const room = openRoom(false);
  room.open(3);
  room.write(11, 'a');
  room.tick(5_000);
  assert.deepEqual(room.heard(), []);
});
