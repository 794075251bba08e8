/**
 * The words every wing of the house speaks: terms, indexes and members; log entries; the letters that members send each
 * other; what can happen to raft (events, in the past tense) and what raft wants done (effects, in the imperative).
 */

declare const unit: unique symbol;
type Count<Name extends string> = number & { readonly [unit]: Name };
type Id<Name extends string> = bigint & { readonly [unit]: Name };

/** A period of at most one leader (Raft §5.1). Starts at 1; 0 is "before any election". */
export type Term = Count<'Term'>;
/** A position in the log. Entries start at 1; 0 is "before the log". */
export type Index = Count<'Index'>;
/** The main part of an MVCC revision (reference B-01, B-02). A new store is at 1. */
export type Revision = Count<'Revision'>;
/** Numbers the quorum rounds of one leader; never reused within its term. */
export type Round = Count<'Round'>;
/**
 * One life of a data directory: how often it was started (raised and synced before it hears its first peer), and
 * chance, so that two starts on copies of one directory are two lives, of which one comes after the other.
 */
export type Epoch = Count<'Epoch'>;
export const EPOCH_CHANCE = 1024;
/** How often the directory was started. */
export const startsIn = (epoch: Epoch): number => Math.floor(epoch / EPOCH_CHANCE);

/** 64 random bits, drawn when a data directory is made: the identity of the member that lives there. Never 0. */
export type MemberId = Id<'MemberId'>;
/** 64 bits of the hash of the cluster's first entry. */
export type ClusterId = Id<'ClusterId'>;

export const term = (n: number): Term => n as Term;
export const index = (n: number): Index => n as Index;
export const revision = (n: number): Revision => n as Revision;
export const memberId = (n: bigint): MemberId => n as MemberId;

/** Where an entry stands: two logs with the same mark hold the same entries up to it (Raft §5.3, Log Matching). */
export interface Mark {
  readonly index: Index;
  readonly term: Term;
}

export interface Member {
  readonly id: MemberId;
  readonly name: string;
}

/** Who is in the cluster. In force as soon as it is appended (thesis §4.1). */
export interface Configuration {
  readonly voters: readonly Member[];
  readonly learners: readonly Member[];
}

/** A configuration and the index of the entry that brought it. */
export interface ConfigurationAt {
  readonly index: Index;
  readonly configuration: Configuration;
}

/**
 * One entry of the log. `command` carries a command of the store in its canonical bytes (codec.ts); `empty` is the
 * entry with which a leader opens its term (Raft §8); `configuration` changes the membership.
 */
export type Entry =
  | { readonly index: Index; readonly term: Term; readonly kind: 'empty' }
  | { readonly index: Index; readonly term: Term; readonly kind: 'command'; readonly data: Uint8Array }
  | {
      readonly index: Index;
      readonly term: Term;
      readonly kind: 'configuration';
      readonly configuration: Configuration;
    };

/** What raft must never forget (Raft, figure 2: persistent state). `commit` only spares work after a restart. */
export interface HardState {
  readonly term: Term;
  readonly vote: MemberId | null;
  readonly commit: Index;
}

/** Where a state ends and the log may begin: the state's applied index, that entry's term, the membership there. */
export interface SnapshotMark extends Mark {
  readonly configuration: Configuration;
}

/** A leader's offer of its state; `id` names the stream that the follower pulls in chunks. */
export interface SnapshotOffer extends SnapshotMark {
  readonly id: string;
  readonly size_bytes: number;
}

/** A read-only, synchronous view of the durable log (store/raft-log.ts). Never holds what is not yet on disk. */
export interface LogView {
  /** The mark before the first entry held: what was trimmed or installed as a snapshot. */
  readonly start: SnapshotMark;
  /** Index of the last durable entry; `start.index` when the log is empty. */
  readonly last: Index;
  /** Bytes of the entries held. */
  readonly bytes: number;
  /** The term of the entry at `index`, also at `start.index`; undefined outside. */
  termAt(index: Index): Term | undefined;
  /** Entries in [from, to], cut after the first entry with which the bytes pass `bytes_max` (always at least one). */
  slice(from: Index, to: Index, bytes_max: number): readonly Entry[];
}

/* ---- what members say to each other ------------------------------------------------------------------------------ */

interface FromPeer {
  readonly from: MemberId;
  readonly term: Term;
}

/** Would you vote for me in `term`? Changes nothing at either end (thesis §9.6). `term` is the sender's next term. */
export interface PreVoteAsked extends FromPeer {
  readonly type: 'preVote.asked';
  readonly last: Mark;
  /** Counts the sender's campaigns in this life; an answer repeats it. */
  readonly campaign: number;
}
/** Granted: `term` repeats the question's. Refused: `term` is the answerer's own. */
export interface PreVoteAnswered extends FromPeer {
  readonly type: 'preVote.answered';
  readonly campaign: number;
  readonly granted: boolean;
}
/** RequestVote (Raft §5.2). `transfer`: the leader itself asked for this campaign (thesis §3.10). */
export interface VoteAsked extends FromPeer {
  readonly type: 'vote.asked';
  readonly last: Mark;
  readonly campaign: number;
  readonly transfer: boolean;
}
export interface VoteAnswered extends FromPeer {
  readonly type: 'vote.answered';
  readonly campaign: number;
  readonly granted: boolean;
}
/** AppendEntries with or without entries (Raft §5.3). */
export interface AppendSent extends FromPeer {
  readonly type: 'append.sent';
  readonly previous: Mark;
  readonly entries: readonly Entry[];
  readonly commit: Index;
}
/** All entries up to `upTo` match the leader's and are durable. */
export interface AppendAccepted extends FromPeer {
  readonly type: 'append.accepted';
  readonly upTo: Index;
}
/**
 * The entry before the append's did not match. `hint` is the last place where the logs may agree (thesis §5.3, conflict
 * hints); `needsSnapshot`: this member's state is gone and no append can help it.
 */
export interface AppendRefused extends FromPeer {
  readonly type: 'append.refused';
  readonly previous: Index;
  readonly hint: Mark;
  readonly needsSnapshot: boolean;
}
/** I lead. `commit` is min(the leader's, what this follower acknowledged in this term). */
export interface HeartbeatSent extends FromPeer {
  readonly type: 'heartbeat.sent';
  readonly commit: Index;
  readonly round: Round;
}
export interface HeartbeatAnswered extends FromPeer {
  readonly type: 'heartbeat.answered';
  readonly round: Round;
}
/** InstallSnapshot (Raft §7): the follower pulls the stream, installs it, and answers `append.accepted`. */
export interface SnapshotOffered extends FromPeer {
  readonly type: 'snapshot.offered';
  readonly snapshot: SnapshotOffer;
}
/** The offered stream could not be fetched or was damaged; the leader probes again. */
export interface SnapshotRefused extends FromPeer {
  readonly type: 'snapshot.refused';
  readonly index: Index;
  readonly reason: string;
}
/** A follower asks for a read index (thesis §6.4). */
export interface ReadIndexAsked extends FromPeer {
  readonly type: 'readIndex.asked';
  readonly id: ReadId;
}
/** `index: null`: no answer can be given (not the leader, or not yet serving); ask again. */
export interface ReadIndexAnswered extends FromPeer {
  readonly type: 'readIndex.answered';
  readonly id: ReadId;
  readonly index: Index | null;
}
/** TimeoutNow (thesis §3.10): campaign at once, without pre-vote. */
export interface CampaignAsked extends FromPeer {
  readonly type: 'campaign.asked';
}

export type PeerMessage =
  | PreVoteAsked
  | PreVoteAnswered
  | VoteAsked
  | VoteAnswered
  | AppendSent
  | AppendAccepted
  | AppendRefused
  | HeartbeatSent
  | HeartbeatAnswered
  | SnapshotOffered
  | SnapshotRefused
  | ReadIndexAsked
  | ReadIndexAnswered
  | CampaignAsked;

/**
 * The log's answer to its own raft: everything up to `end` is durable, and so is the hard state of `term`.
 * [safety] Raft ignores one made in an earlier term, or whose `end` is not what the log holds at that index now.
 */
export interface LogKept {
  readonly type: 'log.kept';
  readonly term: Term;
  readonly end: Mark;
}

/**
 * A letter leaves for another member, or returns to the member that wrote it (its own vote, its own acknowledgement).
 */
export type Letter =
  | { readonly to: MemberId; readonly message: PeerMessage }
  | { readonly to: 'self'; readonly message: LogKept | VoteAnswered | PreVoteAnswered };

/**
 * ---- what can happen to raft --------------------------------------------------------------------------------------
 */

/** Numbers the reads one node has asked raft for; never reused in its life. */
export type ReadId = Count<'ReadId'>;
/** Numbers the proposals of one node; never reused in its life. */
export type ProposalId = Count<'ProposalId'>;

export interface Proposal {
  readonly id: ProposalId;
  readonly data: Uint8Array;
}

export type ConfigurationChange =
  | { readonly type: 'addLearner'; readonly member: Member }
  | { readonly type: 'addVoter'; readonly member: Member }
  | { readonly type: 'promote'; readonly member: MemberId }
  | { readonly type: 'remove'; readonly member: MemberId };

export type RaftEvent =
  | PeerMessage
  | LogKept
  /** One tick of the node's clock has passed; `now_ms` is the monotonic time of it (for leases). */
  | { readonly type: 'tick'; readonly now_ms: number }
  /** Commands to replicate. `term`: the term in which they were accepted (at the door, or decided by this node). */
  | { readonly type: 'proposed'; readonly term: Term; readonly batch: readonly Proposal[] }
  /** A membership change to replicate, accepted in `term`. */
  | {
      readonly type: 'change.proposed';
      readonly id: ProposalId;
      readonly term: Term;
      readonly change: ConfigurationChange;
    }
  /** Reads of one turn, sharing one id. */
  | { readonly type: 'read.asked'; readonly id: ReadId }
  /** Hand leadership to `target`, or to the most up-to-date voter. */
  | { readonly type: 'transfer.asked'; readonly target: MemberId | null }
  /** The state database is durable up to `index`. */
  | { readonly type: 'applied'; readonly index: Index }
  /** The snapshot room has a consistent stream ready for `to`. */
  | { readonly type: 'snapshot.prepared'; readonly to: MemberId; readonly snapshot: SnapshotOffer }
  /** The stream for `to` ended without being installed (follower gone, or asked for by nobody). */
  | { readonly type: 'snapshot.dropped'; readonly to: MemberId }
  /** The offered snapshot is installed and synced; the log now starts at `mark` (or kept what follows it). */
  | { readonly type: 'snapshot.installed'; readonly mark: SnapshotMark }
  /** Fetching or installing the offered snapshot failed. */
  | { readonly type: 'snapshot.failed'; readonly index: Index; readonly reason: string }
  /** A connection of this node has been silent for an election timeout, or is heard again. */
  | { readonly type: 'link.silent'; readonly link: 'door' | 'bulk' }
  | { readonly type: 'link.heard'; readonly link: 'door' | 'bulk' };

export type RaftEventType = RaftEvent['type'];
export type EventOf<T extends RaftEventType> = Extract<RaftEvent, { readonly type: T }>;

/**
 * ---- what raft wants done -----------------------------------------------------------------------------------------
 */

export type Role = 'follower' | 'learner' | 'preCandidate' | 'candidate' | 'leader' | 'removed';

/** Why a member has the role it has, and which other member brought that about. */
export interface Cause {
  readonly why:
    | 'started'
    | 'electionTimeout'
    | 'quorumWouldVote'
    | 'quorumVoted'
    | 'quorumRefused'
    | 'invited'
    | 'newerTerm'
    | 'leaderHeard'
    | 'voteGiven'
    | 'quorumLost'
    | 'cannotLead'
    | 'membershipChanged'
    | 'removalCommitted';
  readonly by: MemberId | null;
}

export type RefusalReason = 'notLeader' | 'staleTerm' | 'handingOver' | 'tooManyUncommitted' | 'changeInProgress';

export type Effect =
  /**
   * Write hard state and entries with one sync; entries replace whatever the log holds from their first index on.
   * [safety] The letters in `then` are promises that hang on this write; they leave once it is durable, not before.
   */
  | {
      readonly type: 'persist';
      readonly hardState: HardState;
      readonly entries: readonly Entry[];
      readonly then: readonly Letter[];
    }
  /** Letters that promise nothing which is not yet durable. */
  | { readonly type: 'send'; readonly letters: readonly Letter[] }
  /** Committed entries, next in order, each durable in this node's own log. */
  | { readonly type: 'apply'; readonly entries: readonly Entry[] }
  /** The proposals stand in the log from `first` on, in order. */
  | {
      readonly type: 'confirmAppended';
      readonly term: Term;
      readonly first: Index;
      readonly ids: readonly ProposalId[];
    }
  /** The proposals were not appended and never will be. */
  | { readonly type: 'refuseProposals'; readonly ids: readonly ProposalId[]; readonly reason: RefusalReason }
  /** A read asked under `id` may be answered from a state applied up to `index`. */
  | { readonly type: 'answerRead'; readonly id: ReadId; readonly index: Index }
  /** No read index for these: the leader is unknown, has changed, or does not serve yet. */
  | { readonly type: 'voidReads'; readonly ids: readonly ReadId[] }
  /** Open this term's door: the leader serves. */
  | { readonly type: 'openDoor'; readonly term: Term }
  /** Close it: what was proposed through it and is not answered "may have been applied". */
  | { readonly type: 'closeDoor'; readonly term: Term }
  /** What others may want to know changed: the role, the term, the leader heard, or the membership. */
  | {
      readonly type: 'announce';
      readonly role: Role;
      readonly cause: Cause;
      readonly term: Term;
      readonly leader: MemberId | null;
      readonly configuration: Configuration;
    }
  /** Make a consistent stream of the state for a follower that the log can no longer serve. */
  | { readonly type: 'prepareSnapshot'; readonly to: MemberId }
  /** Nobody will pull the stream for this follower any more. */
  | { readonly type: 'dropSnapshot'; readonly to: MemberId }
  /** Pull the offered stream from `from`, verify it, and install it. */
  | { readonly type: 'installSnapshot'; readonly from: MemberId; readonly snapshot: SnapshotOffer }
  /** The log before and at `mark` is no longer needed: a synced state covers it. */
  | { readonly type: 'trimLog'; readonly mark: SnapshotMark }
  /** This member is no longer part of the cluster. */
  | { readonly type: 'retire' };

export type EffectOf<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;
