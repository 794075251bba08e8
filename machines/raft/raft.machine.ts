/** Raft as a chart: the roles are its states, `ready` is its only way out (DESIGN: Raft as statecharts). */
import type { SnapshotFrom } from 'xstate';
import type { Role } from '../language/vocabulary.js';
import { candidate, preCandidate } from './candidate.js';
import { firstContext } from './context.js';
import { follower } from './follower.js';
import { leader } from './leader.js';
import { learner } from './learner.js';
import { raft } from './setup.js';

export type { RaftContext, RaftInput, RaftSettings } from './context.js';

export const raftMachine = raft.createMachine({
  id: 'raft',
  description: 'Agrees with the other members on one log of entries (Ongaro and Ousterhout, 2014).',
  // A loop without an end ends the node with a reason instead of holding it for ever.
  options: { maxIterations: 1000 },
  context: ({ input }) => firstContext(input),
  entry: 'handOnAtStart',
  initial: 'follower',
  states: {
    follower,
    learner,
    preCandidate,
    candidate,
    leader,
    removed: {
      description: 'Its removal from the cluster is committed: hears nobody any more.',
      entry: ['beNews', 'retire'],
      always: { guard: 'hasNews', actions: 'announceRemoved' },
      on: {
        applied: { actions: 'noteApplied' },
        proposed: { actions: 'refuseNotLeader' },
        'change.proposed': { actions: 'refuseNotLeader' },
        'read.asked': { actions: 'voidRead' },
        'snapshot.prepared': { actions: 'dropPrepared' },
        'log.kept': [{ guard: 'keptStillHolds', actions: 'keepLog' }, { actions: 'ignored' }],
        '*': { actions: 'ignored' },
      },
    },
  },
});

type RaftSnapshot = SnapshotFrom<typeof raftMachine>;

/** The role is the state, by its outermost name. */
export function roleOf(snapshot: RaftSnapshot): Role {
  const { value } = snapshot;
  return (typeof value === 'string' ? value : Object.keys(value)[0]) as Role;
}
