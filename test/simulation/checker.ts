/**
 * Is this history linearizable? The search of Wing and Gong with Lowe's memoisation: take any operation that was called
 * before the first answer still to be explained, let the model do it, go on; come back when nothing fits. An operation
 * without an answer may have happened at any time after its call, or never.
 *
 * Answers carry revisions, and every change adds exactly one. Three rules cut branches that could not lead anywhere,
 * and none of them accepts anything: the change to revision r+1 is the one that was answered with it, where one was;
 * nothing moves past r while an answer made at r waits; and an unanswered change must not contradict what anybody saw
 * at r+1.
 */
import { createChance } from './chance.js';
import { emptyState, isRead, sameOutput, type Input, type Output, type State, step } from './model.js';

export interface Recorded {
  readonly id: number;
  readonly client: string;
  readonly input: Input;
  /** Positions in the history: call before answer, unique. */
  readonly called: number;
  /** Null: no answer, or one that leaves open what happened. */
  readonly answered: { readonly at: number; readonly output: Output } | null;
  /**
   * Of an operation without an answer: the revision it made, null when it changed nothing, as the replayed log tells.
   * Undefined: nobody knows.
   */
  readonly made?: number | null | undefined;
}

export type Verdict =
  | { readonly ok: true; readonly order: readonly Recorded[]; readonly final: State }
  | { readonly ok: false; readonly reason: string; readonly explained: number; readonly stuck: readonly Recorded[] }
  /** The search took too long: neither a pass nor a failure. */
  | { readonly ok: false; readonly reason: 'undecided'; readonly explained: number; readonly stuck: [] };

/** An event of the history in a doubly linked list; a call knows its answer. */
interface Event {
  readonly operation: Recorded | null;
  readonly answer: Event | null;
  readonly isCall: boolean;
  before: Event;
  after: Event;
}

interface Frame {
  readonly call: Event;
  readonly state: State;
  /** Nothing else could have been taken in its place. */
  readonly forced: boolean;
}

const steps_max = 3_000_000;

export function checkHistory(history: readonly Recorded[], first: State = emptyState): Verdict {
  const facts = gatherFacts(history);
  if (typeof facts === 'string') return { ok: false, reason: facts, explained: 0, stuck: [] };
  const head = linkEvents(history);
  const stack: Frame[] = [];
  const seen = new Set<string>();
  let remaining = history.filter((operation) => operation.answered !== null).length;
  let state = first;
  let taken = 0n;
  let cursor = head.after;
  let furthest = { explained: -1, stuck: [] as Recorded[] };
  for (let steps = 0; remaining > 0; steps++) {
    if (steps > steps_max) return { ok: false, reason: 'undecided', explained: furthest.explained, stuck: [] };
    if (cursor !== head && cursor.isCall) {
      const operation = cursor.operation as Recorded;
      const next = tryOperation(operation, state, facts);
      const forced = next === state;
      if (next !== null && (forced || addNew(seen, `${taken ^ signOf(operation)}/${fingerprint(next)}`))) {
        stack.push({ call: cursor, state, forced });
        lift(cursor);
        taken ^= signOf(operation);
        countWaiting(operation, facts, -1);
        if (operation.answered !== null) remaining--;
        state = next;
        cursor = head.after;
      } else cursor = cursor.after;
      continue;
    }
    // An answer that nothing explains: undo the last choice that had an alternative.
    if (stack.length > furthest.explained) furthest = { explained: stack.length, stuck: candidates(head) };
    let frame: Frame | undefined;
    do {
      frame = stack.pop();
      if (frame === undefined) return { ok: false, reason: 'no order explains the answers', ...furthest };
      const operation = frame.call.operation as Recorded;
      unlift(frame.call);
      taken ^= signOf(operation);
      countWaiting(operation, facts, 1);
      if (operation.answered !== null) remaining++;
      state = frame.state;
    } while (frame.forced);
    cursor = frame.call.after;
  }
  return { ok: true, order: stack.map((frame) => frame.call.operation as Recorded), final: state };
}

/**
 * ---- what the answers say about revisions -------------------------------------------------------------------------
 */

interface Facts {
  /** Who was told that its change made this revision. */
  readonly changer: ReadonlyMap<number, Recorded>;
  /** What anybody saw of the change that made this revision. */
  readonly sight: ReadonlyMap<number, { readonly key: string; readonly value: string }>;
  /** How many answers made at this revision are still to be explained. */
  readonly waiting: Map<number, number>;
  readonly newest: number;
}

function gatherFacts(history: readonly Recorded[]): Facts | string {
  const changer = new Map<number, Recorded>();
  const sight = new Map<number, { key: string; value: string }>();
  const waiting = new Map<number, number>();
  let newest = 0;
  for (const operation of history) {
    const output = operation.answered?.output;
    if (output === undefined && typeof operation.made === 'number') changer.set(operation.made, operation);
    if (output === undefined || output.type === 'error') continue;
    newest = Math.max(newest, output.revision);
    waiting.set(output.revision, (waiting.get(output.revision) ?? 0) + 1);
    if (changed(operation.input, output)) {
      const other = changer.get(output.revision);
      if (other !== undefined) {
        return `operations ${other.id} and ${operation.id} were both told that they made revision ${output.revision}`;
      }
      changer.set(output.revision, operation);
    }
    if (output.type !== 'kvs' && output.type !== 'swapped') continue;
    for (const kv of output.kvs) sight.set(kv.mod, kv);
  }
  return { changer, sight, waiting, newest };
}

function changed(input: Input, output: Output): boolean {
  if (input.type === 'put' || input.type === 'putBoth') return true;
  return (output.type === 'deleted' && output.count > 0) || (output.type === 'swapped' && output.succeeded);
}

function countWaiting(operation: Recorded, facts: Facts, by: number): void {
  const output = operation.answered?.output;
  if (output === undefined || output.type === 'error') return;
  facts.waiting.set(output.revision, (facts.waiting.get(output.revision) ?? 0) + by);
}

/** The state after the operation, or null when it cannot come next. */
function tryOperation(operation: Recorded, state: State, facts: Facts): State | null {
  const { input, answered } = operation;
  if (answered === null && (isRead(input) || operation.made === null)) return null;
  const next = step(state, input);
  if (answered !== null && !sameOutput(next.output, answered.output)) return null;
  if (next.state === state) return answered === null ? null : state;
  if (next.state.revision === state.revision) return next.state;
  if ((facts.waiting.get(state.revision) ?? 0) > 0) return null;
  if (answered !== null) return next.state;
  const { revision } = next.state;
  if (operation.made !== undefined) return operation.made === revision ? next.state : null;
  if (revision > facts.newest || facts.changer.has(revision)) return null;
  const sight = facts.sight.get(revision);
  return sight === undefined || next.state.keys.get(sight.key)?.value === sight.value ? next.state : null;
}

/**
 * ---- the list of events -------------------------------------------------------------------------------------------
 */

function linkEvents(history: readonly Recorded[]): Event {
  const head = { operation: null, answer: null, isCall: false } as unknown as Event;
  head.before = head.after = head;
  const events: { at: number; event: Event }[] = [];
  for (const operation of history) {
    const blank = { before: head, after: head };
    const answer = operation.answered === null ? null : { ...blank, operation, answer: null, isCall: false };
    if (answer !== null) events.push({ at: operation.answered?.at ?? 0, event: answer });
    events.push({ at: operation.called, event: { ...blank, operation, answer, isCall: true } });
  }
  events.sort((a, b) => a.at - b.at);
  for (const { event } of events) insertBefore(head, event);
  return head;
}

function insertBefore(place: Event, event: Event): void {
  event.before = place.before;
  event.after = place;
  place.before.after = event;
  place.before = event;
}

function lift(call: Event): void {
  for (const event of call.answer === null ? [call] : [call, call.answer]) {
    event.before.after = event.after;
    event.after.before = event.before;
  }
}

/** Events remember their neighbours, so that undoing in the opposite order puts each back in its place. */
function unlift(call: Event): void {
  for (const event of call.answer === null ? [call] : [call.answer, call]) {
    event.before.after = event;
    event.after.before = event;
  }
}

function candidates(head: Event): Recorded[] {
  const found: Recorded[] = [];
  for (let event = head.after; event !== head && found.length < 20; event = event.after) {
    if (event.operation !== null && event.operation.answered !== null && !found.includes(event.operation)) {
      found.push(event.operation);
    }
    if (!event.isCall) break;
  }
  return found;
}

/**
 * ---- memory -------------------------------------------------------------------------------------------------------
 */

function addNew(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

/** 64 bits that stand for an operation: the exclusive or of those taken stands for the set. */
function signOf(operation: Recorded): bigint {
  let sign = signs.get(operation);
  if (sign === undefined) {
    const chance = createChance(operation.id);
    sign = (BigInt(chance.below(0, 2 ** 32)) << 32n) | BigInt(chance.below(0, 2 ** 32));
    signs.set(operation, sign);
  }
  return sign;
}

const signs = new WeakMap<Recorded, bigint>();

function fingerprint(state: State): string {
  let hash = 0;
  for (const kv of state.keys.values()) {
    let one = 0x811c9dc5;
    const text = `${kv.key}\0${kv.value}\0${kv.mod}\0${kv.version}`;
    for (let i = 0; i < text.length; i++) one = Math.imul(one ^ text.charCodeAt(i), 0x01000193);
    hash = (hash + one) | 0;
  }
  return `${state.revision}/${state.compacted}/${hash}`;
}
