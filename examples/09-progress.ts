/** A progress report: a worker says how far it is, 0 to 100 %, and others follow. */
import { followWork, startWork } from '../client/index.js';
import { connectToCluster, say } from './connecting.js';

const key = 'examples/progress';
const [worker, watcher] = await Promise.all([connectToCluster(), connectToCluster()]);
await watcher.kv.delete(key);

const work = await startWork(worker, key, { ttlMs: 5_000 });
const following = (async () => {
  for await (const { percent, note } of followWork(watcher, key)) say(`${percent} % ${note}`);
})();
for (const [percent, note] of [
  [25, 'reading'],
  [75, 'sorting'],
  [100, 'done'],
] as const) {
  await work.report(percent, note);
}
await following;
await Promise.all([worker.close(), watcher.close()]);
