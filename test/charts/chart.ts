/** The raft chart read as a table: its states, its arrows, and the same chart with one thing in it changed. */
import type { RaftEventType } from '../../machines/language/vocabulary.js';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import { raft } from '../../machines/raft/setup.js';
import type { RaftMachine } from './raft-player.js';

export interface Arrow {
  readonly guard?: unknown;
  readonly actions?: unknown;
  readonly target?: unknown;
}
export interface State {
  readonly description?: string;
  readonly on?: Readonly<Record<string, Arrow | readonly Arrow[]>>;
  readonly always?: Arrow | readonly Arrow[];
  readonly entry?: unknown;
  readonly exit?: unknown;
  readonly states?: Readonly<Record<string, State>>;
}
export interface Leaf {
  readonly name: string;
  /** From the leaf outwards: the first that has arrows for an event decides. */
  readonly path: readonly State[];
}

export const chart = raftMachine.config as unknown as State;

export const list = <T>(one: T | readonly T[] | undefined): readonly T[] =>
  one === undefined ? [] : Array.isArray(one) ? (one as readonly T[]) : [one as T];

export function leavesOf(state: State, name = '', outer: readonly State[] = []): readonly Leaf[] {
  const path = [state, ...outer];
  const inner = Object.entries(state.states ?? {});
  if (inner.length === 0) return [{ name, path }];
  return inner.flatMap(([key, child]) => leavesOf(child, name === '' ? key : `${name}.${key}`, path));
}

/** Where something stands: in the state at `path`, under `slot` (an event, or always, entry, exit), at `at` in it. */
export interface Place {
  readonly path: readonly string[];
  readonly slot: string;
  readonly at: number;
}
const ofState = ['always', 'entry', 'exit'];

function slotOf(state: State, slot: string): readonly unknown[] {
  return list(ofState.includes(slot) ? (state as Record<string, unknown>)[slot] : state.on?.[slot]);
}

/** Every arrow, and every action at an entry or exit, with its place. */
export function everyPlace(state: State = chart, path: readonly string[] = []): readonly (readonly [Place, Arrow])[] {
  const slots = [...ofState, ...Object.keys(state.on ?? {})];
  const own = slots.flatMap((slot) =>
    slotOf(state, slot).map((what, at): readonly [Place, Arrow] => [
      { path, slot, at },
      typeof what === 'string' ? { actions: what } : (what as Arrow),
    ]),
  );
  const inner = Object.entries(state.states ?? {}).flatMap(([key, child]) => everyPlace(child, [...path, key]));
  return [...own, ...inner];
}

/** The chart with something else (or nothing) at a place. */
export function changedAt(state: State, { path, slot, at }: Place, into: readonly unknown[]): State {
  const [key, ...deeper] = path;
  if (key !== undefined) {
    const child = state.states?.[key] ?? {};
    return { ...state, states: { ...state.states, [key]: changedAt(child, { path: deeper, slot, at }, into) } };
  }
  const changed = slotOf(state, slot).flatMap((what, i) => (i === at ? into : [what]));
  if (ofState.includes(slot)) return { ...state, [slot]: changed };
  const { [slot]: _, ...others } = state.on ?? {};
  return { ...state, on: changed.length === 0 ? others : { ...others, [slot]: changed as readonly Arrow[] } };
}

/** A loop without an end is an error soon: a broken chart may turn round and round. */
export const machineOf = (config: State): RaftMachine =>
  raft.createMachine({ ...config, options: { maxIterations: 200 } } as unknown as Parameters<
    typeof raft.createMachine
  >[0]) as unknown as RaftMachine;

export const placeWords = ({ path, slot }: Place): string =>
  `${path.length === 0 ? 'root' : path.join('.')} ${ofState.includes(slot) ? slot : `on ${slot}`}`;

export function arrowWords({ guard, actions, target }: Arrow): string {
  const told = [...list(actions), ...(target === undefined ? [] : [`-> ${target as string}`])].join(', ');
  return guard === undefined ? told : `[${guard as string}] ${told}`;
}

/** The events that raft can hear. */
export const everyEvent: Readonly<Record<RaftEventType, true>> = {
  'preVote.asked': true,
  'preVote.answered': true,
  'vote.asked': true,
  'vote.answered': true,
  'append.sent': true,
  'append.accepted': true,
  'append.refused': true,
  'heartbeat.sent': true,
  'heartbeat.answered': true,
  'snapshot.offered': true,
  'snapshot.refused': true,
  'readIndex.asked': true,
  'readIndex.answered': true,
  'campaign.asked': true,
  'log.kept': true,
  tick: true,
  proposed: true,
  'change.proposed': true,
  'read.asked': true,
  'transfer.asked': true,
  applied: true,
  'snapshot.prepared': true,
  'snapshot.dropped': true,
  'snapshot.installed': true,
  'snapshot.failed': true,
  'link.silent': true,
  'link.heard': true,
};

/** What no state may do: let an event fall, or let it fall through its own arrows to those of a state around it. */
export function* leaks(config: State): Generator<string> {
  for (const { name, path } of leavesOf(config)) {
    for (const event of Object.keys(everyEvent)) {
      const own = path.map((state) => list(state.on?.[event])).find((arrows) => arrows.length > 0);
      const arrows = own ?? path.map((state) => list(state.on?.['*'])).find((found) => found.length > 0) ?? [];
      if (arrows.length === 0) yield `${name} has no arrow for ${event}`;
      else if (arrows.at(-1)?.guard !== undefined) yield `${name} lets ${event} fall where no guard holds`;
    }
  }
}
