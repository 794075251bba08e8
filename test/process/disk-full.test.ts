/** A disk that is full ends the node that has it, and no other; with room it comes back, and nothing is lost. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, renameSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { connect } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import { assertKept, assertSameState, startLoad } from './load.js';

/** A file system of its own, in memory: its size is what matters here, not what a power loss leaves of it. */
const mount = (directory: string, options: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]).status === 0;

test('a full disk ends the node with exit code 3, the others go on, and with room it comes back', async (t) => {
  const cluster = await startTestCluster();
  const directory = cluster.dataDirectory('n3');
  const client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
  try {
    await cluster.kill('n3');
    renameSync(directory, `${directory}.before`);
    mkdirSync(directory);
    if (!mount(directory, 'size=16m')) return t.skip('mounting a small file system is not permitted here');
    // Not the lock of the life before, which is a socket.
    const filter = (path: string) => !basename(path).startsWith('lock.');
    cpSync(`${directory}.before`, directory, { recursive: true, filter });
    await cluster.start('n3');
    const load = startLoad(client, 4);
    const ended = cluster.ended('n3');
    let full = false;
    void ended.then(() => (full = true));
    const value = 'value'.repeat(4_000);
    while (!full) await Promise.all(Array.from({ length: 10 }, (_, place) => client.kv.put(`fill/${place}`, value)));
    assert.deepEqual(await ended, { code: 3, signal: null }, cluster.output('n3'));
    assert.match(cluster.output('n3'), /no space left on device/i);
    await load.more(50);
    cluster.launch('n3');
    assert.deepEqual(await cluster.ended('n3'), { code: 3, signal: null }, 'started again while there is no room');
    assert.ok(mount(directory, 'remount,size=1g'), 'the file system grows');
    await cluster.start('n3');
    await load.more(50);
    await load.stop();
    assert.deepEqual(load.failures, []);
    await assertKept(client, load);
    await assertSameState(client, cluster.names);
  } finally {
    await client.close();
    await cluster.kill('n3');
    spawnSync('umount', ['-l', directory]);
    await cluster.stop();
  }
});
