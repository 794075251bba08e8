/** Every field, shape and header that is wrong, against real nodes on a real NATS server. More, and longer: main.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../client/index.js';
import { startTestCluster } from '../process/cluster.js';
import { assertSameState } from '../process/load.js';
import { connectRaw } from './raw-nats.js';
import { fuzzService } from './service.js';
import { fuzzContests, fuzzStreams } from './waiting.js';

test('whatever is said to it, a cluster answers in time, does all or nothing, and goes on', async (t) => {
  const cluster = await startTestCluster({ flags: { 'election-timeout': '5000', 'heartbeat-interval': '500' } });
  const { servers, clusterName, names } = cluster;
  const raw = await connectRaw(Number(new URL(servers[0] ?? '').port));
  const client = await connect({ servers, clusterName, timeoutMs: 20_000 });
  try {
    // Answers that come back to where requests are heard, or where nobody may speak.
    for (const reply of [
      `${clusterName}.kv.put`,
      `_quorate.${clusterName}.birth.n1`,
      '>',
      'a..b',
      '$SRV.PING',
      'x'.repeat(900),
    ]) {
      raw.tell(`${clusterName}.kv.put`, reply, '{"key":"loop"}');
    }
    const { served, refused } = await fuzzService(raw, clusterName, 1, 2_000);
    t.diagnostic(`${served} served, ${refused} refused`);
    assert.ok(served > 100 && refused > 1_000);
    const contests = await fuzzContests(raw, clusterName);
    const streams = await fuzzStreams(raw, clusterName);
    t.diagnostic(JSON.stringify({ contests, streams }));
    assert.ok(contests.won > 0 && contests.late > 0 && contests.refused > 1_000);
    assert.ok(streams.opened > 100 && streams.refused > 500 && streams.said > 1_000);
    await client.kv.put('after', 'all');
    await assertSameState(client, names);
    for (const name of names) assert.doesNotMatch(cluster.output(name), /"level":"error"/);
  } finally {
    raw.close();
    await client.close();
    await cluster.stop();
  }
});
