/** The rooms of the state while an installed snapshot takes its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor, fromCallback, setup } from 'xstate';
import { applyRoom, createPace } from '../../actors/apply.js';
import { type ApplyJob, type Mail, post, type System } from '../../actors/mail.js';
import { stateRoom } from '../../actors/state.js';
import type { Index, SnapshotMark, Term } from '../../machines/language/vocabulary.js';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { MvccStore } from '../../store/mvcc.js';
import { stillVitals } from '../model/still-vitals.js';
import { Driver, eagerClock, entryOf, memberOf, put } from '../store/kv-steps.js';

type Heard = Mail['raft'] | Mail['requests'] | Mail['leaseTicker'];

/** The two rooms, and who hears of them. */
function openRooms(kv: MvccStore, heard: (letter: Heard) => void): System {
  const pace = createPace();
  const snapshots = { receive: () => Promise.reject(new Error('none comes')), sweep: () => Promise.resolve() };
  const listener = fromCallback<Heard>(({ receive }) => receive(heard));
  const rooms = setup({
    actors: {
      apply: applyRoom(kv, snapshots, pace, stillVitals),
      state: stateRoom(kv, pace, stillVitals),
      raft: listener,
      requests: listener,
      // They hear of it too, for the watchers and the leases.
      bystander: fromCallback(() => undefined),
    },
  }).createMachine({
    invoke: [
      { src: 'raft', systemId: 'raft' },
      { src: 'requests', systemId: 'requests' },
      { src: 'bystander', systemId: 'watchHub' },
      { src: 'bystander', systemId: 'leaseTicker' },
      { src: 'bystander', systemId: 'coordination' },
      { src: 'bystander', systemId: 'eventFeed' },
      { src: 'state', systemId: 'state' },
      { src: 'apply', systemId: 'apply', input: { items_max: 100 } },
    ],
  });
  const actor = createActor(rooms);
  actor.start();
  return actor.system as System;
}

test('writes ordered for the old state are over before an installed snapshot takes its place', async () => {
  const factory = new MemoryEngineFactory();
  const clock = eagerClock;
  const installed = new MvccStore(factory, clock);
  await installed.open('store/1');
  await new Driver(installed).run(...Array.from({ length: 20 }, (_, i) => put('a', String(i))));
  await installed.close();

  const kv = new MvccStore(factory, clock);
  await kv.open('store/0');
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  factory.beforeWrite = () => gate;
  const told: string[] = [];
  let done = (): void => undefined;
  const switched = new Promise<void>((resolve) => (done = resolve));
  let decided = (): void => undefined;
  const system = openRooms(kv, (letter) => {
    if (letter.type === 'decided') decided();
    if (letter.type === 'applied') told.push(`applied ${letter.index}`);
    if (letter.type !== 'snapshot.installed') return;
    told.push(`installed ${letter.mark.index}`);
    done();
  });
  const apply = async (index: number): Promise<void> => {
    const answered = new Promise<void>((resolve) => (decided = resolve));
    const job: ApplyJob = { type: 'apply', entries: [entryOf(index, put('b', String(index)))] };
    post(system, 'apply', { type: 'add', items: [job] });
    await answered;
  };
  await apply(1);
  await apply(2);
  const configuration = { voters: [memberOf(1n, 'n1')], learners: [] };
  const mark: SnapshotMark = { index: 20 as Index, term: 1 as Term, configuration };
  post(system, 'apply', { type: 'add', items: [{ type: 'switch', mark, stateDirectory: 'store/1' }] });
  post(system, 'state', { type: 'hurried' });
  open();
  await switched;
  assert.deepEqual(told, ['applied 2', 'installed 20']);
  assert.equal(kv.status.revision, 21);
  await kv.close();
});
