/** The ports on a real NATS server, and what only a real one does: restarts, other limits, silence, refusals. */
import 'reflect-metadata';
import { connect, type NatsConnection } from 'nats';
import { realClock } from '../../deploy/clock.js';
import { NatsDoor } from '../../transport/nats-door.js';
import { connectLink } from '../../transport/nats-link.js';
import { NatsPeers, type NatsSettings } from '../../transport/nats-peers.js';
import { doorInspectionsSuite } from '../compliance/door-inspections.suite.js';
import { doorWatchesSuite } from '../compliance/door-watches.suite.js';
import { doorSuite } from '../compliance/door.suite.js';
import type { DoorWorld } from '../compliance/doors.js';
import { transportSuite } from '../compliance/transport.suite.js';
import { startNatsServer } from '../process/nats-server.js';

const settings = (url: string, peer_key: Uint8Array | null = null): NatsSettings => ({
  connection: { servers: [url] },
  // A connection that is replaced loses what is on its way, and a busy machine is silent for a while.
  silence_ms: 30_000,
  peer_key,
  request_bytes_max: 500_000,
  version: '0.1.0',
});

transportSuite('NATS', async () => {
  const server = await startNatsServer({ max_payload: 64 * 1024 });
  return {
    max_payload: 64 * 1024,
    transport: (key) => new NatsPeers(settings(server.url, key), realClock),
    end: () => server.stop(),
  };
});

const doors = async (): Promise<DoorWorld> => {
  const server = await startNatsServer();
  let ears: NatsConnection | undefined;
  return {
    max_payload: 1024 * 1024,
    request_bytes_max: 500_000,
    door: () => new NatsDoor(settings(server.url), realClock),
    link: () => connectLink({ servers: [server.url] }, realClock),
    listen: async (subject: string, hear: (body: Uint8Array) => void) => {
      ears ??= await connect({ servers: [server.url] });
      ears.subscribe(subject, { callback: (_error, { data }) => hear(data) });
      await ears.flush();
    },
    end: async () => {
      await ears?.close();
      await server.stop();
    },
  };
};

doorSuite('NATS', doors);
doorWatchesSuite('NATS', doors);
doorInspectionsSuite('NATS', doors);
