/**
 * Names that two processes or two clusters claim: one of them is fenced, both are told, and what was there first goes
 * on.
 */
import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
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

test('two processes on copies of one data directory: one is heard, the other ends and says why', async () => {
  const load = startLoad(client, 4);
  await load.more(100);
  await cluster.kill('n3');
  const copy = join(cluster.directory, 'copy');
  // Not the lock of the life before, which is a socket.
  cpSync(cluster.dataDirectory('n3'), copy, { recursive: true, filter: (path) => !basename(path).startsWith('lock.') });
  cluster.launch('n3');
  cluster.launch('n3', 'copy', { 'data-dir': copy });
  const fenced = await Promise.race(
    ['n3', 'copy'].map(async (as) => {
      await cluster.said(as, /another process was started as n3 after this one/);
      return as;
    }),
  );
  assert.deepEqual(await cluster.ended(fenced), { code: 2, signal: null }, cluster.output(fenced));
  // The one that is heard lacks what the other had acknowledged meanwhile, if it had: then it ends too.
  const heard = fenced === 'copy' ? 'n3' : 'copy';
  const contradicted = () => cluster.output(heard).includes('what this member acknowledged is in its log');
  const told = () => ['n1', 'n2'].map((name) => cluster.output(name)).join('');
  await cluster.heard(() => contradicted() || told().includes('another process was started as n3 after its sender'));
  await load.more(100);
  await load.stop();
  assert.deepEqual(load.failures, []);
  await assertKept(client, load);
  assert.ok((told().match(/peer frame dropped/g)?.length ?? 0) < 10, 'told, and not with every frame');
  if (!contradicted()) await cluster.kill(heard);
  await assertSameState(client, ['n1', 'n2']);
});

test('a second cluster under the name of one that lives does not serve, exit code 2; the first goes on', async () => {
  const load = startLoad(client, 4, 'second');
  const key = join(cluster.directory, 'other.key');
  writeFileSync(key, 'the key of another cluster altogether');
  for (const name of ['m1', 'm2', 'm3']) {
    const directory = join(cluster.directory, name);
    cluster.launch(name, name, { 'initial-members': 'm1,m2,m3', 'data-dir': directory, 'peer-key-file': key });
  }
  assert.deepEqual(await cluster.ended('m1'), { code: 2, signal: null }, cluster.output('m1'));
  assert.match(cluster.output('m1'), /cluster name \\"test\\" is in use on these servers by cluster \d+/);
  await load.more(100);
  await Promise.all(['m2', 'm3'].map((name) => cluster.kill(name, 'SIGTERM')));
  await load.stop();
  assert.deepEqual(load.failures, []);
  await assertKept(client, load, 'second');
});
