/** All rooms of a member of a cluster, open together: when one of them fails, all of them end. */
import { setup } from 'xstate';
import type { ClusterId, Configuration } from '../machines/language/vocabulary.js';
import type { RaftInput } from '../machines/raft/context.js';
import type { Self } from '../transport/ports.js';
import { APPLY_JOBS_MAX, applyRoom, createPace } from './apply.js';
import { beatRoom } from './beat.js';
import { compactorRoom } from './compactor.js';
import { coordinationRoom } from './coordination.js';
import { eventFeedRoom } from './event-feed.js';
import type { Incoming } from './incoming.js';
import { inspectorRoom } from './inspector.js';
import { leaseTickerRoom } from './lease-ticker.js';
import { LOG_JOBS_MAX, logRoom } from './log.js';
import { peersRoom } from './peers.js';
import type { NodePorts, NodeSettings } from './ports.js';
import type { raftRoom } from './raft.js';
import { requestsRoom } from './requests.js';
import { snapshotRoom } from './snapshot.js';
import { stateRoom } from './state.js';
import { watchHubRoom } from './watch-hub.js';

export interface RoomsInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly self: Self;
  readonly incoming: Incoming;
  readonly cluster: ClusterId;
  readonly configuration: Configuration;
  readonly raft: RaftInput;
}

export function roomsMachine(ports: NodePorts, raft: typeof raftRoom) {
  const pace = createPace();
  return setup({
    types: { context: {} as RoomsInput, input: {} as RoomsInput },
    actors: {
      raft,
      log: logRoom(ports.log, ports.vitals),
      apply: applyRoom(ports.kv, ports.snapshots, pace, ports.vitals),
      state: stateRoom(ports.kv, pace, ports.vitals),
      requests: requestsRoom,
      peers: peersRoom,
      snapshot: snapshotRoom,
      compactor: compactorRoom,
      leaseTicker: leaseTickerRoom,
      coordination: coordinationRoom,
      watchHub: watchHubRoom,
      eventFeed: eventFeedRoom,
      inspector: inspectorRoom,
      beat: beatRoom,
    },
  }).createMachine({
    id: 'rooms',
    context: ({ input }) => input,
    // Raft speaks first when it starts: the rooms it writes to stand before it, the beat that wakes it after.
    invoke: [
      { src: 'log', systemId: 'log', input: { items_max: LOG_JOBS_MAX } },
      { src: 'apply', systemId: 'apply', input: { items_max: APPLY_JOBS_MAX } },
      { src: 'state', systemId: 'state' },
      {
        src: 'requests',
        systemId: 'requests',
        input: ({ context }) => ({
          ...context,
          applied: context.raft.applied,
          committed: context.raft.hardState.commit,
        }),
      },
      { src: 'watchHub', systemId: 'watchHub', input: ({ context }) => context },
      { src: 'eventFeed', systemId: 'eventFeed', input: ({ context }) => context },
      { src: 'inspector', systemId: 'inspector', input: ({ context }) => context },
      { src: 'compactor', systemId: 'compactor', input: ({ context }) => context },
      { src: 'coordination', systemId: 'coordination', input: ({ context }) => context },
      { src: 'leaseTicker', systemId: 'leaseTicker', input: ({ context }) => context },
      {
        src: 'snapshot',
        systemId: 'snapshot',
        input: ({ context }) => ({ ...context, cluster_name: context.settings.cluster_name }),
      },
      { src: 'peers', systemId: 'peers', input: ({ context }) => context },
      { src: 'raft', systemId: 'raft', input: ({ context }) => context.raft },
      {
        src: 'beat',
        systemId: 'beat',
        input: ({ context }) => ({ clock: context.ports.clock, tick_ms: context.settings.tick_ms }),
      },
    ],
  });
}
