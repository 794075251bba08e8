/**
 * The raft log's segments as they come and go, and a disk that fails: what is synced when, and what is never tried
 * again.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromText } from '../../machines/language/bytes.js';
import type { ClusterId } from '../../machines/language/vocabulary.js';
import { segmentPath } from '../../store/log-segments.js';
import { DiskError, type DiskFile } from '../../store/ports.js';
import { bytesOf, framesOf, large, PATH, threeBatches } from './log-bytes.js';
import { entry, hardState, held, mark, openLog } from './log-support.js';
import { memoryDisk } from './memory-disk.js';

describe('segments', () => {
  test('one whose making was cut short is made anew, wherever it was cut', async () => {
    const whole = memoryDisk();
    const { log } = await openLog(whole);
    let segments = 1;
    for (let i = 1; segments < 3; i++) {
      await log.write({ hardState: hardState(1), entries: [entry(i, 1)] });
      segments = whole.files.size;
    }
    const path = segmentPath(3);
    const expected = held(log).split(' ').slice(0, -1).join(' ');
    const end = framesOf(whole, path)[0]?.at as number;
    for (let cut = 0; cut <= end; cut++) {
      const disk = whole.copy();
      disk.files.set(path, bytesOf(disk, path).subarray(0, cut));
      const { log: again } = await openLog(disk);
      assert.equal(held(again), expected, `cut at ${cut}`);
      await again.write({ hardState: hardState(1), entries: [entry(again.last + 1, 1)] });
      assert.equal((await openLog(disk)).log.last, again.last);
    }
  });

  test('deleted ones that a power loss brought back are not read', async () => {
    const disk = memoryDisk();
    const { log } = await openLog(disk);
    for (let i = 1; i <= 60; i++) await log.write({ hardState: hardState(1), entries: [entry(i, 1)] });
    const before = disk.copy();
    await log.trim(mark(55, 1));
    const gone = [...before.files.keys()].filter((path) => !disk.files.has(path));
    assert.ok(gone.length > 3);
    for (const path of [gone[0], gone[1], gone.at(-1)]) {
      const back = disk.copy();
      back.files.set(path as string, bytesOf(before, path));
      const { log: again } = await openLog(back);
      assert.equal(held(again), held(log));
      assert.equal(again.start.index, 55);
      assert.ok(!back.files.has(path as string));
    }
  });

  test('[safety] file, head and name are synced before the first batch', async () => {
    const disk = memoryDisk();
    const { log } = await openLog(disk);
    assert.deepEqual(disk.journal, [`write ${PATH}`, `allocate ${PATH}`, `sync ${PATH}`, 'syncDirectory log']);
    disk.journal.length = 0;
    await log.write({ hardState: hardState(1), entries: [entry(1, 1)] });
    assert.deepEqual(disk.journal, [`write ${PATH}`, `sync ${PATH}`]);
  });

  test('[safety] the last batch is written again at open: a failed sync said nothing about it', async () => {
    const disk = await threeBatches();
    const last = framesOf(disk).at(-1);
    assert.ok(last);
    const seen: number[] = [];
    const open = disk.open.bind(disk);
    disk.open = async (path) => {
      const file = await open(path);
      const write = file.write.bind(file);
      return Object.assign(Object.create(file) as DiskFile, {
        write: (bytes: Uint8Array, at: number) => {
          seen.push(at, bytes.length);
          return write(bytes, at);
        },
      });
    };
    await openLog(disk, large);
    assert.deepEqual(seen, [last.at, last.end - last.at]);
    assert.equal(disk.journal.at(-2), `sync ${PATH}`);
  });
});

describe('a disk that fails', () => {
  for (const [operation, code] of [
    ['write', 'ENOSPC'],
    ['sync', 'EIO'],
    ['allocate', 'ENOSPC'],
  ] as const) {
    test(`[safety] ${code} at ${operation}: nothing shows, and every later call fails the same way`, async () => {
      const disk = memoryDisk();
      const { log } = await openLog(disk, { segment_bytes: 1 << 20, allocation_bytes: 64 });
      await log.write({ hardState: hardState(1), entries: [entry(1, 1)] });
      disk.fail(operation, code);
      const failed = log.write({ hardState: hardState(1), entries: [entry(2, 1, 'x'.repeat(200))] });
      const waiting = log.write({ hardState: hardState(1), entries: [entry(2, 1)] });
      const error = await failed.then(
        () => null,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof DiskError);
      assert.match(error.message, new RegExp(code));
      disk.journal.length = 0;
      await assert.rejects(waiting, error);
      await assert.rejects(log.write({ hardState: hardState(1), entries: [] }), error);
      await assert.rejects(log.trim(mark(1, 1)), error);
      await assert.rejects(log.install(mark(9, 1), 'store/1', 1n as ClusterId), error);
      await log.close();
      assert.deepEqual(disk.journal, [], 'the disk is not asked again');
      assert.equal(log.last, 1);
    });
  }

  test('the view changes only when the write is durable', async () => {
    const disk = memoryDisk();
    const { log } = await openLog(disk);
    const written = log.write({
      hardState: hardState(1),
      entries: [{ ...entry(1, 1), kind: 'command', data: fromText('x') }],
    });
    assert.equal(log.last, 0);
    await written;
    assert.equal(log.last, 1);
  });
});
