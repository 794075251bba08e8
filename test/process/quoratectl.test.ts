/** `quoratectl` as processes that live for a while: what signals do to them, and what they leave behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';

const main = fileURLToPath(new URL('../../deploy/ctl/main.js', import.meta.url));

let cluster: TestCluster;
let client: Client;

before(async () => {
  cluster = await startTestCluster({ clusterName: 'ctl' });
  client = await connect({ servers: cluster.servers, clusterName: 'ctl' });
});
after(async () => {
  await client.close();
  await cluster.stop();
});

interface Running {
  readonly child: ChildProcess;
  /** Resolves once this stands in what it has said. */
  said(text: string): Promise<void>;
  ended(): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

function run(...words: readonly string[]): Running {
  const where = ['--servers', cluster.servers.join(','), '--cluster-name', 'ctl'];
  const child = spawn(process.execPath, [main, ...where, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = once(child, 'close');
  return {
    child,
    said: async (text) => {
      while (!stdout.includes(text)) {
        const ended = await Promise.race([once(child.stdout, 'data').then(() => false), closed.then(() => true)]);
        assert.ok(!ended, `it ended: ${stdout}${stderr}`);
      }
    },
    ended: async () => {
      await closed;
      return { code: child.exitCode, stdout, stderr };
    },
  };
}

async function nothingLeft(): Promise<void> {
  assert.deepEqual((await client.lease.list()).leases, []);
  assert.equal((await client.kv.get('', { prefix: true, countOnly: true })).count, 0);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends a lock and an election well, and nothing of them is left`, async () => {
    for (const words of [
      ['lock', 'l'],
      ['elect', 'l', 'me'],
    ]) {
      const running = run(...words);
      await running.said('l/');
      assert.equal((await client.kv.get('l/', { prefix: true })).kvs.length, 1);
      running.child.kill(signal);
      assert.deepEqual({ ...(await running.ended()), stdout: '' }, { code: 0, stdout: '', stderr: '' });
      await nothingLeft();
    }
  });
}

test('who waits for a lock gives up at a signal; who comes next gets it when the holder has ended', async () => {
  const holder = run('lock', 'l', '--', 'sh', '-c', 'echo mine; exec sleep 600');
  await holder.said('mine');
  const waiting = run('lock', 'l');
  const next = run('lock', 'l', '--', 'echo', 'mine now');
  const watcher = client.watch('l/', { prefix: true, initialState: true });
  const keys = new Set<string>();
  for await (const { events } of watcher) {
    for (const { kv } of events) keys.add(Buffer.from(kv.key).toString());
    if (keys.size === 3) break;
  }
  waiting.child.kill('SIGINT');
  assert.deepEqual(await waiting.ended(), { code: 1, stdout: '', stderr: 'Error: context canceled\n' });
  holder.child.kill('SIGTERM');
  assert.deepEqual(await holder.ended(), { code: 255, stdout: 'mine\n', stderr: 'Error: signal: terminated\n' });
  assert.deepEqual(await next.ended(), { code: 0, stdout: 'mine now\n', stderr: '' });
  await nothingLeft();
});

test('a watch shows each event as it comes, and ends at once at a signal', async () => {
  const running = run('watch', 'w', '--initial-state', '-w', 'json');
  await client.kv.put('w', '1');
  await running.said('"value":"MQ=="');
  await client.kv.delete('w');
  await running.said('"type":1');
  running.child.kill('SIGINT');
  assert.equal((await running.ended()).code, 5);
});

test('keep-alive tells each renewal, and that the lease is gone', async () => {
  const { id } = await client.lease.grant(60_000);
  const running = run('lease', 'keep-alive', id.toString(16));
  await running.said('keepalived with TTL(60)\n');
  await client.lease.revoke(id);
  const { code, stdout } = await running.ended();
  assert.match(stdout, /expired or revoked\.\n$/);
  assert.equal(code, 0);
});
