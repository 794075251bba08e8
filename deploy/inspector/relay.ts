/**
 * What all members of a cluster tell of themselves, in one stream: finds them, asks each to be inspected, asks again
 * when that ends, and says who is not heard.
 */
import type { ActorTold, Drill, InspectionFrame, StandingTold } from '../../machines/language/inspection.js';
import { fromText, toText } from '../../machines/language/bytes.js';
import { limits } from '../../machines/language/limits.js';
import type { Clock } from '../../machines/language/time.js';
import { LinkError, type ClientLink } from '../../transport/ports.js';
import { readMemberInfo } from '../../transport/service-info.js';
import { memberSubject } from '../../transport/subjects.js';
import { errorText } from '../observe.js';
import type { FeedMessage } from './feed.js';

export interface Relay {
  /** Whether anybody looks: members are inspected only then. */
  watched(anybody: boolean): void;
  /** What is known now, for who comes later than the others. */
  known(): readonly FeedMessage[];
  drill(member: string, drill: Drill, for_ms: number): Promise<string>;
  close(): void;
}

const LOOK_EVERY_MS = 1_000;
const ANSWERS_WITHIN_MS = 500;
const SILENT_AFTER_MS = 1_500;
const INSPECT_FOR_MS = 600_000;
const DRILL_WITHIN_MS = 2_000;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();

interface Row {
  readonly name: string;
  heard_ms: number;
  heard: boolean;
  drill: boolean;
  /** Null: none is under way. */
  stop: (() => void) | null;
  asked_ms: number;
  known: Known | null;
}

/** The actors of one life of a member, as they are now. */
interface Known {
  readonly life: string;
  at_ms: number;
  readonly actors: Map<string, ActorTold>;
  standing: StandingTold | null;
}

interface Watch {
  readonly link: ClientLink;
  readonly cluster: string;
  readonly clock: Clock;
  readonly rows: Map<string, Row>;
  readonly tell: (told: FeedMessage) => void;
  trouble: string;
  watched: boolean;
  closed: boolean;
}

export function openRelay(link: ClientLink, cluster: string, clock: Clock, tell: (told: FeedMessage) => void): Relay {
  const watch: Watch = { link, cluster, clock, rows: new Map(), tell, trouble: '', watched: false, closed: false };
  let timer: unknown;
  const look = (): void => {
    void findMembers(watch)
      .catch((error: unknown) => sayTrouble(watch, errorText(error)))
      .then(() => {
        if (watch.closed) return;
        if (watch.watched) for (const row of watch.rows.values()) keepAsking(watch, row);
        noteSilence(watch);
        timer = clock.setTimeout(look, LOOK_EVERY_MS);
      });
  };
  look();
  return {
    watched: (anybody) => {
      watch.watched = anybody;
      for (const row of watch.rows.values()) {
        if (anybody) keepAsking(watch, row);
        else forget(row);
      }
    },
    known: () => [membersOf(watch), ...[...watch.rows.values()].flatMap(knownOf), ...troubleOf(watch)],
    drill: (member, drill, for_ms) => order(watch, member, drill, for_ms),
    close: () => {
      watch.closed = true;
      clock.clearTimeout(timer);
      for (const row of watch.rows.values()) row.stop?.();
    },
  };
}

const membersOf = ({ cluster, rows }: Watch): FeedMessage => ({
  kind: 'members',
  cluster,
  members: [...rows.values()]
    .map(({ name, heard, drill }) => ({ name, heard, drill }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true })),
});

const troubleOf = ({ trouble }: Watch): readonly FeedMessage[] =>
  trouble === '' ? [] : [{ kind: 'trouble', text: trouble }];

/** As one frame, numbered before all others. */
function knownOf({ name, drill, known }: Row): readonly FeedMessage[] {
  if (known === null) return [];
  const { life, at_ms, actors, standing } = known;
  const events = [...actors.values(), ...(standing === null ? [] : [standing])];
  return [{ kind: 'frame', frame: { number: 0, member: name, life, at_ms, events, untold: 0, drill, ended: '' } }];
}

function forget(row: Row): void {
  row.stop?.();
  row.heard = false;
  row.known = null;
}

function sayTrouble(watch: Watch, text: string): void {
  if (watch.closed || watch.trouble === text) return;
  watch.trouble = text;
  watch.tell({ kind: 'trouble', text });
}

/** Members of this cluster say so to whoever asks NATS for services; a member that was found stays in the list. */
async function findMembers(watch: Watch): Promise<void> {
  const { link, cluster, rows } = watch;
  const before = rows.size;
  const hear = (body: Uint8Array): void => {
    const { cluster: of, member: name } = readMemberInfo(body);
    if (of !== cluster || name === undefined || rows.has(name)) return;
    rows.set(name, { name, heard_ms: 0, heard: false, drill: false, stop: null, asked_ms: -Infinity, known: null });
  };
  try {
    const question = new Uint8Array(0);
    await link.requestMany('$SRV.INFO.quorate', question, NO_HEADERS, ANSWERS_WITHIN_MS, ({ body }) => {
      hear(body);
      return 'more';
    });
  } catch (error) {
    // That the time for answers is over is how this ends.
    if (!(error instanceof LinkError) || error.reason === 'denied') throw error;
    if (error.reason === 'disconnected') return sayTrouble(watch, 'no connection to the NATS servers');
  }
  if (rows.size === 0) return sayTrouble(watch, `no member of a cluster ${JSON.stringify(cluster)} answers`);
  sayTrouble(watch, '');
  if (rows.size > before) watch.tell(membersOf(watch));
}

/** One inspection a member at a time: a new one when the last has ended or is not heard any more. */
function keepAsking(watch: Watch, row: Row): void {
  const now_ms = watch.clock.now_ms();
  const silent = now_ms - Math.max(row.heard_ms, row.asked_ms) > SILENT_AFTER_MS;
  if (row.stop !== null && !silent) return;
  row.stop?.();
  row.asked_ms = now_ms;
  const body = fromText(JSON.stringify({ for_ms: INSPECT_FOR_MS }));
  const stream = watch.link.stream(memberSubject(watch.cluster, row.name, 'inspect.start'), body, NO_HEADERS, {
    message: (message) => hearFrame(watch, row, message.body),
    ended: () => (row.stop = null),
  });
  row.stop = () => {
    row.stop = null;
    stream.close();
  };
}

function hearFrame(watch: Watch, row: Row, body: Uint8Array): void {
  const frame = JSON.parse(toText(body) ?? '{}') as InspectionFrame | { readonly error: { readonly message: string } };
  if ('error' in frame) return row.stop?.();
  const changed = !row.heard || row.drill !== frame.drill;
  row.heard_ms = watch.clock.now_ms();
  row.heard = true;
  row.drill = frame.drill;
  remember(row, frame);
  if (changed) watch.tell(membersOf(watch));
  watch.tell({ kind: 'frame', frame });
  if (frame.ended !== '') row.stop?.();
}

function remember(row: Row, { life, at_ms, events }: InspectionFrame): void {
  const known =
    row.known?.life === life ? row.known : { life, at_ms, actors: new Map<string, ActorTold>(), standing: null };
  row.known = known;
  known.at_ms = at_ms;
  for (const event of events) {
    if (event.type === '@xstate.actor') known.actors.set(event.sessionId, event);
    else if (event.type === 'quorate.standing') known.standing = event;
    else if (event.type === '@xstate.snapshot') {
      const actor = known.actors.get(event.sessionId);
      if (actor !== undefined) known.actors.set(event.sessionId, { ...actor, snapshot: event.snapshot });
    }
  }
}

function noteSilence(watch: Watch): void {
  const before = [...watch.rows.values()].filter(({ heard }) => heard);
  const silent = before.filter(({ heard_ms }) => watch.clock.now_ms() - heard_ms > SILENT_AFTER_MS);
  for (const row of silent) row.heard = false;
  if (silent.length > 0) watch.tell(membersOf(watch));
}

/** What the member says to it; throws an Error with what it refuses, or that it is not there. */
async function order({ link, cluster }: Watch, member: string, drill: Drill, for_ms: number): Promise<string> {
  const subject = memberSubject(cluster, member, `drill.${drill}`);
  const body = fromText(JSON.stringify({ for_ms: Math.min(for_ms, limits.drill_ms_max) }));
  const answer = await link.request(subject, body, NO_HEADERS, DRILL_WITHIN_MS);
  const told = JSON.parse(toText(answer.body) ?? '{}') as { said?: string; error?: { message: string } };
  if (told.said === undefined) throw new Error(told.error?.message ?? 'it said nothing');
  return told.said;
}
