/** Nothing acknowledged is lost, whoever is killed and whenever. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import { assertKept, assertSameState, startLoad } from './load.js';

let cluster: TestCluster;
let client: Client;

before(async () => {
  cluster = await startTestCluster();
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
});
after(async () => {
  await client.close();
  await cluster.stop();
});

test('kill -9 of one node after the other under load: the rest goes on, and nothing acknowledged is lost', async () => {
  const load = startLoad(client);
  for (const name of cluster.names) {
    await load.more(200);
    await cluster.kill(name);
    await load.more(200);
    await cluster.start(name);
  }
  await load.more(200);
  await load.stop();
  await assertKept(client, load);
  await assertSameState(client, cluster.names);
});

test('kill -9 of all nodes at once under load, several times: nothing acknowledged is lost', async () => {
  for (let round = 1; round <= 3; round++) {
    const load = startLoad(client, 8, `all-${round}`);
    await load.more(200);
    await Promise.all(cluster.names.map((name) => cluster.kill(name)));
    await Promise.all(cluster.names.map((name) => cluster.start(name)));
    await load.more(100);
    await load.stop();
    await assertKept(client, load, `all-${round}`);
  }
  await assertSameState(client, cluster.names);
});

test('kill -9 of the NATS server under load: the cluster comes back, and nothing acknowledged is lost', async () => {
  const load = startLoad(client, 8, 'nats');
  await load.more(200);
  await cluster.stopNats();
  await cluster.startNats();
  await load.more(200);
  await load.stop();
  await assertKept(client, load, 'nats');
  await assertSameState(client, cluster.names);
});

test('a paused leader is replaced, and does not answer with an old state when it goes on', async () => {
  const { header } = await client.kv.put('paused', 'before');
  const leader = await leaderName();
  await cluster.kill(leader, 'SIGSTOP');
  await client.kv.put('paused', 'after');
  await cluster.kill(leader, 'SIGCONT');
  const { kvs } = await client.kv.get('paused', { member: leader });
  assert.equal(new TextDecoder().decode(kvs[0]?.value), 'after');
  assert.ok((kvs[0]?.modRevision ?? 0) > header.revision);
});

async function leaderName(): Promise<string> {
  const { leader } = await client.maintenance.status();
  const { members } = await client.cluster.memberList();
  const name = members.find((member) => member.id === leader)?.name;
  assert.ok(name !== undefined, 'the leader is a member');
  return name;
}
