/** Watches as the client's callers see them: an async iterator and an event emitter in one. */
import type { Bytes, KeyValue, ResponseHeader } from './types.js';

export interface WatchRange {
  readonly key: Bytes;
  /** The end of the range, exclusive. */
  readonly rangeEnd?: Bytes | undefined;
  /** All keys that begin with the key. */
  readonly prefix?: boolean | undefined;
  /** All keys from the key on. */
  readonly fromKey?: boolean | undefined;
}

export interface WatchOptions extends Omit<WatchRange, 'key'> {
  /** Further ranges, watched by the same watcher: one order for all of them. */
  readonly ranges?: readonly WatchRange[] | undefined;
  /** The first revision wanted, also one of the past or the future; none: from now on. */
  readonly startRevision?: number | undefined;
  /** Begin with the current state, as puts, in responses whose `initial` is true; then go on with what follows it. */
  readonly initialState?: boolean | undefined;
  /** Each event with the pair as it was before. */
  readonly prevKv?: boolean | undefined;
  /** Leave out puts, or deletes. */
  readonly filters?: readonly ('noput' | 'nodelete')[] | undefined;
  /** Responses without events from time to time, that say up to where everything was delivered. */
  readonly progressNotify?: boolean | undefined;
  /** End it when no member that hears a leader can be found (reference 1.0, `hasleader`); default: wait for one. */
  readonly requireLeader?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type EventCause = 'user' | 'lease expired' | 'lease revoked';

export interface WatchEvent {
  readonly type: 'put' | 'delete';
  readonly kv: KeyValue;
  readonly prevKv?: KeyValue;
  /** Why a key was deleted; `user` for puts. */
  readonly cause: EventCause;
}

export interface WatchResponse {
  /** Everything up to `header.revision` was delivered once the events of this response are. */
  readonly header: ResponseHeader;
  /** All events of one or more whole revisions, in order; none in a progress notification. */
  readonly events: readonly WatchEvent[];
  /** Part of the state that the watch began with. */
  readonly initial: boolean;
}

/**
 * Ends the iteration of a watcher whose revisions were compacted: read the state anew and watch from
 * `compactRevision`, or later.
 */
export interface CompactedError extends Error {
  readonly compactRevision: number;
}

export interface WatcherEvents {
  response: (response: WatchResponse) => void;
  put: (event: WatchEvent) => void;
  delete: (event: WatchEvent) => void;
  /** The watcher hangs on a member (again). */
  connected: (member: string) => void;
  disconnected: (reason: string) => void;
  /** It ended by itself: compacted, refused, or no leader. */
  error: (error: Error) => void;
  /** It ended. */
  end: () => void;
}

/** Resumes by itself after every loss of a member, of NATS, or of time: without a gap and without a repeat. */
export interface Watcher extends AsyncIterable<WatchResponse> {
  /** Resolves when the first member has taken it: the watch begins after this header's revision. */
  readonly created: Promise<ResponseHeader>;
  /** Everything up to this revision was delivered; 0 before the first response. */
  readonly revision: number;
  on<E extends keyof WatcherEvents>(event: E, listener: WatcherEvents[E]): this;
  off<E extends keyof WatcherEvents>(event: E, listener: WatcherEvents[E]): this;
  /** Asks for a response that says up to where everything was delivered. */
  requestProgress(): Promise<void>;
  /** Ends it; the iteration ends without an error. */
  cancel(): Promise<void>;
}

export interface Watches {
  watch(key: Bytes, options?: WatchOptions): Watcher;
}
