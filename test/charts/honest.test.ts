/**
 * The chart is the protocol itself: every event is answered or refused by name in every state, nothing is inline, and
 * with any one arrow, action or guard taken out some test fails.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { RaftEventType } from '../../machines/language/vocabulary.js';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import { parse, play } from '../scenarios/scenario.js';
import { chart, everyEvent, leaks, leavesOf, list } from './chart.js';
import type { Arrow, Leaf, State } from './chart.js';
import { hunt, withoutAction, withoutGuard, withoutOne } from './mutants.js';
import type { Mutant } from './mutants.js';

const states = leavesOf(chart);

function everyState(state: State): readonly State[] {
  return [state, ...Object.values(state.states ?? {}).flatMap(everyState)];
}

/** All arrows that an event can take in a leaf, in order. */
function arrowsFor({ path }: Leaf, event: string): readonly Arrow[] {
  const found = path.flatMap((state) => list(state.on?.[event]));
  return found.length > 0 ? found : path.flatMap((state) => list(state.on?.['*']));
}

const arrowsOf = (state: State): readonly Arrow[] => [
  ...Object.values(state.on ?? {}).flatMap((arrows) => list<Arrow>(arrows)),
  ...list<Arrow>(state.always),
];

const actionsOf = (state: State): readonly unknown[] => [
  ...arrowsOf(state).flatMap((arrow) => list(arrow.actions)),
  ...list(state.entry),
  ...list(state.exit),
];

test('every event has arrows in every state, and the last of them is open', () => {
  assert.equal(states.length, 11);
  assert.deepEqual([...leaks(chart)], []);
});

test('every arrow does something that has a name', () => {
  for (const state of everyState(chart)) {
    for (const arrow of arrowsOf(state)) {
      const named = list(arrow.actions).length > 0 || arrow.target !== undefined;
      assert.ok(named, `an arrow of '${state.description}' says nothing: ${JSON.stringify(arrow)}`);
    }
  }
});

test('no guard or action stands inline, and each name is one that setup knows', () => {
  const { actions, guards } = raftMachine.implementations;
  for (const state of everyState(chart)) {
    for (const action of actionsOf(state)) {
      assert.equal(typeof action, 'string', `an inline action in '${state.description}'`);
      assert.ok(String(action) in actions, `unknown action ${String(action)}`);
    }
    for (const { guard } of arrowsOf(state)) {
      if (guard === undefined) continue;
      assert.equal(typeof guard, 'string', `an inline guard in '${state.description}'`);
      assert.ok((guard as string) in guards, `unknown guard ${guard as string}`);
    }
  }
});

test('every word that setup knows stands in a chart', () => {
  const { actions, guards } = raftMachine.implementations;
  const used = new Set(everyState(chart).flatMap(actionsOf));
  const asked = new Set(everyState(chart).flatMap((state) => arrowsOf(state).map((arrow) => arrow.guard)));
  // `ready` is the way out that handlers use; no arrow names it.
  assert.deepEqual(
    Object.keys(actions).filter((name) => name !== 'ready' && !used.has(name)),
    [],
  );
  assert.deepEqual(
    Object.keys(guards).filter((name) => !asked.has(name)),
    [],
  );
});

test('every state is described', () => {
  for (const state of everyState(chart)) assert.ok((state.description ?? '').length > 20, state.description);
});

/** What a state never listens to beyond a newer term: named here, so that the negative space is meant. */
const ignoredIn: Readonly<Record<string, readonly RaftEventType[]>> = {
  follower: [
    'preVote.answered',
    'vote.answered',
    'append.accepted',
    'append.refused',
    'heartbeat.answered',
    'snapshot.refused',
    'transfer.asked',
    'snapshot.dropped',
  ],
  preCandidate: ['vote.answered', 'append.accepted', 'append.refused', 'heartbeat.answered', 'snapshot.refused'],
  candidate: ['preVote.answered', 'append.accepted', 'append.refused', 'heartbeat.answered', 'snapshot.refused'],
  leader: [
    'preVote.asked',
    'preVote.answered',
    'vote.answered',
    'readIndex.answered',
    'snapshot.installed',
    'snapshot.failed',
  ],
};

test('what a role never hears is what is written here', () => {
  for (const [role, events] of Object.entries(ignoredIn)) {
    const leaf = states.find(({ name }) => name.startsWith(role));
    assert.ok(leaf !== undefined);
    for (const event of events) {
      const last: Arrow | undefined = arrowsFor(leaf, event).find((arrow: Arrow) => arrow.guard === undefined);
      assert.deepEqual(list(last?.actions), ['ignored'], `${leaf.name} ${event}`);
    }
  }
  for (const { name, path } of states) {
    if (name === 'removed') continue;
    for (const event of ['append.sent', 'heartbeat.sent', 'proposed', 'read.asked', 'tick', 'log.kept', 'applied']) {
      const first = arrowsFor({ name, path }, event)[0];
      assert.notDeepEqual(list(first?.actions), ['ignored'], `${name} does not hear ${event}`);
    }
  }
});

test('a newer term is the first thing every letter is asked about, but for votes and pre-votes', () => {
  const letters = Object.keys(everyEvent).filter((event) =>
    /^(append|heartbeat|readIndex|campaign|snapshot\.(offered|refused))/.test(event),
  );
  for (const leaf of states.filter(({ name }) => name !== 'removed')) {
    for (const letter of letters) {
      assert.equal(arrowsFor(leaf, letter)[0]?.guard, 'newerTerm', `${leaf.name} ${letter}`);
    }
  }
});

test('every state is reached by some scenario', () => {
  const folder = join(process.cwd(), 'test', 'scenarios');
  const visited = new Set<string>();
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt'))) {
    for (const state of play(parse(readFileSync(join(folder, name), 'utf8'))).visited) visited.add(state);
  }
  assert.deepEqual(
    states.map(({ name }) => name).filter((name) => !visited.has(name)),
    [],
  );
});

/** With any one thing of the chart taken out some test fails: one that did not is a test that is missing. */
function everyOneIsMissed(what: string, mutants: () => readonly Mutant[], least: number): void {
  test(`${what}: some story or scenario fails without it`, (t) => {
    const found = mutants();
    assert.ok(found.length >= least, `only ${found.length} were found`);
    const { survivors, told } = hunt(found);
    t.diagnostic(told);
    assert.equal(survivors.length, 0, `nobody misses\n${survivors.join('\n')}`);
  });
}
everyOneIsMissed('every arrow, entry and exit', withoutOne, 400);
everyOneIsMissed('every action of an arrow that has more to say', withoutAction, 200);
everyOneIsMissed('every guard of an arrow', withoutGuard, 200);
