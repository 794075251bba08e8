/** Service discovery: endpoints come every few seconds, one deregisters, one crashes; a client prints the live list. */
import { setTimeout as pause } from 'node:timers/promises';
import { createServiceRegistry } from '../client/index.js';
import { connectToCluster, say } from './connecting.js';

const service = 'examples/services/web';
const every_ms = Number(process.argv[2] ?? 2_000);
const client = await connectToCluster();
await client.kv.delete(`${service}/`, { prefix: true });

const watching = new AbortController();
const registry = createServiceRegistry(client, service);
const printing = (async () => {
  for await (const endpoints of registry.watch({ signal: watching.signal })) {
    say(`live: ${endpoints.map(({ id, address }) => `${id}@${address}`).join(' ') || 'nobody'}`);
    if (endpoints.length === 1 && endpoints[0]?.id === 'c') watching.abort();
  }
})();

// Each endpoint is a process of its own in real life: here each has a connection of its own.
const [forA, forB, forC] = await Promise.all([connectToCluster(), connectToCluster(), connectToCluster()]);
const options = { ttlMs: 2_000 };
const a = await createServiceRegistry(forA, service).register({ id: 'a', address: '10.0.0.1:80' }, options);
await pause(every_ms);
await createServiceRegistry(forB, service).register({ id: 'b', address: '10.0.0.2:80' }, options);
await pause(every_ms);
await createServiceRegistry(forC, service).register({ id: 'c', address: '10.0.0.3:80' }, options);
await pause(every_ms);
say('a deregisters');
await a.deregister();
await pause(every_ms);
say('b crashes');
await forB.close();
await printing;
await Promise.all([forA.close(), forC.close(), client.close()]);
