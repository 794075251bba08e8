/** Watches as the wire speaks of them: what a stream of them can be asked, and what it says (etcd's field names). */
import type { Header, KeyValue, StoreEvent } from './commands.js';
import type { Revision } from './vocabulary.js';

/** Range notation of the reference, 1.1: an empty end is the one key, `\0` all keys from here on. */
export interface KeyRange {
  readonly key: Uint8Array;
  readonly range_end: Uint8Array;
}

export const WATCH_FILTERS = ['noput', 'nodelete'] as const;
export type WatchFilter = (typeof WATCH_FILTERS)[number];

export interface WatchCreate {
  /** All that the watcher sees, in one order; etcd's `key` and `range_end` are the first. */
  readonly ranges: readonly KeyRange[];
  /** The first revision wanted; 0: what follows the state as it is now. */
  readonly start_revision: number;
  readonly prev_kv: boolean;
  readonly filters: readonly WatchFilter[];
  readonly progress_notify: boolean;
  readonly fragment: boolean;
  /** 0: the member picks one. */
  readonly watch_id: number;
  /** First the state at `start_revision` (0: now), as puts, then what follows it. */
  readonly initial_state: boolean;
  /** Of that state leave out keys up to this one: a reader that was interrupted goes on. Empty: none. */
  readonly initial_after: Uint8Array;
  /** `Now` is not before the member's state holds this entry of the log: what the asker has seen. */
  readonly after_index: number;
}

export type WatchRequest =
  | { readonly type: 'create'; readonly create: WatchCreate }
  | { readonly type: 'cancel'; readonly watch_id: number }
  | { readonly type: 'progress' }
  /** Every message up to this number has arrived and is done with. */
  | { readonly type: 'acknowledge'; readonly number: number }
  | { readonly type: 'end' };

/** An event as watchers see it; one object for all that see the same, which is encoded once. */
export interface WatchEvent {
  readonly event: StoreEvent;
  /** Null where it was not asked for, or there is none. */
  readonly prev_kv: KeyValue | null;
}

/** Events of whole revisions. */
export interface RevisionEvents {
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/** In place of an id: none, or all watchers of the session. */
export const NO_WATCH_ID = -1;

export interface WatchResponse {
  /** All watchers of the session that this is for. */
  readonly watch_ids: readonly number[];
  /** Everything up to here was delivered to them, with this response. */
  readonly revision: number;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Not 0 where it was canceled because older revisions are gone: watch from here on. */
  readonly compact_revision: number;
  readonly cancel_reason: string;
  /** Which watcher was refused, by the id that it was asked under; it has none of its own. 0: none. */
  readonly asked_id: number;
  /** More of the same revisions follows. */
  readonly fragment: boolean;
  /** Part of the state that the watch began with; `more` of it follows. */
  readonly initial: boolean;
  readonly more: boolean;
  readonly events: readonly WatchEvent[];
}

const PLAIN: Omit<WatchResponse, 'watch_ids' | 'revision'> = {
  created: false,
  canceled: false,
  compact_revision: 0,
  cancel_reason: '',
  asked_id: 0,
  fragment: false,
  initial: false,
  more: false,
  events: [],
};

export const watchResponse = (
  watch_ids: readonly number[],
  revision: number,
  rest: Partial<WatchResponse> = {},
): WatchResponse => ({ watch_ids, revision, ...PLAIN, ...rest });

/** What a session sends: numbered from 1, without a gap. */
export interface WatchMessage {
  readonly header: Header;
  /** A heartbeat repeats the last number. */
  readonly number: number;
  readonly responses: readonly WatchResponse[];
  /** Each second: everything up to the header's revision was delivered, but to the watchers that are behind. */
  readonly heartbeat: { readonly leader: boolean; readonly behind: readonly number[] } | null;
  /** The session ends with this, and why; empty: it goes on. */
  readonly ended: string;
}

/** What happened, as one answer (`watch.history`). */
export interface HistoryQuery {
  readonly ranges: readonly KeyRange[];
  /** The first revision wanted. */
  readonly start_revision: number;
  readonly prev_kv: boolean;
  /** Revisions with an event, at most; 0: as many as one answer takes. */
  readonly limit: number;
}

export interface HistoryResult {
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
  /** More has happened: ask again, from `next_revision` on. */
  readonly more: boolean;
  readonly next_revision: number;
}
