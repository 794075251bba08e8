/** The cases against a cluster of three processes. */
import { connect } from '../../client/index.js';
import { startTestCluster } from '../process/cluster.js';
import type { Driver } from './driver.js';
import { allGroups } from './cases/all.js';
import { quorateDriver } from './quorate-driver.js';
import { runConformance } from './suite.js';

async function start(): Promise<Driver> {
  const cluster = await startTestCluster({ nodes: 3 });
  try {
    const client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName });
    return quorateDriver('quorate, three nodes', client, async () => {
      await client.close();
      await cluster.stop();
    });
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

runConformance('conformance of quorate, three nodes', start, allGroups);
