/**
 * A member whose data directory is gone is another one under the same name: it must not vote, acknowledge or be silent
 * about it.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import { assertKept, startLoad } from './load.js';
import type { Load } from './load.js';

let cluster: TestCluster;
let client: Client;
let load: Load;

before(async () => {
  cluster = await startTestCluster();
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
  load = startLoad(client, 4);
  await load.more(100);
  await cluster.kill('n3');
  rmSync(cluster.dataDirectory('n3'), { recursive: true });
  cluster.launch('n3');
});
after(async () => {
  await client.close();
  await cluster.stop();
});

test('it says in its log why it does not serve, and the others go on', async () => {
  await cluster.said('n3', /n1 is in a cluster already, and this data directory of n3 is new/);
  // The others say it too, once.
  await cluster.said('n1', /a process with an empty data directory asks to be n3/);
  await load.more(100);
  assert.equal(cluster.output('n1').match(/asks to be n3/g)?.length, 1);
  await load.stop();
  await assertKept(client, load);
  assert.deepEqual(load.failures, []);
  // Told once, not five times a second.
  const told = cluster.output('n3').match(/"n1 is in a cluster already/g) ?? [];
  assert.equal(told.length, 1);
});

test('it is no part of a quorum: with one other member there is none', async () => {
  await cluster.kill('n2');
  await assert.rejects(client.kv.put('lost', 'x', { timeoutMs: 3_000 }), /no leader|timed out/);
});

test('with the members of the cluster there is one, and all that was acknowledged', async () => {
  await cluster.start('n2');
  await client.kv.put('found', 'x');
  await assertKept(client, load);
});
