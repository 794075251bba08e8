/**
 * A NATS server that takes little: what does not fit is refused clearly, and what was accepted is replicated all the
 * same.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, QuorateError } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { findNatsServer, freePorts } from '../../deploy/nats-server.js';
import { endChild } from '../../deploy/processes.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import { assertKept, assertSameState, startLoad } from './load.js';
import { makeRealDirectory } from './real-directory.js';

const directory = makeRealDirectory('quorate-payload-');
const big = Buffer.alloc(1_000_000, 'x');
let port = 0;
let nats: ChildProcess;
let cluster: TestCluster;
let client: Client;

/** Resolves when it listens. */
async function startNats(max_payload: number): Promise<void> {
  const config = join(directory, 'nats.conf');
  writeFileSync(config, `listen: "127.0.0.1:${port}"\nmax_payload: ${max_payload}\n`);
  nats = spawn(findNatsServer(), ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve) => {
    nats.stderr?.on('data', (bytes: Buffer) => {
      if (bytes.includes('Server is ready')) resolve();
    });
  });
}

async function restartNats(max_payload: number): Promise<void> {
  const ended = new Promise((resolve) => nats.once('exit', resolve));
  nats.kill('SIGKILL');
  await ended;
  await startNats(max_payload);
}

before(async () => {
  [port = 0] = await freePorts(1);
  await startNats(4 * 1024 * 1024);
  cluster = await startTestCluster({ servers: [`nats://127.0.0.1:${port}`] });
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
});
after(async () => {
  await client.close();
  await cluster.stop();
  await endChild(nats, 5_000);
  await rm(directory, { recursive: true, force: true });
});

test('entries of 1 MB that a larger server took are replicated through one that takes 64 KiB', async () => {
  await cluster.kill('n3');
  for (let number = 0; number < 5; number++) await client.kv.put(`big/${number}`, big);
  const load = startLoad(client, 4);
  await load.more(20);
  await restartNats(64 * 1024);
  await cluster.start('n3');
  await load.more(20);
  await load.stop();
  await assertKept(client, load);
  await assertSameState(client, cluster.names);
  const { kvs } = await client.kv.get('big/', { prefix: true, member: 'n3' });
  assert.deepEqual(
    kvs.map((kv) => kv.value.length),
    Array.from({ length: 5 }, () => big.length),
  );
});

test('a value that does not fit is refused at once, and is not applied', async () => {
  await assert.rejects(client.kv.put('refused', big), (error: unknown) => {
    assert.ok(error instanceof QuorateError, String(error));
    assert.equal(error.message, 'etcdserver: request is too large');
    assert.equal(error.maybe_applied, false);
    return true;
  });
  assert.equal((await client.kv.get('refused')).count, 0);
});

test('with the larger server back it is taken', async () => {
  await restartNats(4 * 1024 * 1024);
  await client.kv.put('taken', big);
  assert.equal((await client.kv.get('taken')).kvs[0]?.value.length, big.length);
});
