/** Frames as a member sends them, made by hand for tests. */
import type { Inspected, InspectionFrame, StandingTold, StateValue } from '../../machines/language/inspection.js';

/** A time in milliseconds and what was told then. */
type Timed = (at_ms: number) => Inspected;

export const actor =
  (sessionId: string, name: string, value?: StateValue, parentId?: string): Timed =>
  (at_ms) => ({
    type: '@xstate.actor',
    sessionId,
    name,
    parentId,
    createdAt: String(at_ms),
    _version: '',
    definition: '{"id":"raft","states":{"a":{}}}',
    snapshot: { status: 'active', ...(value === undefined ? {} : { value }), context: { seen: at_ms } },
  });

export const step =
  (sessionId: string, from: string, value: string, event = 'tick'): Timed =>
  (at_ms) => ({
    type: 'quorate.microstep',
    sessionId,
    createdAt: String(at_ms),
    _version: '',
    event: { type: event },
    value,
    transitions: [{ source: `raft.${from}`, targets: [`raft.${value}`], guard: '', actions: [] }],
  });

export const snapshot =
  (sessionId: string, context: unknown, status = 'active'): Timed =>
  (at_ms) => ({
    type: '@xstate.snapshot',
    sessionId,
    createdAt: String(at_ms),
    _version: '',
    event: { type: 'tick' },
    snapshot: { status, context },
  });

export const letter =
  (sessionId: string, type: string, sourceId?: string): Timed =>
  (at_ms) => ({
    type: '@xstate.event',
    sessionId,
    createdAt: String(at_ms),
    _version: '',
    event: { type },
    ...(sourceId === undefined ? {} : { sourceId }),
  });

export const peerLetter =
  (way: 'sent' | 'heard', peer: string, type: string): Timed =>
  (at_ms) => ({ type: 'quorate.letter', createdAt: String(at_ms), way, peer, message: { type, term: 2 } });

export const counted =
  (sessionId: string, count: number, waiting_max = 0): Timed =>
  (at_ms) => ({
    type: 'quorate.mailboxes',
    createdAt: String(at_ms),
    boxes: [{ sessionId, sourceId: null, letter: 'tick', count, waiting_max }],
  });

export const standing =
  (facts: Partial<StandingTold>): Timed =>
  (at_ms) => ({
    type: 'quorate.standing',
    createdAt: String(at_ms),
    role: 'follower',
    term: 1,
    leader: null,
    vote: null,
    commit: 0,
    applied: 0,
    last: 0,
    revision: 0,
    db_size: 0,
    requests: 0,
    peers: [],
    ...facts,
  });

/** Everything in it was told at its time. */
export const frame = (
  member: string,
  number: number,
  at_ms: number,
  told: readonly Timed[],
  more: Partial<InspectionFrame> = {},
): InspectionFrame => ({
  number,
  member,
  life: 'first',
  at_ms,
  events: told.map((each) => each(at_ms)),
  untold: 0,
  drill: false,
  ended: '',
  ...more,
});
