/** Keys and values: put, get, prefix and range, an earlier revision, delete, compaction and the error after it. */
import { connectToCluster, say, text } from './connecting.js';

const client = await connectToCluster();
const { kv } = client;
await kv.delete('examples/keys/', { prefix: true });

const first = await kv.put('examples/keys/a', 'one');
await kv.put('examples/keys/b', 'two');
await kv.put('examples/keys/c', 'three');
const changed = await kv.put('examples/keys/a', 'ONE', { prevKv: true });
say(`put: a was ${text(changed.prevKv?.value)}`);

const got = await kv.get('examples/keys/a');
say(`get: a is ${text(got.kvs[0]?.value)}, version ${got.kvs[0]?.version}`);

const all = await kv.get('examples/keys/', { prefix: true });
say(`prefix: ${all.kvs.map((each) => `${text(each.key).slice(-1)}=${text(each.value)}`).join(' ')}`);

const some = await kv.get('examples/keys/a', { rangeEnd: 'examples/keys/c' });
say(`range [a, c): ${some.kvs.map((each) => text(each.key).slice(-1)).join(' ')}`);

const earlier = await kv.get('examples/keys/a', { revision: first.header.revision });
say(`history: a was ${text(earlier.kvs[0]?.value)} when it was first put`);

const { deleted } = await kv.delete('examples/keys/b');
say(`delete: ${deleted} key`);

await kv.compact(changed.header.revision);
try {
  await kv.get('examples/keys/a', { revision: first.header.revision });
} catch (error) {
  say(`after the compaction: ${(error as Error).message}`);
}
await client.close();
