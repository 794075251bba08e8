/** Three nodes of Quorate on one NATS server, as `quorate up` starts them. */
import { join } from 'node:path';
import { connect } from '../../client/index.js';
import { pause } from '../../deploy/clock.js';
import { startTestCluster } from '../process/cluster.js';
import { operations } from './cases.js';
import { natsServerVersion } from './jetstream.js';
import type { Cluster, System } from './system.js';

export async function findQuorate(): Promise<System> {
  const nats = (await natsServerVersion()) ?? 'no NATS server';
  return {
    name: 'Quorate',
    notes: [`Quorate: three nodes on one NATS server (${nats}); its own client, one connection in one process`],
    operations,
    hasMembers: true,
    load: [process.execPath, join(import.meta.dirname, 'quorate-load', 'main.js')],
    // A process has one client: what its callers ask at one time travels together.
    connections: () => [1],
    start: startQuorate,
  };
}

async function startQuorate(): Promise<Cluster> {
  const cluster = await startTestCluster({ clusterName: 'bench' });
  const way = { servers: cluster.servers, cluster_name: cluster.clusterName };
  return {
    way,
    members: cluster.names,
    pid: (member) => cluster.pid(member),
    get pids() {
      return [cluster.natsPid, ...cluster.names.map((name) => cluster.pid(name))];
    },
    leader: () => leaderOf(cluster.servers, cluster.clusterName, cluster.names),
    kill: (member, signal) => cluster.kill(member, signal),
    start: (member) => cluster.start(member),
    stop: () => cluster.stop(),
  };
}

async function leaderOf(servers: readonly string[], clusterName: string, names: readonly string[]): Promise<string> {
  const client = await connect({ servers, clusterName });
  try {
    for (;;) {
      for (const name of names) {
        const status = await client.maintenance.status(name);
        if (status.leader === status.header.memberId) return name;
      }
      await pause(100);
    }
  } finally {
    await client.close();
  }
}
