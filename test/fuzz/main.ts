/** The same as service.test.ts with more chance: `node dist/test/fuzz/main.js --rounds 100000 --seed 7`. */
import { parseArgs } from 'node:util';
import { startTestCluster } from '../process/cluster.js';
import { connectRaw } from './raw-nats.js';
import { fuzzService } from './service.js';
import { fuzzContests, fuzzStreams } from './waiting.js';

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } });
const cluster = await startTestCluster();
const raw = await connectRaw(Number(new URL(cluster.servers[0] ?? '').port));
try {
  const seed = Number(values.seed ?? 1);
  const { served, refused } = await fuzzService(raw, cluster.clusterName, seed, Number(values.rounds ?? 20_000));
  process.stdout.write(`seed ${seed}: ${served} served, ${refused} refused, all in time\n`);
  const waiting = [await fuzzContests(raw, cluster.clusterName), await fuzzStreams(raw, cluster.clusterName)];
  process.stdout.write(`${JSON.stringify(waiting)}\n`);
} finally {
  raw.close();
  await cluster.stop();
}
