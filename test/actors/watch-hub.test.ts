/** The room of the watches on a real store, and a stream that is looked at: windows, catching up, replaced states. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor, fromCallback, setup } from 'xstate';
import type { Operation } from '../../machines/language/commands.js';
import { limits } from '../../machines/language/limits.js';
import type { ClusterId, Index } from '../../machines/language/vocabulary.js';
import type { WatchCreate, WatchMessage, WatchRequest } from '../../machines/language/watching.js';
import { nobodyYet } from '../../actors/incoming.js';
import { post, type System, type WatchHubLetter } from '../../actors/mail.js';
import type { NodePorts, NodeSettings } from '../../actors/ports.js';
import { watchHubRoom } from '../../actors/watch-hub.js';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { MvccStore } from '../../store/mvcc.js';
import type { WatchStream } from '../../transport/ports.js';
import { bytesOf, compact, Driver, eagerClock, memberOf, put, remove } from '../store/kv-steps.js';

const create = (given: Partial<WatchCreate> = {}): WatchCreate => ({
  ranges: [{ key: bytesOf('\0'), range_end: bytesOf('\0') }],
  start_revision: 0,
  prev_kv: false,
  filters: [],
  progress_notify: false,
  fragment: false,
  watch_id: 0,
  initial_state: false,
  initial_after: bytesOf(''),
  after_index: 0,
  ...given,
});

async function openHub() {
  const kv = new MvccStore(new MemoryEngineFactory(), eagerClock);
  await kv.open('store/0');
  const driver = new Driver(kv);
  let now_ms = 0;
  const clock = { ...eagerClock, now_ms: () => now_ms };
  const ports = { kv, clock, journal: { warn: () => undefined } } as unknown as NodePorts;
  const settings = { watch_progress_ms: 5_000 } as unknown as NodeSettings;
  const self = { member: memberOf(1n, 'n1'), cluster_name: 'c', epoch: 1 };
  const incoming = nobodyYet(ports, () => undefined);
  const input = { ports, settings, self, incoming, cluster: 1n as ClusterId, raft: { applied: 0 } };
  let hurried = 0;
  const state = fromCallback(({ receive }) => receive(() => void hurried++));
  const rooms = setup({ actors: { watchHub: watchHubRoom, state } }).createMachine({
    invoke: [
      { src: 'state', systemId: 'state' },
      { src: 'watchHub', systemId: 'watchHub', input: input as never },
    ],
  });
  const actor = createActor(rooms);
  actor.start();
  const system = actor.system as System;
  const tell = (letter: WatchHubLetter): void => post(system, 'watchHub', letter);

  /** Writes, and tells the hub of it unless that is to hear later, or never. */
  const write = async (...operations: Operation[]) => {
    await driver.decide(...operations);
    const written = await kv.write();
    return { written, told: () => tell({ type: 'written', written }) };
  };
  const run = async (...operations: Operation[]): Promise<void> => (await write(...operations)).told();

  const open = (first: WatchCreate, window_bytes = 0, bytes = 10) => {
    const said: WatchMessage[] = [];
    let closed = false;
    let refused: string | null = null;
    const stream: WatchStream = {
      isOpen: true,
      send: (message) => {
        if (closed) return 0;
        said.push(message);
        return bytes;
      },
      refuse: (error) => (refused = error.message),
      complain: (error) => assert.fail(error.message),
      close: () => (closed = true),
    };
    const listener = incoming.watching?.(stream, { create: first, window_bytes });
    assert.ok(listener !== undefined);
    return {
      said,
      ask: (request: WatchRequest) => listener.asked(request),
      gone: () => listener.gone(),
      get isClosed() {
        return closed;
      },
      get refused() {
        return refused;
      },
      /** The revisions of all events so far, those before them in brackets. */
      revisions: () =>
        said
          .flatMap(({ responses }) => responses)
          .flatMap(({ events }) => events)
          .map(({ event, prev_kv }) =>
            prev_kv === null ? `${event.kv.mod_revision}` : `${event.kv.mod_revision}[${prev_kv.mod_revision}]`,
          ),
    };
  };
  return {
    kv,
    hurried: () => hurried,
    run,
    write,
    tell,
    open,
    tick: (ms: number) => tell({ type: 'tick', now_ms: (now_ms += ms) }),
    /** Lets what the store was asked for come back. */
    settle: async () => {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('a full window keeps the revision and not the events; acknowledged, they come from the store', async () => {
  const hub = await openHub();
  const watch = hub.open(create(), 15);
  watch.ask({ type: 'acknowledge', number: 1 });
  for (let n = 0; n < 5; n++) await hub.run(put('a', String(n)));
  await hub.settle();
  assert.deepEqual(watch.revisions(), ['2', '3'], 'two messages of 10 bytes fill 15');
  hub.tick(limits.watch_heartbeat_ms);
  assert.deepEqual(watch.said.at(-1)?.heartbeat?.behind, [0], 'a mark does not speak for it');
  watch.ask({ type: 'acknowledge', number: 2 });
  assert.deepEqual(watch.revisions(), ['2', '3'], 'half of the window is not free');
  watch.ask({ type: 'acknowledge', number: 3 });
  await hub.settle();
  assert.deepEqual(watch.revisions(), ['2', '3', '4', '5', '6']);
  await hub.kv.close();
});

test('one that lags behind a compaction is cancelled, and hears from where on it can watch', async () => {
  const hub = await openHub();
  const watch = hub.open(create(), 5);
  for (let n = 0; n < 5; n++) await hub.run(put('a', String(n)));
  await hub.run(compact(6));
  hub.tick(limits.watch_heartbeat_ms);
  const [last] = watch.said.filter(({ heartbeat }) => heartbeat === null).at(-1)?.responses ?? [];
  assert.deepEqual([last?.canceled, last?.compact_revision], [true, 6]);
  assert.deepEqual(watch.revisions(), []);
  await hub.kv.close();
});

test('[safety] a write that does not follow the last one, and a replaced state, make everybody catch up', async () => {
  const hub = await openHub();
  const watch = hub.open(create());
  await hub.write(put('a', '1'));
  await hub.run(put('a', '2'));
  await hub.settle();
  assert.deepEqual(watch.revisions(), ['2', '3']);
  const { written } = await hub.write(put('a', '3'), put('b', '1'));
  hub.tell({ type: 'switched', written: { ...written, events: [] } });
  await hub.run(put('a', '4'));
  await hub.settle();
  assert.deepEqual(watch.revisions(), ['2', '3', '4', '5', '6']);
  await hub.kv.close();
});

test('[safety] nothing is lost or seen twice where a write comes while a row reads', async () => {
  const hub = await openHub();
  for (let n = 0; n < 3; n++) await hub.run(put('a', String(n)));
  const watch = hub.open(create({ start_revision: 2 }));
  // The store has it, the hub hears of it later: either way it is seen once.
  const late = await hub.write(put('a', '3'));
  await hub.settle();
  late.told();
  await hub.run(put('a', '4'));
  await hub.settle();
  assert.deepEqual(watch.revisions(), ['2', '3', '4', '5', '6']);
  await hub.kv.close();
});

test('the pairs before are asked for once; who joins meanwhile has them too', async () => {
  const hub = await openHub();
  await hub.run(put('a', '1'));
  const watch = hub.open(create({ prev_kv: true }));
  await hub.run(put('a', '2'));
  // The question for what revision 3 overwrote is under way now.
  const joined = hub.open(create({ prev_kv: true, start_revision: 2 }));
  await hub.run(remove('a'));
  await hub.settle();
  assert.deepEqual(watch.revisions(), ['3[2]', '4[3]']);
  assert.deepEqual(joined.revisions(), ['2', '3[2]', '4[3]']);
  await hub.kv.close();
});

test('now is not before what this member has answered: a watcher waits for it to be written', async () => {
  const hub = await openHub();
  hub.tell({ type: 'decided', index: 1 as Index });
  assert.equal(hub.hurried(), 0, 'nobody watches');
  const watch = hub.open(create());
  watch.ask({ type: 'create', create: create({ start_revision: 1 }) });
  assert.deepEqual([watch.said.length, hub.hurried()], [0, 2], 'everything in its order');
  await hub.run(put('a', '1'));
  await hub.settle();
  const [first, second] = watch.said.flatMap(({ responses }) => responses);
  assert.deepEqual([first?.created, first?.revision], [true, 2]);
  assert.equal(second?.created, true);
  assert.deepEqual(watch.revisions(), ['2'], 'the one from now on does not see it');
  hub.tell({ type: 'decided', index: 2 as Index });
  assert.equal(hub.hurried(), 3, 'events are not to wait for the beat');
  await hub.kv.close();
});

test('watchers of a session that see the same are told in one response', async () => {
  const hub = await openHub();
  const watch = hub.open(create());
  for (let n = 0; n < 3; n++) watch.ask({ type: 'create', create: create() });
  watch.ask({ type: 'create', create: create({ filters: ['noput'] }) });
  await hub.run(put('a', '1'));
  const responses = watch.said.at(-1)?.responses ?? [];
  assert.deepEqual(
    responses.map(({ watch_ids, events }) => [watch_ids, events.length]),
    [[[0, 1, 2, 3], 1]],
  );
  watch.gone();
  assert.ok(watch.isClosed);
  await hub.run(put('a', '2'));
  await hub.kv.close();
});

test('the state first, then what follows it, in pages that a reader can go on from', async () => {
  const hub = await openHub();
  await hub.run(put('a', '1'), put('b', '1'), put('c', '1'));
  const watch = hub.open(create({ initial_state: true, initial_after: bytesOf('a') }));
  await hub.run(put('a', '2'));
  await hub.settle();
  const responses = watch.said.flatMap((message) => message.responses);
  assert.deepEqual(
    responses.map(({ created, initial, more, revision, events }) => [created, initial, more, revision, events.length]),
    [
      [true, false, false, 4, 0],
      [false, true, false, 4, 2],
      [false, false, false, 5, 1],
    ],
  );
  await hub.kv.close();
});

test('progress: told from time to time to who asked for it, and at once when all have seen everything', async () => {
  const hub = await openHub();
  const watch = hub.open(create({ progress_notify: true }));
  await hub.run(put('a', '1'));
  const before = watch.said.length;
  watch.ask({ type: 'progress' });
  assert.deepEqual(watch.said.at(-1)?.responses[0]?.watch_ids, [-1]);
  assert.equal(watch.said.at(-1)?.responses[0]?.revision, 2);
  hub.tick(4_000);
  hub.tick(2_000);
  const notices = watch.said.slice(before + 1).flatMap(({ responses }) => responses);
  assert.deepEqual(
    notices.map(({ watch_ids, revision, events }) => [watch_ids, revision, events.length]),
    [[[0], 2, 0]],
  );
  await hub.kv.close();
});

test('B-40 a learner takes no watcher, on a new stream or on one of before', async () => {
  const hub = await openHub();
  const watch = hub.open(create());
  hub.tell({ type: 'announce', term: 1, role: 'learner', leader: null } as unknown as WatchHubLetter);
  watch.ask({ type: 'create', create: { ...create(), watch_id: 7 } });
  const [refusal] = watch.said.at(-1)?.responses ?? [];
  const text = 'etcdserver: rpc not supported for learner';
  assert.equal(refusal?.asked_id, 7);
  assert.deepEqual([refusal?.watch_ids, refusal?.canceled, refusal?.cancel_reason], [[-1], true, text]);
  const late = hub.open(create());
  assert.deepEqual([late.refused, late.said], [text, []]);
  await hub.kv.close();
});
