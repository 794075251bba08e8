/** How a member stands, read off its raft chart and its store for whoever inspects it. */
import type { StandingTold } from '../machines/language/inspection.js';
import type { MemberId } from '../machines/language/vocabulary.js';
import { inForce, isVoter } from '../machines/raft/membership.js';
import { roleOf } from '../machines/raft/raft.machine.js';
import { lastIndex } from '../machines/raft/tail.js';
import type { System } from './mail.js';
import type { NodePorts } from './ports.js';
import { raftNow } from './raft.js';
import { nameOf } from './roles.js';

/** The name of a member, or its id where it is none of the cluster's. */
export function memberName(system: System, id: MemberId): string {
  const raft = raftNow(system);
  return nameOf(id, raft === undefined ? { voters: [], learners: [] } : inForce(raft.context));
}

export function standingOf(
  system: System,
  { kv }: NodePorts,
  requests: number,
): Omit<StandingTold, 'type' | 'createdAt'> | null {
  const raft = raftNow(system);
  if (raft === undefined) return null;
  const { context } = raft;
  const { hardState, leader, applied, progress } = context;
  const name = (id: MemberId | null): string | null => (id === null ? null : memberName(system, id));
  return {
    role: roleOf(raft),
    term: hardState.term,
    leader: name(leader),
    vote: name(hardState.vote),
    commit: hardState.commit,
    applied,
    last: lastIndex(context),
    revision: kv.status.revision,
    db_size: kv.status.db_size,
    requests,
    peers: [...progress].map(([id, { phase, match, next }]) => ({
      name: memberName(system, id),
      state: phase,
      match,
      next,
      voter: isVoter(context, id),
    })),
  };
}
