/** SIGTERM hands over, drains and ends with 0: a rolling restart fails no call. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import { assertKept, startLoad } from './load.js';

test('a rolling restart under load fails no call and loses nothing', async () => {
  const cluster = await startTestCluster();
  const client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName });
  try {
    const load = startLoad(client);
    for (const name of cluster.names) {
      await load.more(200);
      await cluster.kill(name, 'SIGTERM');
      assert.deepEqual(await cluster.ended(name), { code: 0, signal: null }, cluster.output(name));
      await load.more(200);
      await cluster.start(name);
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
    await assertKept(client, load);
  } finally {
    await client.close();
    await cluster.stop();
  }
});
