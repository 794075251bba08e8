/** Locks and offices with a session of their own, as `lock` and `elect` hold them. */
import { createElection, createMutex, openSession } from '../../client/index.js';
import type { Session } from '../../client/index.js';
import type { Client } from '../../client/types.js';
import type { Held, HoldOptions } from './cluster.js';

/** What the recipes call a place in the queue. */
interface Place {
  readonly key: string | undefined;
  readonly fencingToken: number | undefined;
}

export const lock = (client: Client, name: string, options: HoldOptions): Promise<Held> =>
  hold(client, options, async (session) => {
    const mutex = createMutex(session, name);
    await mutex.lock({ signal: options.signal });
    return mutex;
  });

export const campaign = (client: Client, name: string, proposal: string, options: HoldOptions): Promise<Held> =>
  hold(client, options, async (session) => {
    const election = createElection(session, name);
    await election.campaign(proposal, { signal: options.signal });
    return election;
  });

/** The end of the session deletes the key: in one step, and whether it was held or waited for. */
async function hold(client: Client, { ttlMs }: HoldOptions, take: (session: Session) => Promise<Place>): Promise<Held> {
  const session = await openSession(client, { ttlMs });
  try {
    const { key = '', fencingToken = 0 } = await take(session);
    return { key, revision: fencingToken, lost: session.lost, release: () => session.close() };
  } catch (error) {
    await session.close();
    throw error;
  }
}
