/**
 * A campaigner: start several, each with a name, and stop one after the other. It survives the loss of the whole
 * cluster: when its lease has run out it takes a new one and queues anew.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createElection, openSession } from '../client/index.js';
import { connectToCluster, say, untilStopped, whenAborted } from './connecting.js';

const [name = `campaigner-${process.pid}`] = process.argv.slice(2);
const stopped = untilStopped();
const client = await connectToCluster();

/** From the grant of a lease to its loss, or to the end of the program. */
async function campaignOnce(): Promise<void> {
  const session = await openSession(client, { ttlMs: 3_000 });
  try {
    const election = createElection(session, 'examples/election');
    say(`${name} campaigns`);
    await election.campaign(name, { signal: stopped });
    say(`${name} leads`);
    await whenAborted(AbortSignal.any([session.signal, stopped]));
    if (stopped.aborted) await election.resign();
    else say(`${name} lost its lease, and leads no longer`);
  } finally {
    await session.close();
  }
}

while (!stopped.aborted) {
  try {
    await campaignOnce();
  } catch (error) {
    if (stopped.aborted) break;
    say(`${name}: ${(error as Error).message}`);
    await pause(200);
  }
}
say(`${name} stops`);
await client.close();
