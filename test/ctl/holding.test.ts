/** `lock` and `elect`: what is held is given up, however the command ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterAccess, Held } from '../../deploy/ctl/cluster.js';
import { runCommandLine } from '../../deploy/ctl/run.js';
import type { Terminal } from '../../deploy/ctl/terminal.js';
import { fakeCluster, header, say } from './fake-cluster.js';
import { scriptedTerminal } from './scripted-terminal.js';

const kv = {
  key: Buffer.from('l/1f'),
  value: Buffer.from('mine'),
  createRevision: 12,
  modRevision: 12,
  version: 1,
  lease: 31n,
};
const get = async () => ({ header, kvs: [kv], more: false, count: 1 });
const never = new Promise<Error>(() => undefined);

function holding(lost: Promise<Error> = never): {
  readonly released: string[];
  readonly cluster: Partial<ClusterAccess>;
} {
  const released: string[] = [];
  const take = async (name: string): Promise<Held> => ({
    key: `${name}/1f`,
    revision: 12,
    lost,
    release: async () => void released.push(name),
  });
  return { released, cluster: { get, lock: take, campaign: take } };
}

/** Interrupts the command once it has said something. */
async function interrupted(words: readonly string[], cluster: Partial<ClusterAccess>, signal: 'SIGINT' | 'SIGTERM') {
  const scripted = scriptedTerminal();
  const terminal = {
    ...scripted,
    flush: () => (scripted.stdout().length > 0 ? scripted.interrupt(signal) : undefined),
  };
  const code = await runCommandLine(words, { terminal, environment: {}, connect: async () => fakeCluster(cluster) });
  return { stdout: scripted.stdout().toString(), stderr: scripted.stderr(), code };
}

test('a lock is held until a signal, and then released', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { released, cluster } = holding();
    const said = await interrupted(['lock', 'l'], cluster, signal);
    assert.deepEqual(said, { stdout: 'l/1f\nmine\n', stderr: '', code: 0 });
    assert.deepEqual(released, ['l']);
  }
});

test('the program of a lock knows it, and its exit code is ours', async () => {
  const { released, cluster } = holding();
  const script = 'echo $ETCD_LOCK_KEY $ETCD_LOCK_REV; exit 3';
  const said = await say(['lock', 'l', '--', 'sh', '-c', script], { cluster });
  assert.deepEqual(said, { stdout: 'l/1f 12\n', stderr: 'Error: exit status 3\n', code: 3 });
  assert.deepEqual(released, ['l']);
});

test('a program that runs is asked to end by SIGTERM, and when the lock is lost', async () => {
  const stopped = holding();
  const scripted = scriptedTerminal();
  const run: Terminal['run'] = (child) => {
    const running = scripted.run(child);
    scripted.interrupt('SIGTERM');
    return running;
  };
  const code = await runCommandLine(['lock', 'l', '--', 'sleep', '60'], {
    terminal: { ...scripted, run },
    environment: {},
    connect: async () => fakeCluster(stopped.cluster),
  });
  assert.deepEqual([scripted.stderr(), code, stopped.released], ['Error: signal: terminated\n', 255, ['l']]);
  const { released, cluster } = holding(Promise.resolve(new Error('over')));
  const said = await say(['lock', 'l', '--', 'sleep', '60'], { cluster });
  assert.deepEqual([said.stderr, said.code], ['Error: session expired\n', 1]);
  assert.deepEqual(released, ['l']);
});

test('a lock that is lost, or that a format cannot show, is released too', async () => {
  const { released, cluster } = holding(Promise.resolve(new Error('over')));
  const lost = await say(['lock', 'l'], { cluster });
  assert.deepEqual([lost.stderr, lost.code], ['Error: session expired\n', 1]);
  assert.equal((await say(['lock', 'm', '-w', 'table'], { cluster })).code, 4);
  assert.deepEqual(released, ['l', 'm']);
});

test('who gives up waiting says so', async () => {
  const scripted = scriptedTerminal();
  const lock = async (): Promise<Held> => {
    scripted.interrupt('SIGINT');
    throw new Error('etcdserver: request canceled');
  };
  const code = await runCommandLine(['lock', 'l'], {
    terminal: scripted,
    environment: {},
    connect: async () => fakeCluster({ lock }),
  });
  assert.deepEqual([scripted.stderr(), code], ['Error: context canceled\n', 1]);
});

test('a TTL of a lock is in seconds, and none is that of a session', async () => {
  const asked: number[] = [];
  const lock: ClusterAccess['lock'] = async (name, { ttlMs }) => {
    asked.push(ttlMs);
    return { key: name, revision: 1, lost: never, release: async () => undefined };
  };
  for (const flag of ['--ttl=10', '--ttl=5', '--ttl=-1']) await say(['lock', 'l', flag, 'true'], { cluster: { lock } });
  assert.deepEqual(asked, [10_000, 5_000, 60_000]);
});

test('a leader is shown until a signal, and then resigns', async () => {
  const { released, cluster } = holding();
  const said = await interrupted(['elect', 'e', 'mine'], cluster, 'SIGINT');
  assert.deepEqual(said, { stdout: 'l/1f\nmine\n', stderr: '', code: 0 });
  assert.deepEqual(released, ['e']);
});

test('a listener shows each leader; that there is none any more without a signal is an error', async () => {
  const observe = async function* () {
    yield kv;
    yield { ...kv, value: Buffer.from('other'), modRevision: 40 };
  };
  const { stdout, stderr, code } = await say(['elect', 'e', '-l', '-w', 'json'], { cluster: { get, observe } });
  assert.match(stdout, /"revision":13,.*"lease":31\}\]\}\n.*"revision":40,.*\}\]\}\n$/);
  assert.deepEqual([stderr, code], ['Error: elect: observer lost\n', 1]);
});
