/** Who wrote to whom, for the sequence view: letters between the actors of a member, and letters between members. */
import type { EventTold, InspectionFrame, PeerLetterTold } from '../../../../machines/language/inspection.js';

/** One arrow of the sequence. */
export interface Message {
  readonly key: string;
  readonly at_ms: number;
  /** Columns: `n1` for a member as a whole, `n1/raft` for an actor of it. */
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly isBetweenMembers: boolean;
}

export interface MessageFilter {
  /** Only what this member's actors say, or what the members say to each other, or both of all. */
  readonly scope:
    | { readonly kind: 'inside'; readonly member: string }
    | { readonly kind: 'between' }
    /** `onlyWrites`: between the rooms that a write goes through. */
    | { readonly kind: 'all'; readonly onlyWrites?: boolean };
  /** Only kinds, senders and receivers with this in their name. */
  readonly words: string;
  /** Ticks and heartbeats, which come all the time. */
  readonly withTicks: boolean;
}

/** How many frames are looked through at most, for a picture ten times a second. */
const frames_max = 240;

export interface Selection {
  readonly messages: readonly Message[];
  /** Older ones were left out. */
  readonly isCut: boolean;
}

/** The last messages up to a moment, the newest last. */
export function selectMessages(
  newestFirst: Iterable<InspectionFrame>,
  nameOf: (member: string, sessionId: string) => string,
  filter: MessageFilter,
  window: { readonly from_ms: number; readonly until_ms: number; readonly most: number },
): Selection {
  const found: Message[] = [];
  let looked = 0;
  let isCut = false;
  for (const frame of newestFirst) {
    if (frame.at_ms < window.from_ms) break;
    if (looked++ >= frames_max || found.length >= window.most * 2) {
      isCut = true;
      break;
    }
    frame.events.forEach((told, place) => {
      const at_ms = Number(told.createdAt);
      if (at_ms > window.until_ms || at_ms < window.from_ms) return;
      if (told.type !== '@xstate.event' && told.type !== 'quorate.letter') return;
      const key = `${frame.member} ${frame.life} ${frame.number} ${place}`;
      const message =
        told.type === 'quorate.letter'
          ? between(frame.member, told, key, filter.scope.kind === 'all')
          : inside(frame.member, told, key, nameOf);
      if (fits(message, told, filter)) found.push(message);
    });
  }
  found.sort((a, b) => a.at_ms - b.at_ms);
  const messages = found.slice(-window.most);
  return { messages, isCut: isCut || messages.length < found.length };
}

function inside(
  member: string,
  { createdAt, event, sourceId, sessionId }: EventTold,
  key: string,
  nameOf: (member: string, sessionId: string) => string,
): Message {
  const { type, ...fields } = event;
  const from = sourceId === undefined ? 'outside' : nameOf(member, sourceId);
  return {
    key,
    at_ms: Number(createdAt),
    from: `${member}/${from}`,
    to: `${member}/${nameOf(member, sessionId)}`,
    type,
    fields,
    isBetweenMembers: false,
  };
}

/** Beside actors, it goes from the room that writes to other members to the other's Raft. */
function between(
  member: string,
  { createdAt, message, peer, way }: PeerLetterTold,
  key: string,
  withActors: boolean,
): Message {
  const { type, ...fields } = message;
  const [from, to] = way === 'sent' ? [member, peer] : [peer, member];
  const at_ms = Number(createdAt);
  if (!withActors) return { key, at_ms, from, to, type, fields, isBetweenMembers: true };
  return { key, at_ms, from: `${from}/peers`, to: `${to}/raft`, type, fields, isBetweenMembers: true };
}

function fits(message: Message, told: EventTold | PeerLetterTold, { scope, words, withTicks }: MessageFilter): boolean {
  // A letter between members is told twice, by who sent it and by who heard it: the sender's word is shown.
  if (told.type === 'quorate.letter' && (scope.kind === 'inside' || told.way === 'heard')) return false;
  if (told.type === '@xstate.event' && scope.kind === 'between') return false;
  if (told.type === '@xstate.event' && scope.kind === 'all' && isFromMember(message)) return false;
  if (scope.kind === 'all' && scope.onlyWrites === true && !isOfWrite(message)) return false;
  if (scope.kind === 'inside' && !message.to.startsWith(`${scope.member}/`)) return false;
  if (!withTicks && isRoutine(message.type)) return false;
  const wanted = words.trim().toLowerCase();
  return wanted === '' || [message.type, message.from, message.to].some((name) => name.toLowerCase().includes(wanted));
}

const isRoutine = (type: string): boolean => type === 'tick' || /^(heartbeat|xstate|link)\./.test(type);

/** What a member's Raft hears from another one is drawn from there already. */
const isFromMember = ({ from, type }: Message): boolean =>
  from.endsWith('/outside') && /^(append|heartbeat|vote|preVote|snapshot|readIndex|campaign)\./.test(type);

const rooms_of_writes: ReadonlySet<string> = new Set(['requests', 'raft', 'peers', 'log', 'apply']);
const isOfWrite = ({ from, to }: Message): boolean =>
  [from, to].every((column) => rooms_of_writes.has(column.split('/')[1] ?? '')) && from !== to;

/**
 * The columns of a sequence: members in order, and the rooms of each as a request goes through them. `first`: the
 * member that stands first, where a story begins there.
 */
export function columnsOf(messages: readonly Message[], first = ''): readonly string[] {
  const seen = new Set(messages.flatMap(({ from, to }) => [from, to]));
  const memberOf = (column: string): string => column.split('/')[0] ?? column;
  const place = (column: string): number => (memberOf(column) === first ? 0 : 1);
  return [...seen].sort((a, b) => place(a) - place(b) || memberOf(a).localeCompare(memberOf(b)) || rank(a) - rank(b));
}

/** As a request goes through a member. */
const usual_order = ['outside', 'requests', 'raft', 'peers', 'log', 'apply', 'state'];
const rank = (column: string): number => {
  const actor = column.split('/')[1];
  if (actor === undefined) return -1;
  const place = usual_order.indexOf(actor);
  return place < 0 ? usual_order.length : place;
};

/** One put followed: everything between its proposal and its decision, but what goes on all the time. */
export interface Followed {
  /** Who led. */
  readonly member: string;
  readonly from_ms: number;
  readonly until_ms: number;
}

/** The last put that a leader was asked for and has decided, or undefined when none was told whole. */
export function lastPut(
  newestFirst: Iterable<InspectionFrame>,
  nameOf: (member: string, sessionId: string) => string,
): Followed | undefined {
  let looked = 0;
  const decided = new Map<string, number>();
  for (const frame of newestFirst) {
    if (looked++ > frames_max) return undefined;
    for (const told of [...frame.events].reverse()) {
      if (told.type !== '@xstate.event') continue;
      const name = nameOf(frame.member, told.sessionId);
      const at_ms = Number(told.createdAt);
      if (told.event.type === 'decided' && name === 'requests') decided.set(frame.member, at_ms);
      const end_ms = decided.get(frame.member);
      if (told.event.type === 'proposed' && name === 'raft' && end_ms !== undefined) {
        return { member: frame.member, from_ms: at_ms - 2, until_ms: end_ms + 1 };
      }
    }
  }
  return undefined;
}
