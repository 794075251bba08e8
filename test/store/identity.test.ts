/** Who lives in a data directory: drawn once, counted at each start, and kept to one process. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromText } from '../../machines/language/bytes.js';
import { memberId, startsIn } from '../../machines/language/vocabulary.js';
import { type DirectoryLock, SocketLock } from '../../store/directory-lock.js';
import { FileDisk } from '../../store/disk-files.js';
import { FileIdentity } from '../../store/identity.js';
import { DamagedError, DirectoryError, DiskError } from '../../store/ports.js';
import { memoryDisk, type MemoryDisk } from './memory-disk.js';

const free: DirectoryLock = { acquire: async () => undefined, release: async () => undefined };

function identityOn(disk: MemoryDisk, ...ids: bigint[]): FileIdentity {
  return new FileIdentity(disk, free, () => memberId(ids.shift() ?? 0xfedc_ba98_7654_3210n));
}

async function temporary(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-identity-'));
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('[safety] an identity is drawn once, is never 0, and its epoch is raised and synced at each start', async () => {
  const disk = memoryDisk();
  const first = await identityOn(disk, 0n, 0x8000_0000_0000_0001n).open('n1', 'quorate');
  assert.equal(first.member_id, 0x8000_0000_0000_0001n);
  assert.equal(startsIn(first.epoch), 1);
  for (let starts = 2; starts < 6; starts++) {
    disk.journal.length = 0;
    const again = await identityOn(disk).open('n1', 'quorate');
    assert.deepEqual({ ...again, epoch: startsIn(again.epoch) }, { ...first, epoch: starts });
    assert.deepEqual(disk.journal.slice(-4), [
      'write identity.json.next',
      'sync identity.json.next',
      'rename identity.json.next',
      'syncDirectory .',
    ]);
  }
});

test('a start that was cut short leaves the identity as it was', async () => {
  const disk = memoryDisk();
  const first = await identityOn(disk).open('n1', 'quorate');
  disk.fail('sync', 'EIO');
  await assert.rejects(identityOn(disk).open('n1', 'quorate'), DiskError);
  const again = await identityOn(disk).open('n1', 'quorate');
  assert.deepEqual({ ...again, epoch: startsIn(again.epoch) }, { ...first, epoch: 2 });
});

test('another name, another cluster and a newer format are refused with what would be right', async () => {
  const disk = memoryDisk();
  await identityOn(disk).open('n1', 'quorate');
  await assert.rejects(identityOn(disk).open('n2', 'quorate'), /belongs to node n1, not to n2.*--name n1/);
  await assert.rejects(identityOn(disk).open('n2', 'quorate'), DirectoryError);
  await assert.rejects(identityOn(disk).open('n1', 'other'), /belongs to cluster quorate, not to other/);
  const content = (disk.files.get('identity.json') as Buffer).toString();
  disk.files.set('identity.json', Buffer.from(content.replace('"format": 1', '"format": 2')));
  await assert.rejects(identityOn(disk).open('n1', 'quorate'), /format 2 is not known to this build/);
});

test('what is no identity is damage', async () => {
  for (const content of ['', '{', 'null', '{"format":1}', '{"format":1,"member_id":"xyz","name":"n1"}', '\xff\xfe']) {
    const disk = memoryDisk(new Map([['identity.json', Buffer.from(content, 'latin1')]]));
    await assert.rejects(identityOn(disk).open('n1', 'quorate'), DamagedError, content);
  }
});

test('[safety] a log without an identity draws no new one', async () => {
  const disk = memoryDisk(new Map([['log/0000000000000001', Buffer.from(fromText('x'))]]));
  await assert.rejects(identityOn(disk).open('n1', 'quorate'), /identity.json is missing, but log\/ holds 1 files/);
});

test('[safety] a directory that is in use is refused, and free again when it is closed', () =>
  temporary(async (directory) => {
    const open = () => new FileIdentity(new FileDisk(directory), new SocketLock(directory), () => memberId(7n));
    const holder = open();
    await holder.open('n1', 'quorate');
    await assert.rejects(open().open('n1', 'quorate'), /in use by another process/);
    await assert.rejects(open().open('n1', 'quorate'), DirectoryError);
    await holder.close();
    const next = open();
    assert.equal(startsIn((await next.open('n1', 'quorate')).epoch), 2, 'a refused start counts for nothing');
    await next.close();
    assert.deepEqual(await readdir(directory), ['identity.json']);
  }));

test('[safety] a directory whose path is longer than a socket’s address is kept as well', () =>
  temporary(async (directory) => {
    const long = join(directory, 'd'.repeat(150));
    const lock = new SocketLock(long);
    await lock.acquire();
    await assert.rejects(new SocketLock(long).acquire(), /in use/);
    await lock.release();
    assert.deepEqual(await readdir(long), []);
  }));

test('[safety] of many that start at once, at most one holds the directory', () =>
  temporary(async (directory) => {
    const locks = Array.from({ length: 8 }, () => new SocketLock(directory));
    const outcomes = await Promise.allSettled(locks.map((lock) => lock.acquire()));
    assert.ok(outcomes.filter((outcome) => outcome.status === 'fulfilled').length <= 1);
    await Promise.all(locks.map((lock) => lock.release()));
    const last = new SocketLock(directory);
    await last.acquire();
    await last.release();
  }));

test('[safety] a process that is stopped still holds its directory; one that was killed does not', () =>
  temporary(async (directory) => {
    const lockFile = new URL('../../store/directory-lock.js', import.meta.url).href;
    const program = `import { SocketLock } from ${JSON.stringify(lockFile)};
      await new SocketLock(process.argv[1]).acquire(); console.log('held'); process.stdin.resume();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, directory]);
    try {
      await once(child.stdout, 'data');
      child.kill('SIGSTOP');
      await assert.rejects(new SocketLock(directory).acquire(), /in use/);
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    const lock = new SocketLock(directory);
    await lock.acquire();
    assert.equal((await readdir(directory)).length, 1, 'the dead one’s socket is removed');
    await lock.release();
  }));
