/** A member as the frames tell it: what each event changes. States are never altered, so that old ones can be kept. */
import type {
  ActorTold,
  Inspected,
  InspectionFrame,
  MailboxesTold,
  MicrostepTold,
  SnapshotOf,
  StandingTold,
  StateValue,
} from '../../../../machines/language/inspection.js';
import { topOf } from './chart.js';

/** An arrow that was taken. */
export interface Taken {
  readonly at_ms: number;
  readonly source: string;
  readonly targets: readonly string[];
  readonly guard: string;
  readonly event: string;
}

/** Letters of one kind from one sender. */
export interface Box {
  readonly sourceId: string | null;
  readonly letter: string;
  /** Since the page hears of them. */
  readonly count: number;
  /** When it was counted last; `rateAt` says what it is later. */
  readonly per_second: number;
  readonly waiting_max: number;
  readonly at_ms: number;
}

export interface Actor {
  readonly sessionId: string;
  readonly name: string;
  readonly parentId: string | undefined;
  readonly definition: string | undefined;
  readonly status: string;
  readonly value: StateValue | undefined;
  readonly context: unknown;
  /** The newest last; as many as are worth showing. */
  readonly taken: readonly Taken[];
  readonly boxes: ReadonlyMap<string, Box>;
}

/** Where the outermost state of the chart has been, the newest last. */
export interface Been {
  readonly at_ms: number;
  readonly state: string;
}

export interface Member {
  readonly name: string;
  readonly life: string;
  /** Of the last thing that was told. */
  readonly at_ms: number;
  readonly actors: ReadonlyMap<string, Actor>;
  readonly standing: StandingTold | null;
  readonly drill: boolean;
  readonly ended: string;
  /** Of Raft's chart. */
  readonly trail: readonly Been[];
}

const taken_max = 12;
const trail_max = 12;
/** An actor that is over stays so many of its kind long: the newest ones. */
const over_max = 40;

export const unheard = (name: string): Member => ({
  name,
  life: '',
  at_ms: 0,
  actors: new Map(),
  standing: null,
  drill: false,
  ended: '',
  trail: [],
});

/** The member after a frame, or after what of it was told up to a moment. */
export function afterFrame(before: Member, frame: InspectionFrame, until_ms = Infinity): Member {
  const known =
    before.life === frame.life ? before : { ...unheard(frame.member), life: frame.life, trail: before.trail };
  const actors = new Map(known.actors);
  let next: Member = { ...known, actors, drill: frame.drill };
  for (const told of frame.events) {
    const at_ms = Number(told.createdAt);
    if (at_ms > until_ms) break;
    next = afterEvent(next, actors, told, at_ms);
  }
  const at_ms = Math.min(frame.at_ms, until_ms);
  dropOver(actors);
  return { ...next, at_ms, ended: frame.at_ms <= until_ms ? frame.ended : next.ended };
}

/** `actors` is `member`'s own copy, and is filled in place. */
function afterEvent(member: Member, actors: Map<string, Actor>, told: Inspected, at_ms: number): Member {
  switch (told.type) {
    case '@xstate.actor':
      actors.set(told.sessionId, begin(told, actors.get(told.sessionId)));
      return isRaft(told.name) ? beenIn(member, told.snapshot.value, at_ms) : member;
    case '@xstate.snapshot': {
      const actor = actors.get(told.sessionId);
      if (actor === undefined) return member;
      actors.set(told.sessionId, { ...actor, ...partsOf(told.snapshot, actor) });
      return isRaft(actor.name) ? beenIn(member, told.snapshot.value, at_ms) : member;
    }
    case 'quorate.microstep': {
      const actor = actors.get(told.sessionId);
      if (actor === undefined) return member;
      actors.set(told.sessionId, step(actor, told, at_ms));
      return isRaft(actor.name) ? beenIn(member, told.value, at_ms) : member;
    }
    case 'quorate.mailboxes':
      countLetters(actors, told, at_ms);
      return member;
    case 'quorate.standing':
      return beenIn({ ...member, standing: told }, told.role, at_ms);
    case '@xstate.event':
    case 'quorate.letter':
      return member;
  }
}

export const isRaft = (name: string): boolean => name === 'raft';

function begin(told: ActorTold, known: Actor | undefined): Actor {
  return {
    sessionId: told.sessionId,
    name: told.name,
    parentId: told.parentId,
    definition: told.definition,
    status: told.snapshot.status ?? 'active',
    value: told.snapshot.value,
    context: told.snapshot.context,
    taken: known?.taken ?? [],
    boxes: known?.boxes ?? new Map<string, Box>(),
  };
}

const partsOf = (snapshot: SnapshotOf, before: Actor): Partial<Actor> => ({
  status: snapshot.status ?? before.status,
  value: snapshot.value ?? before.value,
  context: 'context' in snapshot ? snapshot.context : before.context,
});

function step(actor: Actor, told: MicrostepTold, at_ms: number): Actor {
  const taken = told.transitions
    .filter(({ targets }) => targets.length > 0)
    .map(({ source, targets, guard }) => ({ at_ms, source, targets, guard, event: told.event.type }));
  return { ...actor, value: told.value, taken: [...actor.taken, ...taken].slice(-taken_max) };
}

/** The standing alone tells the role too, where the steps of the chart were not told. */
function beenIn(member: Member, value: StateValue | undefined, at_ms: number): Member {
  const state = topOf(value);
  const last = member.trail.at(-1);
  if (state === '' || last?.state === state) return member;
  return { ...member, trail: [...member.trail, { at_ms, state }].slice(-trail_max) };
}

function countLetters(actors: Map<string, Actor>, told: MailboxesTold, at_ms: number): void {
  for (const { sessionId, sourceId, letter, count, waiting_max } of told.boxes) {
    const actor = actors.get(sessionId);
    if (actor === undefined) continue;
    const key = `${sourceId ?? ''} ${letter}`;
    const known = actor.boxes.get(key);
    const box: Box = {
      sourceId,
      letter,
      count: (known?.count ?? 0) + count,
      per_second: (known === undefined ? 0 : rateAt(known, at_ms)) + count / rate_over_s,
      waiting_max,
      at_ms,
    };
    actors.set(sessionId, { ...actor, boxes: new Map(actor.boxes).set(key, box) });
  }
}

/** A rate is of about so long: one that follows every tenth of a second cannot be read. */
const rate_over_s = 1.5;

/** It fades while nothing comes. */
export const rateAt = ({ per_second, at_ms }: Box, now_ms: number): number =>
  per_second * Math.exp(-Math.max(0, now_ms - at_ms) / (rate_over_s * 1000));

function dropOver(actors: Map<string, Actor>): void {
  const over = [...actors.values()].filter(({ status }) => status !== 'active');
  for (const { sessionId } of over.slice(0, Math.max(0, over.length - over_max))) actors.delete(sessionId);
}

/** The actor whose chart is Raft's. */
export function raftOf(member: Member): Actor | undefined {
  for (const actor of member.actors.values()) if (isRaft(actor.name)) return actor;
  return undefined;
}

/** As the standing says it, or else the chart. */
export const roleOf = (member: Member): string => member.trail.at(-1)?.state ?? '';

export interface Branch {
  readonly actor: Actor;
  readonly children: readonly Branch[];
}
export function actorTree(member: Member): readonly Branch[] {
  const all = [...member.actors.values()];
  const grow = (parents: readonly Actor[]): readonly Branch[] =>
    parents.map((actor) => ({ actor, children: grow(all.filter(({ parentId }) => parentId === actor.sessionId)) }));
  return grow(all.filter(({ parentId }) => parentId === undefined || !member.actors.has(parentId)));
}

export const nameOf = (member: Member, sessionId: string | null | undefined): string =>
  sessionId === null || sessionId === undefined ? 'outside' : (member.actors.get(sessionId)?.name ?? sessionId);
