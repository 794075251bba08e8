/** A liveness probe: who lives, who left, and who died. */
import { createLivenessProbe } from '../client/index.js';
import { connectToCluster, say } from './connecting.js';

const prefix = 'examples/alive';
const client = await connectToCluster();
await client.kv.delete(`${prefix}/`, { prefix: true });

const [forA, forB] = await Promise.all([connectToCluster(), connectToCluster()]);
const a = await createLivenessProbe(forA, prefix).join('a', { ttlMs: 2_000 });
await createLivenessProbe(forB, prefix).join('b', { ttlMs: 2_000 });

const probe = createLivenessProbe(client, prefix);
say(`alive: ${(await probe.alive()).join(' ')}`);
for await (const { name, what } of probe.watch()) {
  say(`${name} ${what}`);
  // Without a word: its lease runs out.
  if (name === 'b' && what === 'appeared') await forB.close();
  if (what === 'died') await a.leave();
  if (what === 'left') break;
}
await Promise.all([forA.close(), client.close()]);
