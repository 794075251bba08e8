/** What the room of the watches knows: its sessions, who watches what, and how far everybody was told. */
import type { Header } from '../machines/language/commands.js';
import type { ClusterId, Index, MemberId, Term } from '../machines/language/vocabulary.js';
import type { RevisionEvents } from '../machines/language/watching.js';
import { makeRangeIndex, type RangeIndex } from '../machines/range-index.js';
import type { WatchStream } from '../transport/ports.js';
import { headerOf } from './answers.js';
import type { System } from './mail.js';
import type { NodePorts, NodeSettings } from './ports.js';
import type { Bundle, Row, Session } from './watch-session.js';

/** Watchers that are told in step: those that see events alone, or those that see what was there before too. */
export interface Channel {
  readonly index: RangeIndex<Bundle>;
  /** Live rows were told of everything up to here. */
  told: number;
  /** Who sees what up to here is settled, though it may not be told yet: a row that joins sees what follows. */
  settled: number;
}

export interface Hub {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly system: System;
  readonly cluster: ClusterId;
  readonly member: MemberId;
  readonly sessions: Map<WatchStream, Session>;
  readonly plain: Channel;
  readonly previous: Channel;
  /** Writes whose pairs as they were before are not known yet, oldest first. */
  waiting: RevisionEvents[];
  waiting_bytes: number;
  /** The question for the pairs of the first of them is under way; one of an earlier round means nothing. */
  asking: boolean;
  round: number;
  /** Rows that are to read from the store, the one that waits longest first. */
  readonly behind: Set<Row>;
  reading: number;
  term: Term;
  leader: boolean;
  learner: boolean;
  /** The state is written up to here, and decided up to there. */
  applied: number;
  decided: number;
  draining: boolean;
  /** Told in all. */
  events: number;
}

/** How much hangs on this member, for whoever asks how it is. */
export interface WatchFacts {
  readonly watch_streams: number;
  readonly watchers: number;
  /** Those among them that are not told of each write as it comes. */
  readonly watchers_behind: number;
  /** Events that wait to be told. */
  readonly events_pending: number;
  readonly events_told: number;
}

export function watchFacts({ sessions, waiting, events }: Hub): WatchFacts {
  let watchers = 0;
  let behind = 0;
  let pending = waiting.reduce((sum, write) => sum + write.events.length, 0);
  for (const { rows, outbox } of sessions.values()) {
    watchers += rows.size;
    for (const { state } of rows.values()) if (state.phase !== 'live') behind++;
    for (const response of outbox) pending += response.events.length;
  }
  return {
    watch_streams: sessions.size,
    watchers,
    watchers_behind: behind,
    events_pending: pending,
    events_told: events,
  };
}

export const newChannel = (told: number): Channel => ({ index: makeRangeIndex(), told, settled: told });

export const channelOf = (hub: Hub, { create }: Bundle): Channel => (create.prev_kv ? hub.previous : hub.plain);

export const headerNow = (hub: Hub, revision = hub.ports.kv.status.revision as number): Header =>
  headerOf(hub.cluster, hub.member, revision, hub.term, hub.applied as Index);
