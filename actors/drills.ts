/** Drills: faults that an operator orders at one member, to see what the protocol does about them. */
import { badRequest } from '../machines/language/errors.js';
import type { Drill } from '../machines/language/inspection.js';
import { unreachable } from '../machines/language/invariant.js';
import type { Role } from '../machines/language/vocabulary.js';
import { type RaftContext, roleOf } from '../machines/raft/raft.machine.js';
import { post, type System } from './mail.js';
import type { NodePorts } from './ports.js';
import { raftNow } from './raft.js';

/** The answer leaves before what it announces begins. */
const FIRST_THE_ANSWER_MS = 50;

export type OrderDrill = (drill: Drill, for_ms: number) => Promise<string>;

/** Says what follows. Rejects with InvalidArgument what makes no sense at this member now. */
export function drillsOf({ drill: faults, clock, journal }: NodePorts, system: System): OrderDrill {
  const soon = (work: () => void): void => void clock.setTimeout(work, FIRST_THE_ANSWER_MS);
  return async (drill, for_ms) => {
    if (faults === null) throw badRequest(`drill.${drill}: this member was not started with --drill`);
    journal.warn('a drill is ordered', { drill, for_ms });
    switch (drill) {
      case 'pause':
        soon(() => faults.pause(for_ms));
        return `it stands still for ${for_ms} ms`;
      case 'isolate':
        faults.isolate(for_ms);
        return `it neither hears nor reaches the other members for ${for_ms} ms`;
      case 'stop':
        soon(() => system.get('node')?.send({ type: 'stop' }));
        return 'it leaves in good order';
      case 'transfer':
        contextAs('leader', system, drill, 'leads');
        post(system, 'raft', { type: 'transfer.asked', target: null });
        return 'it hands its leadership over';
      case 'campaign': {
        const { leader, hardState } = contextAs('follower', system, drill, 'follows a leader');
        if (leader === null) throw badRequest(`drill.campaign: no leader is heard: this member campaigns by itself`);
        // What the leader would say that hands its leadership to this member (thesis §3.10).
        post(system, 'raft', { type: 'campaign.asked', from: leader, term: hardState.term });
        return 'it campaigns, as if its leader had asked it to';
      }
      default:
        return unreachable(drill);
    }
  };
}

/** Raft's context, where this member has the role that the drill takes. */
function contextAs(role: Role, system: System, drill: Drill, does: string): RaftContext {
  const raft = raftNow(system);
  if (raft === undefined || roleOf(raft) !== role) {
    throw badRequest(`drill.${drill}: only a member that ${does} can do that`);
  }
  return raft.context;
}
