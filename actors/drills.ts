/** Drills: faults that an operator orders at one member, to see what the protocol does about them. */
import { badRequest } from '../machines/language/errors.js';
import type { Drill } from '../machines/language/inspection.js';
import { unreachable } from '../machines/language/invariant.js';
import type { RaftContext } from '../machines/raft/raft.machine.js';
import { post, type System } from './mail.js';
import type { NodePorts } from './ports.js';

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
        raftOf(system, (role) => role === 'leader', drill, 'leads');
        post(system, 'raft', { type: 'transfer.asked', target: null });
        return 'it hands its leadership over';
      case 'campaign': {
        const { leader, hardState } = raftOf(system, (role) => role === 'follower', drill, 'follows a leader');
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

function raftOf(system: System, fits: (role: string) => boolean, drill: Drill, does: string): RaftContext {
  const snapshot = (
    system.get('raft') as { getSnapshot(): { context: RaftContext; matches(role: string): boolean } } | undefined
  )?.getSnapshot();
  const role = ['follower', 'leader'].find((each) => snapshot?.matches(each));
  if (snapshot === undefined || role === undefined || !fits(role)) {
    throw badRequest(`drill.${drill}: only a member that ${does} can do that`);
  }
  return snapshot.context;
}
