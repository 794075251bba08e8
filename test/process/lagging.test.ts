/**
 * A member that missed more than the log keeps comes back with a snapshot, also when it is killed while it installs
 * one.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import { assertSameState } from './load.js';

let cluster: TestCluster;
let client: Client;

before(async () => {
  cluster = await startTestCluster({ flags: { 'snapshot-count': '100' } });
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
});
after(async () => {
  await client.close();
  await cluster.stop();
});

/** Several pieces of a snapshot, and more entries than the log keeps for a member that was away for a moment only. */
async function writeMuch(round: string): Promise<void> {
  const value = 'value'.repeat(1_000);
  for (let turn = 0; turn < 50; turn++) {
    await Promise.all(Array.from({ length: 20 }, (_, place) => client.kv.put(`${round}/${turn}/${place}`, value)));
  }
}

test('a member that was away while the log was trimmed installs a snapshot', async () => {
  await cluster.kill('n3');
  await writeMuch('first');
  await cluster.start('n3');
  await cluster.said('n3', /snapshot received/);
  await assertSameState(client, cluster.names);
  assert.equal((await client.kv.get('first/', { prefix: true, countOnly: true, member: 'n3' })).count, 1_000);
});

test('killed while it fetches one, it fetches the next', async () => {
  /** With the leader comes its offer. */
  const timesHeard = () => cluster.output('n3').match(/a leader is heard/g)?.length ?? 0;
  const received = () => cluster.output('n3').match(/snapshot received/g)?.length ?? 0;
  const known = received();
  await cluster.kill('n3');
  await writeMuch('second');
  for (let round = 0; round < 3; round++) {
    const lives = timesHeard();
    cluster.launch('n3');
    await cluster.heard(() => timesHeard() > lives);
    await cluster.kill('n3');
    await client.kv.put(`between/${round}`, 'x');
  }
  await cluster.start('n3');
  await assertSameState(client, cluster.names);
  assert.ok(received() > known, cluster.output('n3'));
});
