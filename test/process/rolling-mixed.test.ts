/** A rolling restart of the nodes, the leader among them, and of three NATS servers, while everything is asked. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from '../../client/index.js';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { endChild } from '../../deploy/processes.js';
import { freePorts, startNatsServers } from '../../deploy/nats-server.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';
import { startMixedLoad } from './mixed-load.js';
import { makeRealDirectory } from './real-directory.js';

async function leaderOf(cluster: TestCluster): Promise<string> {
  const client = await connect(cluster);
  try {
    for (;;) {
      for (const name of cluster.names) if ((await client.maintenance.status(name)).role === 'leader') return name;
    }
  } finally {
    await client.close();
  }
}

test('SIGTERM of each node, the leader twice, under calls of every kind: none fails', async () => {
  const cluster = await startTestCluster();
  try {
    const load = await startMixedLoad(cluster);
    const restart = async (name: string) => {
      await load.more(5);
      await cluster.kill(name, 'SIGTERM');
      assert.deepEqual(await cluster.ended(name), { code: 0, signal: null }, cluster.output(name));
      await load.more(5);
      await cluster.start(name);
    };
    await restart(await leaderOf(cluster));
    for (const name of cluster.names) await restart(name);
    await restart(await leaderOf(cluster));
    assert.deepEqual(await load.stop(), []);
  } finally {
    await cluster.stop();
  }
});

test('a restart of three NATS servers, one after the other, under calls of every kind: none fails', async () => {
  const directory = makeRealDirectory('quorate-rolling-nats-');
  const [port = 0] = await freePorts(1);
  const servers = await startNatsServers(directory, 3, port);
  const processes: ChildProcess[] = servers.map((server) => server.process);
  const cluster = await startTestCluster({ servers: servers.map(({ url }) => url) });
  try {
    const load = await startMixedLoad(cluster);
    for (const [at, { command }] of servers.entries()) {
      await load.more(5);
      await endChild(processes[at] as ChildProcess, 20_000);
      await load.more(5);
      const [program = '', ...args] = command.split(' ');
      processes[at] = spawn(program, args, { stdio: 'ignore' });
      await load.more(20);
    }
    assert.deepEqual(await load.stop(), []);
  } finally {
    await cluster.stop();
    await Promise.all(processes.map((each) => endChild(each, 20_000)));
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
});
