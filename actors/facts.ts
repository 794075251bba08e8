/** How a node is at this moment, in numbers: for service discovery and for whoever scrapes. */
import type { StatusResult } from '../machines/language/status.js';
import type { Index, MemberId } from '../machines/language/vocabulary.js';
import { statusOf } from './answers.js';
import type { Incoming } from './incoming.js';
import type { System } from './mail.js';
import type { NodePorts, NodeSettings } from './ports.js';
import { raftNow } from './raft.js';
import type { Standing } from './standing.js';
import type { WatchFacts } from './watch-state.js';

export interface NodeFacts extends WatchFacts {
  readonly status: StatusResult;
  readonly member: MemberId;
  /** The log is committed up to here, as far as this member knows. */
  readonly commit: number;
  readonly compact_revision: number;
  readonly keys: number;
  readonly leases: number;
  readonly proposals_pending: number;
  /** It takes no new requests and answers those it has. */
  readonly draining: boolean;
  /** Whom it should hear: all others while it leads, else its leader. */
  readonly partners: readonly MemberId[];
}

const nobodyWatches: WatchFacts = {
  watch_streams: 0,
  watchers: 0,
  watchers_behind: 0,
  events_pending: 0,
  events_told: 0,
};

export function factsOf(of: {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly self: { readonly member: { readonly id: MemberId } };
  readonly incoming: Incoming;
  readonly system: System;
  readonly standing: Standing;
  readonly applied: Index;
  readonly proposals_pending: number;
}): NodeFacts {
  const { kv } = of.ports;
  const { id } = of.self.member;
  const status = statusOf(of);
  return {
    status,
    member: id,
    commit: Math.max(raftNow(of.system)?.context.hardState.commit ?? 0, of.applied),
    compact_revision: kv.status.compact_revision,
    keys: kv.status.keys,
    leases: kv.leases.size,
    proposals_pending: of.proposals_pending,
    draining: of.standing.draining,
    partners: partnersOf(of.standing, id),
    ...(of.incoming.watches?.() ?? nobodyWatches),
  };
}

function partnersOf({ role, announcement }: Standing, self: MemberId): readonly MemberId[] {
  if (announcement === null) return [];
  const { leader, configuration } = announcement;
  if (role !== 'leader') return leader === null ? [] : [leader];
  return [...configuration.voters, ...configuration.learners].map(({ id }) => id).filter((id) => id !== self);
}

/** What `$SRV.STATS` shows; nothing while the node is in no cluster. */
export function statsOf(facts: NodeFacts | null): Record<string, unknown> {
  if (facts === null) return {};
  const { status, commit, draining, watch_streams, watchers, leases } = facts;
  const { leader, ...rest } = status;
  return {
    ...rest,
    leader: leader.toString(),
    raft_commit_index: commit,
    watch_streams,
    watchers,
    leases,
    draining,
  };
}
