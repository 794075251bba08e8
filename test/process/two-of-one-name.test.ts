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
import type { Ending, TestCluster } from './cluster.js';
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
  // The one started first is fenced. The other lacks what that one had acknowledged meanwhile, if it had: then it ends,
  // perhaps so early that there is nobody to be fenced.
  const ends = async (as: string): Promise<string> => {
    assertSaysWhy(as, await cluster.ended(as));
    return as;
  };
  const first = await Promise.race(['n3', 'copy'].map(ends));
  const other = first === 'copy' ? 'n3' : 'copy';
  await load.more(100);
  await load.stop();
  await Promise.race([ends(other), serves(other)]);
  assert.deepEqual(load.failures, []);
  await assertKept(client, load);
  const told = ['n1', 'n2'].map((name) => cluster.output(name)).join('');
  assert.ok((told.match(/peer frame dropped/g)?.length ?? 0) < 10, 'told, and not with every frame');
  await cluster.kill(other);
  await assertSameState(client, ['n1', 'n2']);
});

/** Fenced for a later process of its name, or proved an older copy by what the leader knows it to have. */
function assertSaysWhy(as: string, ending: Ending): void {
  const said = cluster.output(as);
  const fenced = /another process was started as n3 after this one/.test(said);
  if (!fenced) assert.match(said, /what this member acknowledged is in its log/);
  assert.deepEqual(ending, { code: fenced ? 2 : 1, signal: null }, said);
}

/** Resolves when n3 has applied what is committed now; never, if the process that is n3 ends before that. */
async function serves(as: string): Promise<void> {
  let running = true;
  void cluster.ended(as).then(() => (running = false));
  const { header } = await client.kv.get('x');
  while (running) {
    const status = await client.maintenance.status('n3').catch(() => undefined);
    if (status !== undefined && status.revision >= header.revision) return;
  }
  await new Promise(() => undefined);
}

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
