/**
 * Two sessions contend for a lock. What is done under it stands in a transaction that is guarded by the lock: without
 * that a holder that was paused could still write after another got the lock.
 */
import { createMutex, op, openSession } from '../client/index.js';
import { connectToCluster, say } from './connecting.js';

const prefix = 'examples/lock';
const [clientA, clientB] = await Promise.all([connectToCluster(), connectToCluster()]);
await clientA.kv.delete(`${prefix}/`, { prefix: true });
const watcher = clientA.watch(`${prefix}/`, { prefix: true });
await watcher.created;

const [a, b] = await Promise.all([openSession(clientA), openSession(clientB)]);
const [lockOfA, lockOfB] = [createMutex(a, prefix), createMutex(b, prefix)];

const tokenOfA = await lockOfA.lock();
say('A has the lock');
const waiting = lockOfB.lock();

const seen: string[] = [];
for await (const { events } of watcher) {
  seen.push(...events.map(({ type }) => type.toUpperCase()));
  if (seen.length === 2) {
    say('B is in the queue');
    await lockOfA.unlock();
    say('A lets go');
    const tokenOfB = await waiting;
    say(`B has the lock, and its fencing token is greater: ${tokenOfB > tokenOfA}`);
    const write = op.put('examples/guarded', 'by B');
    const { succeeded } = await clientB.kv.txn().if(lockOfB.isOwner()).then(write).commit();
    say(`B's guarded write: ${succeeded}`);
    await lockOfB.unlock();
  }
  if (seen.length === 4) break;
}
say(`the watcher saw ${seen.join(', ')}`);
await Promise.all([a.close(), b.close()]);
await Promise.all([clientA.close(), clientB.close()]);
