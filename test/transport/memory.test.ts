/** The ports inside one process keep the promises that NATS keeps. */
import { realClock } from '../../deploy/clock.js';
import { MemoryDoor } from '../../transport/memory-door.js';
import { MemoryLink } from '../../transport/memory-link.js';
import { MemoryNetwork } from '../../transport/memory-network.js';
import { MemoryPeers } from '../../transport/memory-peers.js';
import { doorInspectionsSuite } from '../compliance/door-inspections.suite.js';
import { doorWatchesSuite } from '../compliance/door-watches.suite.js';
import { doorSuite } from '../compliance/door.suite.js';
import type { DoorWorld } from '../compliance/doors.js';
import { transportSuite } from '../compliance/transport.suite.js';

transportSuite('memory', async () => {
  const network = new MemoryNetwork({ clock: realClock, max_payload: 64 * 1024 });
  return {
    max_payload: network.max_payload,
    transport: (key) => new MemoryPeers(network, realClock, key),
    end: async () => {},
  };
});

const doors = async (): Promise<DoorWorld> => {
  const network = new MemoryNetwork({ clock: realClock, max_payload: 1024 * 1024, request_bytes_max: 500_000 });
  return {
    max_payload: network.max_payload,
    request_bytes_max: network.request_bytes_max,
    door: () => new MemoryDoor(network, realClock),
    link: async () => new MemoryLink(network, realClock),
    listen: async (subject: string, hear: (body: Uint8Array) => void) => {
      network.subscribe({ subject, group: 'listener', name: 'listener', hear: ({ body }) => hear(body) });
    },
    end: async () => {},
  };
};

doorSuite('memory', doors);
doorWatchesSuite('memory', doors);
doorInspectionsSuite('memory', doors);
