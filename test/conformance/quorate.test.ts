/** The cases against a cluster of three processes. */
import { connect } from '../../client/index.js';
import { startTestCluster } from '../process/cluster.js';
import { connectLink } from '../../transport/nats-link.js';
import { memberSubject } from '../../transport/subjects.js';
import { realClock } from '../../deploy/clock.js';
import type { Driver } from './driver.js';
import { allGroups } from './cases/all.js';
import { quorateDriver } from './quorate-driver.js';
import { quorateWatch } from './quorate-watch.js';
import { runConformance } from './suite.js';

async function start(): Promise<Driver> {
  const cluster = await startTestCluster({ nodes: 3 });
  try {
    const client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName });
    const link = await connectLink({ servers: cluster.servers }, realClock);
    // The leader has applied what it answered; another member may not have heard of a compaction.
    const subject = async (): Promise<string> => {
      const { leader } = await client.maintenance.status();
      const { members } = await client.cluster.memberList();
      const name = members.find((member) => member.id === leader)?.name ?? 'n1';
      return memberSubject(cluster.clusterName, name, 'watch.create');
    };
    const close = async (): Promise<void> => {
      await Promise.all([client.close(), link.close()]);
      await cluster.stop();
    };
    return quorateDriver('quorate, three nodes', client, close, quorateWatch(link, subject));
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

runConformance('conformance of quorate, three nodes', start, allGroups);
