/** The room of raft: the chart of machines/raft, whose effects go to the post office. */
import { raftMachine } from '../machines/raft/raft.machine.js';
import { dispatch } from './mail.js';

export const raftRoom = raftMachine.provide({
  actions: {
    ready: ({ system }, { effects }) => {
      for (const effect of effects) dispatch(system, effect);
    },
  },
});
