/** What a node hears and says, as promises. NATS and memory implement all of it and run the same suites. */
import type {
  CompactRequest,
  CompactResult,
  DeleteRequest,
  DeleteResult,
  HashKvRequest,
  HashKvResult,
  Header,
  MemberListRequest,
  MemberListResult,
  PutRequest,
  PutResult,
  RangeRequest,
  RangeResult,
  RequestId,
  StoreEvent,
  TxnRequest,
  TxnResult,
} from '../machines/language/commands.js';
import type { Buckets } from '../machines/language/buckets.js';
import type { CoordinationRequest, CoordinationResult } from '../machines/language/coordination.js';
import type {
  LeaseGrantRequest,
  LeaseGrantResult,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResult,
  LeaseListResult,
  LeaseRevokeRequest,
  LeaseRevokeResult,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResult,
} from '../machines/language/leases.js';
import type { QuorateError } from '../machines/language/errors.js';
import type { Drill, InspectionFrame, InspectionRequest } from '../machines/language/inspection.js';
import type {
  HistoryQuery,
  HistoryResult,
  WatchCreate,
  WatchMessage,
  WatchRequest,
} from '../machines/language/watching.js';
import type { StatusResult } from '../machines/language/status.js';
import type {
  ClusterId,
  Configuration,
  Epoch,
  Member,
  MemberId,
  PeerMessage,
  Revision,
  SnapshotOffer,
  Term,
} from '../machines/language/vocabulary.js';

/**
 * ---- peers --------------------------------------------------------------------------------------------------------
 */

/** Another cluster serves under this one's name on these servers. */
export class NameInUseError extends Error {
  override readonly name = 'NameInUseError';
}

/** Who this node is to its peers. */
export interface Self {
  readonly member: Member;
  readonly cluster_name: string;
  readonly epoch: Epoch;
}

/** What nodes say before there is a cluster, and to those who have not joined it; by name, not by identity. */
export type BirthMessage =
  /** The founder (the first name in order) asks all listed members. `round` is repeated by the answer. */
  | { readonly type: 'birth.asked'; readonly round: number; readonly members: readonly string[] }
  /** `cluster` is null while the log is empty. */
  | {
      readonly type: 'birth.answered';
      readonly round: number;
      readonly members: readonly string[];
      readonly cluster: ClusterId | null;
    }
  /** The cluster is born: take this as the first entry, if your log is empty and you are in it. */
  | { readonly type: 'born'; readonly members: readonly Member[] };

export interface PeerHandlers {
  message(message: PeerMessage): void;
  birth(from: Member, message: BirthMessage): void;
  /** A peer asks for the next piece of a stream offered as `id`; null: the stream is unknown or over. */
  piece(from: MemberId, id: string, number: number): Promise<Uint8Array | null>;
  /** A connection was silent for an election timeout, or is heard again. */
  link(link: 'control' | 'bulk' | 'snapshot', state: 'silent' | 'heard'): void;
  /**
   * Frames that were dropped, by reason (foreign cluster, identity, epoch, signature, damaged): for logs and counters;
   * `from` is the name their sender gives itself. `superseded`: members hear a later life of this node's own identity.
   */
  dropped(reason: string, from?: string): void;
  refused: Refused;
}

/** What NATS does not let this node do, or why it does not let it in: for people. What is of one kind repeats. */
export type Refused = (kind: string, reason: string) => void;

/** How a connection to NATS has fared, for counters. */
export interface LinkMeters {
  readonly link: 'control' | 'bulk' | 'snapshot' | 'door';
  readonly connected: boolean;
  /** How often it was there again after it had broken. */
  readonly reconnects: number;
  /** How often the server said that it was not read fast enough. */
  readonly slow_consumers: number;
}

/** What went between this member and another one. */
export interface PeerTraffic {
  sent_bytes: number;
  received_bytes: number;
  /** When anything of it was last heard, by the node's clock; null: never. */
  heard_ms: number | null;
}

export interface PeerMeters {
  readonly members: ReadonlyMap<MemberId, PeerTraffic>;
  /** Heartbeats that could not leave. */
  readonly heartbeats_unsent: number;
  readonly links: readonly LinkMeters[];
}

/**
 * Letters between members. Delivery is at most once, in no order. [safety] A receiver drops a frame of another cluster,
 * for or from another identity, with an epoch lower than the highest seen, an answer to an earlier life, a word to a
 * later life of its own identity, or a bad signature.
 */
export interface PeerTransport {
  open(self: Self, handlers: PeerHandlers): Promise<void>;
  /** From now on frames carry this cluster's id, and only the members of `configuration` are heard. */
  join(cluster: ClusterId, configuration: Configuration): void;
  /**
   * Letters of one turn, grouped by receiver into frames; control letters and bulk letters by different connections.
   */
  send(letters: readonly { readonly to: MemberId; readonly message: PeerMessage }[]): void;
  sendBirth(toName: string, message: BirthMessage): void;
  /**
   * One piece of a stream another member offered, null after its last (or when it is unknown there); rejects when none
   * comes.
   */
  pull(from: MemberId, offer: SnapshotOffer, number: number): Promise<Uint8Array | null>;
  /** Tests each connection with a message to itself. Called every heartbeat. */
  probe(): void;
  readonly meters: PeerMeters;
  close(): Promise<void>;
}
export const PEER_TRANSPORT = Symbol('PeerTransport');

/**
 * ---- clients, as a node sees them ---------------------------------------------------------------------------------
 */

/** One request of a client, decoded and validated. */
export type Request =
  | { readonly op: 'kv.range'; readonly body: RangeRequest }
  | { readonly op: 'kv.put'; readonly body: PutRequest }
  | { readonly op: 'kv.delete'; readonly body: DeleteRequest }
  | { readonly op: 'kv.txn'; readonly body: TxnRequest }
  | { readonly op: 'kv.compact'; readonly body: CompactRequest }
  | { readonly op: 'lease.grant'; readonly body: LeaseGrantRequest }
  | { readonly op: 'lease.revoke'; readonly body: LeaseRevokeRequest }
  | { readonly op: 'lease.keepalive'; readonly body: LeaseKeepAliveRequest }
  | { readonly op: 'lease.timetolive'; readonly body: LeaseTimeToLiveRequest }
  | { readonly op: 'lease.list'; readonly body: Record<string, never> }
  | CoordinationRequest
  | { readonly op: 'cluster.list'; readonly body: MemberListRequest }
  | { readonly op: 'maintenance.status'; readonly body: Record<string, never> }
  | { readonly op: 'maintenance.hashkv'; readonly body: HashKvRequest }
  | { readonly op: 'watch.history'; readonly body: HistoryQuery };

export type Operation = Request['op'];

export const isWrite = ({ op }: { readonly op: Operation }): boolean => WRITES.has(op);

const WRITES: ReadonlySet<Operation> = new Set([
  'kv.put',
  'kv.delete',
  'kv.txn',
  'kv.compact',
  'lease.grant',
  'lease.revoke',
  'lock.lock',
  'lock.unlock',
  'election.campaign',
  'election.proclaim',
  'election.resign',
]);

export type Result =
  | { readonly op: 'kv.range'; readonly body: RangeResult }
  | { readonly op: 'kv.put'; readonly body: PutResult }
  | { readonly op: 'kv.delete'; readonly body: DeleteResult }
  | { readonly op: 'kv.txn'; readonly body: TxnResult }
  | { readonly op: 'kv.compact'; readonly body: CompactResult }
  | { readonly op: 'lease.grant'; readonly body: LeaseGrantResult }
  | { readonly op: 'lease.revoke'; readonly body: LeaseRevokeResult }
  | { readonly op: 'lease.keepalive'; readonly body: LeaseKeepAliveResult }
  | { readonly op: 'lease.timetolive'; readonly body: LeaseTimeToLiveResult }
  | { readonly op: 'lease.list'; readonly body: LeaseListResult }
  | CoordinationResult
  | { readonly op: 'cluster.list'; readonly body: MemberListResult }
  | { readonly op: 'maintenance.status'; readonly body: StatusResult }
  | { readonly op: 'maintenance.hashkv'; readonly body: HashKvResult }
  | { readonly op: 'watch.history'; readonly body: HistoryResult };

export type Answer =
  | { readonly ok: true; readonly header: Header; readonly result: Result }
  /** Applied, but its answer is too long or no longer kept. */
  | { readonly ok: true; readonly header: Header; readonly truncated: true }
  | { readonly ok: false; readonly error: QuorateError };

/** A request and the way back. `answer` is called exactly once. */
export interface Ask {
  readonly request: Request;
  readonly id: RequestId | null;
  /** How long the asker waits, counted from arrival. */
  readonly timeout_ms: number;
  /** The term whose leader's door it came through; null at a door that any member opens. */
  readonly term: Term | null;
  answer(answer: Answer): void;
}

/** One client's stream of watches, as a node sees it. */
export interface WatchStream {
  readonly isOpen: boolean;
  /** The bytes that left; 0: it could not, and the stream has a hole from now on. */
  send(message: WatchMessage): number;
  /** Instead of a first message: the client hears the error. */
  refuse(error: QuorateError): void;
  /** A request that cannot be read or kept: the client hears why, and the stream goes on. */
  complain(error: QuorateError): void;
  /** Nothing more is sent or heard. */
  close(): void;
}

export interface WatchListener {
  asked(request: WatchRequest): void;
  /** Nobody listens to the stream any more. */
  gone(): void;
}

/** What begins a stream. */
export interface WatchOpening {
  readonly create: WatchCreate;
  /** Bytes that may be on their way without an acknowledgement; 0: it acknowledges nothing. */
  readonly window_bytes: number;
}

/** One inspection, as a node sees it. */
export interface InspectionStream {
  /** False: it did not leave, or not all of it. */
  tell(told: Omit<InspectionFrame, 'number'>): boolean;
  /** Nothing more is told. */
  close(): void;
}

export interface InspectionListener {
  /** Nobody listens any more. */
  gone(): void;
}

export interface DoorHandlers {
  /** Somebody wants to see what goes on. */
  inspecting(stream: InspectionStream, request: InspectionRequest): InspectionListener;
  /** Drills can be asked for; where not, their subjects do not exist. */
  readonly drills: boolean;
  /** Does it, and says what follows. Rejects with a QuorateError where it makes no sense now. */
  drill(drill: Drill, for_ms: number): Promise<string>;
  /** A client opens a stream; what it asks later goes to the listener. */
  watching(stream: WatchStream, opening: WatchOpening): WatchListener;
  /** Everything that one turn of the loop brought through one message; in order. */
  asked(asks: readonly Ask[]): void;
  link(state: 'silent' | 'heard'): void;
  /** What `$SRV.STATS` shows beside the counters. */
  stats(): Record<string, unknown>;
  refused: Refused;
}

/** An event as the feed tells it to whoever listens. */
export interface FeedEvent {
  /** The leader's that tells it: an event may be older. */
  readonly term: Term;
  readonly revision: Revision;
  /** Its place among the events of its revision, from 0 on. */
  readonly sub: number;
  /** Its key as a subject has it. */
  readonly tokens: readonly string[];
  /** Of the ancestors of that subject, from the one of all events down. */
  readonly numbers: readonly number[];
  readonly event: StoreEvent;
}

/** A leader tells events; this is how far it is. */
export interface FeedBeat {
  readonly term: Term;
  readonly revision: Revision;
  /** What happened up to here may not have been told in this term. */
  readonly unsent_revision: Revision;
}

/** What a leader says unasked: at most once, to however many listen. False: it did not leave. */
export interface EventFeed {
  tell(event: FeedEvent): boolean;
  beat(beat: FeedBeat): boolean;
  /** Grows whenever what was said just before may be lost. */
  readonly interruptions: number;
}

/** Requests of one kind that were answered, by how long they took in seconds. */
export interface Served {
  readonly ok: Buckets;
  readonly failed: Buckets;
}

export interface DoorMeters {
  readonly served: ReadonlyMap<Operation, Served>;
  /** Streams of watches that were opened. */
  readonly streams_opened: number;
  readonly links: readonly LinkMeters[];
}

/** The side of the clients: NATS services with their endpoints. */
export interface ClientDoor {
  /** From open() on. */
  readonly feed: EventFeed;
  open(self: Self, handlers: DoorHandlers): Promise<void>;
  /**
   * The node is in this cluster and can be asked by name. Throws when the cluster's name is in use under another id.
   */
  serve(cluster: ClusterId): Promise<void>;
  /** Join or leave the queue group of members that hear a leader. */
  hearLeader(heard: boolean): void;
  /** Open the leader's endpoints, in a queue group of this term. */
  lead(term: Term): void;
  /** Drain them: what is on the way still arrives, with its term. */
  retire(term: Term): void;
  probe(): void;
  readonly meters: DoorMeters;
  /** Take no new requests; resolves when the answers are out. */
  drain(): Promise<void>;
  close(): Promise<void>;
}
export const CLIENT_DOOR = Symbol('ClientDoor');

/**
 * ---- clients, as they see themselves ------------------------------------------------------------------------------
 */

export interface LinkMessage {
  readonly body: Uint8Array;
  readonly headers: ReadonlyMap<string, string>;
  readonly subject: string;
  /** Where it wants to be answered. */
  readonly reply?: string | undefined;
}

/** Messages without end in answer to one request. */
export interface LinkStream {
  close(): void;
}

export interface StreamHandlers {
  message(message: LinkMessage): void;
  /** It is over without having been closed: nobody serves it, or the connection is lost. Told once. */
  ended(error: LinkError): void;
}

/** A client's connection. */
export interface ClientLink {
  readonly max_payload: number;
  /** False while disconnected: nothing is published then. */
  readonly connected: boolean;
  /** Why the server does not let us in, while that is so. */
  readonly trouble?: LinkError | undefined;
  /** One answer; rejects with NoResponders, Timeout or Disconnected (LinkError). */
  request(
    subject: string,
    body: Uint8Array,
    headers: ReadonlyMap<string, string>,
    timeout_ms: number,
  ): Promise<LinkMessage>;
  /** Every answer to one request until `done` says so or the timeout ends it; rejects as request does. */
  requestMany(
    subject: string,
    body: Uint8Array,
    headers: ReadonlyMap<string, string>,
    timeout_ms: number,
    onAnswer: (message: LinkMessage) => 'more' | 'done',
  ): Promise<void>;
  /** Everything that is answered to one request, until it is closed; nothing is told before this returns. */
  stream(subject: string, body: Uint8Array, headers: ReadonlyMap<string, string>, handlers: StreamHandlers): LinkStream;
  /** Says something that nobody answers. False: it was not sent. */
  publish(subject: string, body: Uint8Array): boolean;
  close(): Promise<void>;
}

export class LinkError extends Error {
  override readonly name = 'LinkError';
  constructor(
    /** `refused`: not let in; `denied`: let in, but not allowed to do this. */
    readonly reason: 'noResponders' | 'timeout' | 'disconnected' | 'tooLarge' | 'closed' | 'refused' | 'denied',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
