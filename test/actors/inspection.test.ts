/** One inspection of a small actor system: who sent what, which states, and what is left out when there is too much. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createInspector } from '@statelyai/inspect';
import { createActor, fromCallback, fromPromise, setup } from 'xstate';
import { type CreateInspector, type InspectedActor, openInspection } from '../../actors/inspection.js';
import {
  INSPECTION_KINDS,
  type Inspected,
  type InspectionRequest,
  type MailboxesTold,
} from '../../machines/language/inspection.js';
import { memberId } from '../../machines/language/vocabulary.js';

interface Ball {
  readonly type: 'ball' | 'tick' | 'turn' | 'flood';
  readonly value?: Uint8Array;
}

/** A root with two rooms: the thrower throws to the catcher, whose chart turns. */
function startRooms() {
  const catcher = setup({
    types: { events: {} as Ball },
    actors: { work: fromPromise(() => Promise.resolve(1)) },
    guards: { isHeavy: () => true },
  }).createMachine({
    id: 'glove',
    initial: 'open',
    states: {
      open: { on: { turn: { target: 'closed', guard: 'isHeavy' } } },
      closed: { invoke: { src: 'work' }, on: { turn: 'open' } },
    },
  });
  const thrower = fromCallback<Ball>(({ receive, system }) => {
    receive((letter) => {
      const target = (system as { get(name: string): { send(letter: Ball): void } }).get('catcher');
      const throws = letter.type === 'flood' ? 1_000 : 1;
      for (let n = 0; n < throws; n++) target.send({ type: 'ball', value: new Uint8Array(3) });
    });
  });
  const root = createActor(
    setup({ actors: { catcher, thrower } }).createMachine({
      id: 'house',
      invoke: [
        { src: 'catcher', systemId: 'catcher' },
        { src: 'thrower', systemId: 'thrower' },
      ],
    }),
    { systemId: 'node' },
  ).start();
  const room = (name: string) => (root.system as { get(name: string): { send(letter: Ball): void } }).get(name);
  return { root, room };
}

function inspect(root: ReturnType<typeof startRooms>['root'], filter: Partial<InspectionRequest['filter']> = {}) {
  const inspection = openInspection({
    root: root as unknown as InspectedActor,
    request: { for_ms: 1_000, filter: { actors: [], kinds: INSPECTION_KINDS, per_second: 100, ...filter } },
    createInspector: createInspector as unknown as CreateInspector,
    frames_per_second: 10,
    self: memberId(1n),
    nameOf: (id) => `n${id}`,
    standing: () => null,
    wall_ms: () => 1_000,
  });
  root.system.inspect((event) => inspection.observe(event));
  return inspection;
}

const ofType = <T extends Inspected['type']>(events: readonly Inspected[], type: T) =>
  events.filter((event): event is Extract<Inspected, { type: T }> => event.type === type);

const boxes = (events: readonly Inspected[]): MailboxesTold['boxes'] =>
  ofType(events, 'quorate.mailboxes').flatMap((told) => told.boxes);

describe('an inspection', () => {
  test('first tells of every actor by its address, with its chart and where it stands', () => {
    const { root } = startRooms();
    const actors = ofType(inspect(root).frame().events, '@xstate.actor');
    assert.deepEqual(
      actors.map(({ name }) => name),
      ['node', 'catcher', 'thrower'],
    );
    const [node, catcher] = actors;
    assert.equal(catcher?.parentId, node?.sessionId);
    assert.equal(catcher?.snapshot.value, 'open');
    const definition = JSON.parse(catcher?.definition ?? '{}') as { states: Record<string, unknown> };
    assert.deepEqual(Object.keys(definition.states).sort(), ['closed', 'open']);
  });

  test('a letter names its sender, though rooms post without saying who they are', () => {
    const { root, room } = startRooms();
    const inspection = inspect(root);
    const actors = ofType(inspection.frame().events, '@xstate.actor');
    room('thrower').send({ type: 'ball' });
    const { events } = inspection.frame();
    const ids = new Map(actors.map(({ sessionId, name }) => [sessionId, name]));
    const letters = ofType(events, '@xstate.event').map((each) => ({
      to: ids.get(each.sessionId),
      from: ids.get(each.sourceId ?? ''),
      value: each.event['value'],
    }));
    assert.deepEqual(letters, [
      { to: 'thrower', from: undefined, value: undefined },
      { to: 'catcher', from: 'thrower', value: '‹3 bytes›' },
    ]);
  });

  test('a turn of a chart is told, with its guard, and what is between two frames ends in one snapshot', async () => {
    const { root, room } = startRooms();
    const inspection = inspect(root);
    inspection.frame();
    room('catcher').send({ type: 'turn' });
    // The promise that the state invokes is no room, and is not told of.
    await new Promise((resolve) => setImmediate(resolve));
    const { events } = inspection.frame();
    const [step] = ofType(events, 'quorate.microstep');
    assert.deepEqual(step?.transitions[0], {
      source: 'glove.open',
      targets: ['glove.closed'],
      guard: 'isHeavy',
      actions: [],
    });
    assert.equal(ofType(events, '@xstate.snapshot')[0]?.snapshot.value, 'closed');
    assert.deepEqual(ofType(events, '@xstate.actor'), []);
  });

  test('a flood is counted in full, told in part, and hides no turn of a chart', () => {
    const { root, room } = startRooms();
    const inspection = inspect(root);
    inspection.frame();
    room('thrower').send({ type: 'flood' });
    room('catcher').send({ type: 'turn' });
    const { events, untold } = inspection.frame();
    const told = ofType(events, '@xstate.event').filter(({ event }) => event.type === 'ball');
    assert.ok(told.length >= 1 && told.length <= 10, `${told.length} told`);
    assert.equal(told.length + untold, 1_000);
    assert.equal(boxes(events).find(({ letter }) => letter === 'ball')?.count, 1_000);
    assert.equal(ofType(events, '@xstate.snapshot').at(-1)?.snapshot.value, 'closed');
    assert.equal(inspection.frame().untold, 0);
  });

  test('ticks are counted, and not told one by one', () => {
    const { root, room } = startRooms();
    const inspection = inspect(root);
    inspection.frame();
    room('catcher').send({ type: 'tick' });
    const { events } = inspection.frame();
    assert.deepEqual(ofType(events, '@xstate.event'), []);
    assert.equal(boxes(events)[0]?.letter, 'tick');
  });

  test('who asks for one actor and one kind is told of nothing else', () => {
    const { root, room } = startRooms();
    const inspection = inspect(root, { actors: ['catcher'], kinds: ['snapshot'] });
    inspection.frame();
    room('thrower').send({ type: 'ball' });
    room('catcher').send({ type: 'turn' });
    const types = inspection.frame().events.map(({ type }) => type);
    assert.deepEqual(types, ['@xstate.snapshot', 'quorate.mailboxes']);
  });
});

test('letters that wait in a busy room are counted as waiting', () => {
  const { root, room } = startRooms();
  const inspection = inspect(root);
  inspection.frame();
  const once = (root.system as unknown as { get(name: string): { subscribe(look: () => void): unknown } }).get(
    'catcher',
  );
  // Sent while the catcher is still at work on its turn: they wait until it is done.
  let sent = false;
  once.subscribe(() => {
    if (sent) return;
    sent = true;
    for (let n = 0; n < 3; n++) room('catcher').send({ type: 'ball' });
  });
  room('catcher').send({ type: 'turn' });
  const ball = boxes(inspection.frame().events).find(({ letter }) => letter === 'ball');
  assert.equal(ball?.waiting_max, 3);
});
