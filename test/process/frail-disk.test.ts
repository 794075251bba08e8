/** A disk that stands still, and a sync that fails: what the node that has it does, and what its operator sees. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import type { DiskOrder } from './frail-node.js';
import { assertKept, assertSameState, startLoad } from './load.js';

const frailNode = fileURLToPath(new URL('frail-node.js', import.meta.url));
const quoratectl = fileURLToPath(new URL('../../../deploy/bin/quoratectl', import.meta.url));

async function withFrailCluster(run: (cluster: TestCluster, client: Client) => Promise<void>): Promise<void> {
  const cluster = await startTestCluster({ program: frailNode });
  const client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName });
  try {
    await run(cluster, client);
  } finally {
    await client.close();
    await cluster.stop();
  }
}

const order = (cluster: TestCluster, name: string, what: DiskOrder): void => cluster.tell(name, what);

async function leaderOf(cluster: TestCluster, client: Client): Promise<string> {
  for (;;) {
    for (const name of cluster.names) if ((await client.maintenance.status(name)).role === 'leader') return name;
  }
}

function endpointHealth({ servers, clusterName }: TestCluster) {
  const args = [quoratectl, `--servers=${servers.join(',')}`, `--cluster-name=${clusterName}`, 'endpoint', 'health'];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  return { stdout, stderr, code: status };
}

test('a stalled log write turns health red, the leader steps down, and no call fails; then all is well again', () =>
  withFrailCluster(async (cluster, client) => {
    const load = startLoad(client);
    await load.more(200);
    const stalled = await leaderOf(cluster, client);
    const others = cluster.names.filter((name) => name !== stalled);
    const leads = /this member leads/g;
    const before = others.map((name) => cluster.output(name).match(leads)?.length ?? 0);
    order(cluster, stalled, 'stall');
    await cluster.heard(() =>
      others.some((name, i) => (cluster.output(name).match(leads)?.length ?? 0) > (before[i] ?? 0)),
    );
    await load.more(200);
    // Its event loop lives: it says itself what is wrong with it.
    const { errors, vitals, role } = await client.maintenance.status(stalled);
    assert.match(errors.join(), /quorate: a write to the log has been under way for \d+ ms/);
    assert.ok((vitals?.logSyncUnderWayMs ?? 0) >= 1_000, JSON.stringify(vitals));
    assert.notEqual(role, 'leader');
    const red = endpointHealth(cluster);
    assert.match(
      red.stderr,
      new RegExp(`^${stalled} is unhealthy: .*: quorate: a write to the log has been under way`),
    );
    for (const name of others) assert.match(red.stdout, new RegExp(`^${name} is healthy`, 'm'));
    assert.equal(red.code, 1);

    order(cluster, stalled, 'resume');
    while ((await client.maintenance.status(stalled)).errors.length > 0);
    await load.more(200);
    assert.deepEqual(endpointHealth(cluster).code, 0);
    await load.stop();
    assert.deepEqual(load.failures, []);
    await assertKept(client, load);
    await assertSameState(client, cluster.names);
  }));

test('a failed write or sync ends the leader with exit code 3 and the reason, and no call fails', () =>
  withFrailCluster(async (cluster, client) => {
    const load = startLoad(client);
    await load.more(200);
    const failed = await leaderOf(cluster, client);
    order(cluster, failed, 'fail');
    assert.deepEqual(await cluster.ended(failed), { code: 3, signal: null }, cluster.output(failed));
    assert.match(cluster.output(failed), /raft log: write failed: EIO: i\/o error.*; nothing more can be kept/);
    await load.more(200);
    await cluster.start(failed);
    await load.more(200);
    await load.stop();
    assert.deepEqual(load.failures, []);
    await assertKept(client, load);
    await assertSameState(client, cluster.names);
  }));
