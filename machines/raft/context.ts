/** What raft holds in its hands: its input, its context, and the shape of every handler. */
import { limits } from '../language/limits.js';
import { invariant } from '../language/invariant.js';
import type {
  Cause,
  Configuration,
  ConfigurationAt,
  Effect,
  Entry,
  HardState,
  Index,
  LogView,
  MemberId,
  ReadId,
  Round,
  Term,
} from '../language/vocabulary.js';
import { index } from '../language/vocabulary.js';
import type { Progress } from './progress.js';
import { drawTimeout } from './chance.js';

export interface RaftSettings {
  readonly heartbeat_ticks: number;
  readonly election_ticks: number;
  readonly log_entries_before_trim: number;
  readonly log_entries_kept: number;
}

export interface RaftInput {
  readonly self: MemberId;
  readonly hardState: HardState;
  readonly log: LogView;
  /** The membership at the log's start first, then each configuration entry in the log. */
  readonly configurations: readonly ConfigurationAt[];
  /** The state database is durable up to here. */
  readonly applied: Index;
  /** For the election timeout. */
  readonly seed: number;
  /** The log begins after applied + 1, or the state is gone: fetch a snapshot before promising anything. */
  readonly behind: boolean;
  /** Campaigns are numbered from here on: no number is used in two lives (default 0). */
  readonly campaign?: number;
  readonly settings: RaftSettings;
}

/** The entries that are not yet known durable; `first` is the index of the first of them, or the next to come. */
export interface Tail {
  readonly first: Index;
  readonly entries: readonly Entry[];
}

/** A read that waits for a round: asked here (`from` is this member) or relayed by another member. */
export interface PendingRead {
  readonly id: ReadId;
  readonly from: MemberId;
}
/** Reads that share a quorum round: confirmed once a quorum has answered this round or a later one. */
interface ReadRound {
  readonly round: Round;
  readonly index: Index;
  readonly reads: readonly PendingRead[];
}
/** A read this member asked its leader about, and the tick at which it did. */
interface RelayedRead {
  readonly id: ReadId;
  readonly tick: number;
}

/** A part of the log that is not committed, for the bound on its bytes. */
interface UncommittedPart {
  readonly last: Index;
  readonly bytes: number;
}

/** When things that must move last moved, in ticks. */
export interface Movement {
  readonly durable: Index;
  readonly durable_tick: number;
  readonly sum: number;
  readonly sum_tick: number;
}

interface Transfer {
  readonly target: MemberId;
  readonly due_tick: number;
  readonly asked: boolean;
}

export interface RaftContext {
  readonly self: MemberId;
  readonly settings: RaftSettings;
  readonly log: LogView;

  readonly hardState: HardState;
  readonly tail: Tail;
  /** This member's own log is durable up to here. */
  readonly durable: Index;
  /** Entries up to here were handed out in `apply` effects. */
  readonly handed: Index;
  readonly applied: Index;
  /** The log was asked to be trimmed up to here. */
  readonly trimmed: Index;
  readonly configurations: readonly ConfigurationAt[];
  readonly behind: boolean;

  /** Ticks counted in this life. */
  readonly ticks: number;
  /** The tick at which a leader was last heard, a vote given, or a campaign begun. */
  readonly heard_tick: number;
  /** The election timeout in force, in ticks. */
  readonly timeout: number;
  readonly random: number;
  readonly leader: MemberId | null;
  readonly silent: ReadonlySet<'door' | 'bulk'>;

  /** The number of the last campaign. */
  readonly campaign: number;
  readonly votes: ReadonlyMap<MemberId, boolean>;
  /** The leader itself asked for the coming campaign. */
  readonly invited: boolean;

  /** The rows of the other members while this one leads. */
  readonly progress: ReadonlyMap<MemberId, Progress>;
  /** The entry with which the own term opened. */
  readonly opened: Index;
  readonly doorOpen: boolean;
  readonly uncommitted: readonly UncommittedPart[];
  readonly uncommitted_bytes: number;
  readonly movement: Movement;
  readonly transfer: Transfer | null;
  /** Who could lead best when this member left its office. */
  readonly successor: MemberId | null;

  /** The last round sent. */
  readonly round: Round;
  readonly reading: ReadRound | null;
  readonly readsWaiting: readonly PendingRead[];
  readonly relayed: readonly RelayedRead[];

  /** The id of the snapshot that is being installed. */
  readonly installing: string | null;
  readonly announced: Announced | null;
  /** Of the role that it has; for people, no choice rests on it. */
  readonly cause: Cause;
}

export const because = (why: Cause['why'], by: MemberId | null = null): Cause => ({ why, by });

interface Announced {
  readonly term: Term;
  readonly leader: MemberId | null;
  readonly configuration: Configuration;
}

/** What a handler came to: the fields that change, and what is to be done. */
export interface Outcome {
  readonly next: Partial<RaftContext>;
  readonly out: readonly Effect[];
}
export type Handler<E> = (context: RaftContext, event: E) => Outcome;

export const nothing: Outcome = { next: {}, out: [] };

/** Both, one after the other: the second sees what the first came to. */
export function followedBy(context: RaftContext, first: Outcome, second: (c: RaftContext) => Outcome): Outcome {
  const then = second({ ...context, ...first.next });
  return { next: { ...first.next, ...then.next }, out: [...first.out, ...then.out] };
}

export function firstContext(input: RaftInput): RaftContext {
  const { self, settings, log, hardState, configurations, applied, behind } = input;
  // What is applied was committed, even where the hard state was last written before that was known.
  const commit = index(Math.max(hardState.commit, log.start.index, behind ? 0 : applied));
  invariant(commit <= log.last, 'what was committed is in the log', { commit, last: log.last });
  invariant(configurations.length > 0, 'the membership at the start of the log is known', { configurations });
  invariant(behind || applied >= log.start.index, 'a state that the log does not reach is fetched, not assumed', {
    applied,
    start: log.start.index,
  });
  const draw = drawTimeout(input.seed, settings.election_ticks);
  return {
    self,
    settings,
    log,
    hardState: { ...hardState, commit },
    tail: { first: index(log.last + 1), entries: [] },
    durable: log.last,
    handed: behind ? commit : applied,
    applied,
    trimmed: log.start.index,
    configurations,
    behind,
    ticks: 0,
    heard_tick: 0,
    timeout: draw.timeout,
    random: draw.random,
    leader: null,
    silent: new Set(),
    campaign: input.campaign ?? 0,
    votes: new Map(),
    invited: false,
    progress: new Map(),
    opened: index(0),
    doorOpen: false,
    uncommitted: [],
    uncommitted_bytes: 0,
    movement: { durable: index(0), durable_tick: 0, sum: 0, sum_tick: 0 },
    transfer: null,
    successor: null,
    round: 0 as Round,
    reading: null,
    readsWaiting: [],
    relayed: [],
    installing: null,
    announced: null,
    cause: because('started'),
  };
}

/** About the bytes of an entry on its way. */
export const entryBytes = (entry: Entry): number => (entry.kind === 'command' ? entry.data.length + 32 : 128);

/** The bytes that one `apply` effect carries at most (always at least one entry). */
export const apply_bytes_max = limits.bytes_per_append_max;
