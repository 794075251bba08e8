/** The post office: what each room can be sent, how a letter gets there, and the one table from effect to room. */
import type { EventObject } from 'xstate';
import type { Operation } from '../machines/language/commands.js';
import type { CoordinationRequest } from '../machines/language/coordination.js';
import type { QuorateError } from '../machines/language/errors.js';
import type { InspectionRequest } from '../machines/language/inspection.js';
import { invariant, unreachable } from '../machines/language/invariant.js';
import type {
  ClusterId,
  Effect,
  EffectOf,
  Index,
  MemberId,
  RaftEvent,
  SnapshotMark,
  Term,
} from '../machines/language/vocabulary.js';
import type { RevisionEvents, WatchRequest } from '../machines/language/watching.js';
import type { Decided, LeaseChange, SnapshotSource, Written } from '../store/ports.js';
import type { Ask, InspectionStream, Request, Result, WatchOpening, WatchStream } from '../transport/ports.js';
import type { Reading } from './watch-catching.js';
import type { Row } from './watch-session.js';

/** What the log does in the order asked; consecutive `persist`s become one write and one sync. */
export type LogJob =
  | EffectOf<'persist'>
  | EffectOf<'trimLog'>
  | {
      readonly type: 'install';
      readonly mark: SnapshotMark;
      readonly stateDirectory: string;
      readonly cluster: ClusterId;
    };

/** What the state goes through, in order. */
export type ApplyJob =
  | EffectOf<'apply'>
  /** The log has made this snapshot current: go on from it. */
  | { readonly type: 'switch'; readonly mark: SnapshotMark; readonly stateDirectory: string };

export interface Tick {
  readonly type: 'tick';
  readonly now_ms: number;
}

export type RequestsLetter =
  | { readonly type: 'asked'; readonly asks: readonly Ask[] }
  | { readonly type: 'resolved'; readonly proposals: readonly OwnProposal[] }
  | { readonly type: 'flush' }
  | { readonly type: 'decided'; readonly decided: readonly Decided[] }
  | { readonly type: 'written'; readonly written: Written }
  | { readonly type: 'drain' }
  /** A read or a compaction failed for a reason that is the node's own: it ends. */
  | { readonly type: 'failed'; readonly error: unknown }
  | Tick
  | EffectOf<
      'confirmAppended' | 'refuseProposals' | 'answerRead' | 'voidReads' | 'openDoor' | 'closeDoor' | 'announce'
    >;

export type PeersLetter = EffectOf<'send'> | EffectOf<'announce'> | Tick;

export type SnapshotLetter =
  | EffectOf<'prepareSnapshot' | 'dropSnapshot' | 'installSnapshot'>
  | {
      readonly type: 'pieceAsked';
      readonly from: MemberId;
      readonly id: string;
      readonly number: number;
      answer(piece: Uint8Array | null): void;
    }
  /** Something the room itself waited for has come to an end. */
  | { readonly type: 'prepared'; readonly to: MemberId; readonly source: SnapshotSource }
  | { readonly type: 'fetchFailed'; readonly index: Index; readonly reason: string }
  | { readonly type: 'failed'; readonly error: unknown }
  | Tick;

export type StateLetter =
  /** Another batch is decided and waits in the store for its write; so many bytes wait in all. */
  | { readonly type: 'decided'; readonly undecided_bytes: number }
  /** Somebody waits for the next write. */
  | { readonly type: 'hurried' }
  | Tick;

export type WatchHubLetter =
  | { readonly type: 'written'; readonly written: Written }
  /** Decided, so it may have been answered; it is written later. */
  | { readonly type: 'decided'; readonly index: Index }
  /** The state is a snapshot's from now on. */
  | { readonly type: 'switched'; readonly written: Written }
  | { readonly type: 'opened'; readonly stream: WatchStream; readonly opening: WatchOpening }
  | { readonly type: 'asked'; readonly stream: WatchStream; readonly request: WatchRequest }
  /** Nobody listens to it. */
  | { readonly type: 'gone'; readonly stream: WatchStream }
  /** What the room itself asked the store for. */
  | { readonly type: 'read'; readonly row: Row; readonly reading: Reading }
  | { readonly type: 'previous'; readonly round: number; readonly writes: readonly RevisionEvents[] }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'drain' }
  | EffectOf<'announce'>
  | Tick;

export type CompactorLetter = EffectOf<'announce'> | Tick;

/** What became of a proposal of the node's own. */
export type Outcome =
  { readonly ok: true; readonly entry: Decided } | { readonly ok: false; readonly error: QuorateError };

/** A proposal of the node's own. [safety] It names the term it was decided in; raft refuses it in another. */
export interface OwnProposal {
  readonly operation: Operation;
  readonly term: Term;
  readonly done: (outcome: Outcome) => void;
}

export type LeaseTickerLetter =
  /** The leader's door is open, or closed: from the first entry of its term on it counts the leases' time. */
  | EffectOf<'openDoor' | 'closeDoor'>
  /** Entries were decided, the last one of this term; this is what they changed among the leases. */
  | { readonly type: 'decided'; readonly term: Term; readonly leases: readonly LeaseChange[] }
  /** Renewals have arrived; their quorum round is under way. */
  | { readonly type: 'awaited'; readonly ids: readonly bigint[] }
  /** They were answered, whatever came of them. */
  | { readonly type: 'answered'; readonly ids: readonly bigint[] }
  /** Confirmed by a quorum round that began after it arrived: renew them, or say what remains. */
  | { readonly type: 'confirmed'; readonly question: LeaseQuestion; readonly answer: (answer: LeaseAnswer) => void }
  | Tick;

export type CoordinationLetter =
  | EffectOf<'openDoor' | 'closeDoor'>
  | { readonly type: 'coordinate'; readonly ask: Ask; readonly request: CoordinationRequest }
  | { readonly type: 'written'; readonly written: Written }
  | Tick;

export type EventFeedLetter =
  EffectOf<'openDoor' | 'closeDoor'> | { readonly type: 'written'; readonly written: Written } | Tick;

export type InspectorLetter =
  | { readonly type: 'opened'; readonly stream: InspectionStream; readonly request: InspectionRequest }
  /** Nobody listens to it. */
  | { readonly type: 'gone'; readonly stream: InspectionStream }
  | { readonly type: 'failed'; readonly error: unknown };

export type LeaseQuestion = Extract<Request, { readonly op: 'lease.keepalive' | 'lease.timetolive' }>;
export type LeaseAnswer =
  | { readonly ok: true; readonly result: Extract<Result, { readonly op: LeaseQuestion['op'] }> }
  | { readonly ok: false; readonly error: QuorateError };

/** Every room that is written to by name. */
export interface Mail {
  readonly raft: RaftEvent;
  readonly log: { readonly type: 'add'; readonly items: readonly LogJob[] };
  readonly apply: { readonly type: 'add'; readonly items: readonly ApplyJob[] };
  readonly state: StateLetter;
  readonly requests: RequestsLetter;
  readonly peers: PeersLetter;
  readonly snapshot: SnapshotLetter;
  readonly compactor: CompactorLetter;
  readonly leaseTicker: LeaseTickerLetter;
  readonly coordination: CoordinationLetter;
  readonly watchHub: WatchHubLetter;
  readonly eventFeed: EventFeedLetter;
  readonly inspector: InspectorLetter;
  readonly node: { readonly type: 'retired' } | { readonly type: 'drained' };
}
export type Address = keyof Mail;

/** As much of XState's actor system as the post office needs. */
export interface System {
  get(address: string): { send(letter: EventObject): void } | undefined;
}

/** Delivers a letter. XState would hand one to a missing address back to its sender without a word; this throws. */
export function post<A extends Address>(system: System, to: A, letter: Mail[A]): void {
  const room = system.get(to);
  invariant(room !== undefined, 'a letter is posted to a room that is open', { to, letter: letter.type });
  room.send(letter);
}

/**
 * For what comes back later than it was asked for: the room may be closed by then, and the letter means nothing any
 * more.
 */
export function postIfOpen<A extends Address>(system: System, to: A, letter: Mail[A]): void {
  system.get(to)?.send(letter);
}

/** What fails outside a letter's handling comes back as a letter, so that the room ends with it. */
export const failIn =
  (system: System, room: 'requests' | 'snapshot' | 'watchHub' | 'inspector') =>
  (error: unknown): void =>
    postIfOpen(system, room, { type: 'failed', error });

/** What raft wants done, and by whom. */
export function dispatch(system: System, effect: Effect): void {
  switch (effect.type) {
    case 'persist':
    case 'trimLog':
      return post(system, 'log', { type: 'add', items: [effect] });
    case 'send':
      return post(system, 'peers', effect);
    case 'apply':
      return post(system, 'apply', { type: 'add', items: [effect] });
    case 'confirmAppended':
    case 'refuseProposals':
    case 'answerRead':
    case 'voidReads':
      return post(system, 'requests', effect);
    case 'openDoor':
    case 'closeDoor':
      post(system, 'leaseTicker', effect);
      post(system, 'coordination', effect);
      post(system, 'eventFeed', effect);
      return post(system, 'requests', effect);
    case 'announce':
      post(system, 'requests', effect);
      post(system, 'peers', effect);
      post(system, 'watchHub', effect);
      return post(system, 'compactor', effect);
    case 'prepareSnapshot':
    case 'dropSnapshot':
    case 'installSnapshot':
      return post(system, 'snapshot', effect);
    case 'retire':
      return post(system, 'node', { type: 'retired' });
    default:
      return unreachable(effect);
  }
}
