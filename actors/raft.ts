/** The room of raft: the chart of machines/raft, whose effects go to the post office. */
import type { SnapshotFrom } from 'xstate';
import { raftMachine } from '../machines/raft/raft.machine.js';
import { dispatch, type System } from './mail.js';

export const raftRoom = raftMachine.provide({
  actions: {
    ready: ({ system }, { effects }) => {
      for (const effect of effects) dispatch(system, effect);
    },
  },
});

/**
 * The chart as it is: looked at, not asked for, by who wants to know and decides nothing. Undefined: raft is not there
 * yet, or not any more.
 */
export const raftNow = (system: System): SnapshotFrom<typeof raftMachine> | undefined =>
  (system.get('raft') as { getSnapshot?(): SnapshotFrom<typeof raftMachine> } | undefined)?.getSnapshot?.();
