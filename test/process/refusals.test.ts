/** What `quorate serve` refuses to start with, and what it says then: exit code 2. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { program } from '../../deploy/node-process.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';

function run(...args: readonly string[]): { readonly code: number | null; readonly stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', timeout: 60_000 });
  return { code: status, stderr };
}

describe('a command line that is not usable', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['serve'], /--name is missing/],
    [
      ['serve', '--name', 'n1', '--heartbeat-interval', 'soon'],
      /--heartbeat-interval: "soon" is not what it takes: a whole number/,
    ],
    [['serve', '--name', 'n1', '--hartbeat-interval', '100'], /unknown option '--hartbeat-interval'/],
    [['serve', '--name', 'n1', '--initial-members', 'n2'], /--initial-members: "n2" does not name this node/],
    [
      ['serve', '--name', 'n1', '--data-dir', '/dev/null/x'],
      /--data-dir: "\/dev\/null\/x" is not a directory to write in/,
    ],
    [['serve', '--name', 'n1', '--peer-key-file', '/none'], /--peer-key-file: "\/none" cannot be read/],
    [['up', '--nodes', '0'], /--nodes: "0" is not what it takes/],
    [['up', 'now'], /too many arguments/],
    [['destroy'], /unknown command 'destroy'/],
  ];
  for (const [args, said] of cases) {
    test(args.join(' '), () => {
      const { code, stderr } = run(...args);
      assert.match(stderr, said);
      assert.equal(code, 2);
    });
  }
});

test('what may not be meant is started all the same, with a warning', (t) => {
  if (!existsSync('/dev/shm')) return t.skip('no file system in memory at hand');
  const directory = mkdtempSync(join('/dev/shm', 'quorate-warnings-'));
  try {
    const place = [
      'serve',
      '--name',
      'n1',
      '--data-dir',
      directory,
      '--servers',
      'nats://localhost:1,nats://192.0.2.1:1',
    ];
    const args = [program, ...place, '--initial-members', 'n1,n2', '--log-format', 'json'];
    const environment = { ...process.env, QUORATE_HARTBEAT_INTERVAL: '100', QUORATE_NODES: '3' };
    const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000, env: environment });
    assert.match(stderr, /"warn".*the NATS servers ask for no credentials/);
    assert.match(stderr, /"warn".*peer frames are not authenticated/);
    assert.match(stderr, /"warn".*2 members survive the failure of 0, as 1 would.*an even number of members/);
    assert.match(stderr, /"warn".*the data directory is in memory/);
    assert.match(stderr, /"warn".*"variables":\["QUORATE_HARTBEAT_INTERVAL"\]/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

describe('a data directory that is not usable', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startTestCluster({ nodes: 1 });
  });
  after(() => cluster.stop());

  const serve = (name: string, ...more: readonly string[]) =>
    run(
      ...['serve', '--name', name, '--cluster-name', cluster.clusterName, '--servers', cluster.servers.join(',')],
      ...['--data-dir', cluster.dataDirectory('n1'), '--peer-key-file', join(cluster.directory, 'peer.key'), ...more],
    );

  test('is one that another process has', () => {
    const { code, stderr } = serve('n1');
    assert.match(stderr, /another process|in use|locked/);
    assert.equal(code, 2);
  });

  test('is one that belongs to another name', async () => {
    await cluster.kill('n1', 'SIGTERM');
    const { code, stderr } = serve('n2');
    assert.match(stderr, /n1/);
    assert.equal(code, 2);
  });

  test('is a file', () => {
    const path = join(cluster.directory, 'a-file');
    writeFileSync(path, '');
    const { code, stderr } = run('serve', '--name', 'n1', '--data-dir', path);
    assert.match(stderr, /--data-dir: ".*a-file" is not a directory/);
    assert.equal(code, 2);
  });
});
