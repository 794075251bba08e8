/** A lease: a key that lives as long as somebody renews it, and then goes. */
import { connectToCluster, say, text } from './connecting.js';

const client = await connectToCluster();
const lease = await client.lease.grant(2_000);
say(`granted: ${lease.ttlMs} ms`);

const key = 'examples/lease';
const { header } = await client.kv.put(key, 'here', { lease: lease.id });
const watcher = client.watch(key, { startRevision: header.revision + 1 });

const keepAlive = client.lease.keepAlive(lease.id, { ttlMs: lease.ttlMs });
await new Promise<void>((resolve) => {
  let renewals = 0;
  keepAlive.onRenewed(() => ++renewals === 3 && resolve());
});
const { kvs } = await client.kv.get(key);
say(`renewed three times: the key says ${text(kvs[0]?.value)}`);

keepAlive.stop();
say('no longer renewed');
for await (const { events } of watcher) {
  for (const event of events) say(`${event.type}: ${event.cause}`);
  break;
}
const gone = await client.kv.get(key);
say(`keys left: ${gone.count}`);
await client.close();
