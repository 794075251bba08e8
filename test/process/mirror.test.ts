/** `quoratectl make-mirror` through outages of both clusters, as processes: it ends equal, or says why it does not. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Client, connect } from '../../client/index.js';
import { startTestCluster, type TestCluster } from './cluster.js';
import { startLoad } from './load.js';
import { follow } from './watch-checker.js';

const main = fileURLToPath(new URL('../../deploy/ctl/main.js', import.meta.url));

interface Side {
  readonly cluster: TestCluster;
  readonly client: Client;
}

let source: Side;
let mirror: Side;

async function startSide(): Promise<Side> {
  const cluster = await startTestCluster({ nodes: 1 });
  const { servers, clusterName } = cluster;
  return { cluster, client: await connect({ servers, clusterName, timeoutMs: 60_000 }) };
}

before(async () => {
  [source, mirror] = await Promise.all([startSide(), startSide()]);
});
after(async () => {
  await Promise.all([source.client.close(), mirror.client.close()]);
  await Promise.all([source.cluster.stop(), mirror.cluster.stop()]);
});

interface Running {
  readonly child: ChildProcess;
  /** What it ended with, once it has. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

function makeMirror(...words: readonly string[]): Running {
  const [from = '', to = ''] = [source, mirror].map(({ cluster }) => cluster.servers.join(','));
  const where = ['--servers', from, '--cluster-name', source.cluster.clusterName];
  const args = [main, ...where, 'make-mirror', '--dest-servers', to, ...words];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return { child, ended: once(child, 'close').then(() => ({ code: child.exitCode, stderr })) };
}

async function pairsOf({ client }: Side, prefix: string): Promise<readonly string[]> {
  const { kvs } = await client.kv.get(prefix, { prefix: true });
  return kvs.map(({ key, value }) => `${Buffer.from(key).toString()}=${Buffer.from(value).toString()}`);
}

const outages: Readonly<Record<string, (cluster: TestCluster, meanwhile: () => Promise<void>) => Promise<void>>> = {
  'its NATS server is killed': async (cluster, meanwhile) => {
    await cluster.stopNats();
    await meanwhile();
    await cluster.startNats();
  },
  'its node is killed': async (cluster, meanwhile) => {
    await cluster.kill('n1');
    await meanwhile();
    await cluster.start('n1');
  },
};

test('both clusters lose their NATS server and their node, and the mirror ends equal', async (t) => {
  const [load, there] = [startLoad(source.client, 4, 'm'), follow(mirror.client.watch('m/', { prefix: true }))];
  await load.more(20);
  const running = makeMirror('--prefix', 'm/');
  const failed = running.ended.then(({ code, stderr }) => assert.fail(`it ended with ${code}: ${stderr}`));
  failed.catch(() => undefined);
  const mirrors = (): Promise<void> => Promise.race([there.more(), failed]);
  await mirrors();
  for (const [what, outage] of Object.entries(outages)) {
    await outage(mirror.cluster, () => load.more(20));
    await mirrors();
    t.diagnostic(`the mirror's cluster: ${what}`);
    await outage(source.cluster, async () => undefined);
    await load.more(20);
    await mirrors();
    t.diagnostic(`the source's cluster: ${what}`);
  }
  await load.stop();
  await source.client.kv.delete('m/0/', { prefix: true });
  await source.client.kv.put('m/end', 'of all');
  const isWhole = (): boolean =>
    there.responses.some(({ events }) => events.some(({ kv }) => Buffer.from(kv.key).toString() === 'm/end'));
  while (!isWhole()) await mirrors();
  assert.deepEqual(await pairsOf(mirror, 'm/'), await pairsOf(source, 'm/'));
  running.child.kill('SIGKILL');
  await running.ended;
});

test('what is compacted away at the source cannot be mirrored, and that is said', async () => {
  await source.client.kv.put('c/1', '1');
  const { header } = await source.client.kv.put('c/1', '2');
  await source.client.kv.compact(header.revision);
  const { code, stderr } = await makeMirror('--prefix', 'c/', '--rev', String(header.revision - 1)).ended;
  assert.equal(stderr, 'Error: etcdserver: mvcc: required revision has been compacted\n');
  assert.equal(code, 1);
  assert.deepEqual(await pairsOf(mirror, 'c/'), []);
});
