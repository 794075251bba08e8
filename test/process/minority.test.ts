/**
 * B-58: without a quorum there is no write and no linearizable read, and both say so in time; old state is still
 * served.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { QuorateError } from '../../machines/language/errors.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';

let cluster: TestCluster;
let client: Client;

before(async () => {
  cluster = await startTestCluster();
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName });
  await client.kv.put('kept', 'by all');
  // A member that hears nothing more serves what it had applied; it shall have the key.
  for (const name of cluster.names) await client.kv.get('kept', { member: name });
  await Promise.all([cluster.kill('n2'), cluster.kill('n3')]);
});
after(async () => {
  await client.close();
  await cluster.stop();
});

const refusedInTime = (error: unknown): boolean => {
  assert.ok(error instanceof QuorateError, String(error));
  assert.match(error.message, /no leader|timed out|leader changed|server stopped|deadline exceeded/);
  return true;
};

test('a minority serves no write', async () => {
  await assert.rejects(client.kv.put('lost', 'x', { timeoutMs: 3_000 }), refusedInTime);
});

test('a minority serves no linearizable read', async () => {
  await assert.rejects(client.kv.get('kept', { timeoutMs: 3_000 }), refusedInTime);
});

test('a minority serves serializable reads by name', async () => {
  const { kvs } = await client.kv.get('kept', { serializable: true, member: 'n1' });
  assert.equal(new TextDecoder().decode(kvs[0]?.value), 'by all');
});

test('with one of them back there is a quorum again', async () => {
  await cluster.start('n2');
  await client.kv.put('again', 'x', { timeoutMs: 20_000 });
  const { kvs } = await client.kv.get('again', { timeoutMs: 20_000 });
  assert.equal(kvs.length, 1);
});
