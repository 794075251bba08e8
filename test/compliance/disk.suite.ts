/** What every disk promises while nothing fails (store/ports.ts, Disk), for each implementation to run. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromText, toText } from '../../machines/language/bytes.js';
import type { Disk } from '../../store/ports.js';

export function describeDisk(name: string, makeDisk: () => Promise<{ disk: Disk; done: () => Promise<void> }>): void {
  const run = async (body: (disk: Disk) => Promise<void>): Promise<void> => {
    const { disk, done } = await makeDisk();
    try {
      await disk.makeDirectory('a/b');
      await body(disk);
    } finally {
      await done();
    }
  };
  const write = async (disk: Disk, path: string, content: string): Promise<void> => {
    const file = await disk.open(path);
    await file.write(fromText(content), 0);
    await file.sync();
    await file.close();
  };
  const read = async (disk: Disk, path: string): Promise<string | undefined> => {
    const bytes = await disk.read(path);
    return bytes === undefined ? undefined : toText(bytes);
  };

  describe(`disk: ${name}`, () => {
    test('what is missing reads as undefined and lists as nothing', () =>
      run(async (disk) => {
        assert.equal(await disk.read('a/none'), undefined);
        assert.deepEqual(await disk.list('none'), []);
      }));

    test('what was written is read, by plain Uint8Arrays, and names are listed sorted', () =>
      run(async (disk) => {
        await write(disk, 'a/2', 'two');
        await write(disk, 'a/1', 'one');
        assert.equal(await read(disk, 'a/1'), 'one');
        assert.equal((await disk.read('a/2'))?.constructor, Uint8Array);
        assert.deepEqual(
          (await disk.list('a')).filter((entry) => entry !== 'b'),
          ['1', '2'],
        );
      }));

    test('a file grows by writing, by zeros, and is cut', () =>
      run(async (disk) => {
        const file = await disk.open('a/file');
        assert.equal(file.size, 0);
        await file.write(fromText('0123456789'), 0);
        await file.allocate(16);
        assert.equal(file.size, 16);
        await file.allocate(4);
        assert.equal(file.size, 16, 'allocate never cuts');
        assert.equal(await read(disk, 'a/file'), '0123456789\0\0\0\0\0\0');
        await file.truncate(4);
        await file.allocate(6);
        assert.equal(await read(disk, 'a/file'), '0123\0\0', 'what was cut does not come back');
        await file.write(fromText('xy'), 5);
        assert.equal(file.size, 7);
        assert.equal(await read(disk, 'a/file'), '0123\0xy');
        await file.writeSynced(fromText('ab'), 6);
        assert.equal(file.size, 8);
        assert.equal(await read(disk, 'a/file'), '0123\0xab');
        await file.close();
        const again = await disk.open('a/file');
        assert.equal(again.size, 8);
        await again.close();
      }));

    test('a rename replaces, a remove takes what is below, and what is missing is no error', () =>
      run(async (disk) => {
        await write(disk, 'a/old', 'old');
        await write(disk, 'a/new', 'new');
        await disk.rename('a/new', 'a/old');
        await disk.syncDirectory('a');
        assert.equal(await read(disk, 'a/old'), 'new');
        assert.equal(await read(disk, 'a/new'), undefined);
        await write(disk, 'a/b/file', 'deep');
        await disk.remove('a');
        await disk.remove('a');
        assert.equal(await read(disk, 'a/b/file'), undefined);
      }));
  });
}
