/** The raft log on a disk that tears, flips, forgets and fails: what is cut, what is refused, what is never forgotten. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromText } from '../../machines/language/bytes.js';
import { UnknownVersionError } from '../../machines/language/codec.js';
import type { ClusterId } from '../../machines/language/vocabulary.js';
import { sealFrame } from '../../store/log-frames.js';
import { encodeRecords } from '../../store/log-records.js';
import { segmentPath } from '../../store/log-segments.js';
import { DamagedError, DirectoryError, DiskError, type DiskFile } from '../../store/ports.js';
import { RaftLog } from '../../store/raft-log.js';
import { entries, entry, hardState, held, mark, openLog, small } from './log-support.js';
import { memoryDisk, type MemoryDisk } from './memory-disk.js';

const PATH = segmentPath(1);
const large = { ...small, segment_bytes: 1 << 20 };
const bytesOf = (disk: MemoryDisk, path = PATH): Buffer => disk.files.get(path) as Buffer;

/** Where the frames of a segment stand. */
function framesOf(disk: MemoryDisk, path = PATH): { at: number; end: number }[] {
  const bytes = bytesOf(disk, path);
  const frames: { at: number; end: number }[] = [];
  for (let at = bytes.indexOf('QRB1'); at !== -1; at = bytes.indexOf('QRB1', at + 1)) {
    frames.push({ at, end: at + 32 + bytes.readUInt32BE(at + 16) });
  }
  return frames;
}

/** Three batches, the last with three entries, and no close: as a power loss leaves it. */
async function threeBatches(): Promise<MemoryDisk> {
  const disk = memoryDisk();
  const { log } = await openLog(disk, large);
  await log.write({ hardState: hardState(1), entries: entries(1, 2, 1) });
  await log.write({ hardState: hardState(2), entries: entries(3, 4, 2) });
  await log.write({ hardState: hardState(3), entries: entries(5, 7, 3) });
  return disk;
}

/** Opens what is left, writes on, and opens once more: what was cut must never come back. */
async function cutAndContinue(disk: MemoryDisk, what: string): Promise<void> {
  const { log, state } = await openLog(disk, large);
  assert.equal(held(log), '1@1 2@1 3@2 4@2', what);
  assert.equal(state.hardState.term, 2, what);
  await log.write({ hardState: hardState(4), entries: [entry(5, 4, 'x')] });
  const { log: again } = await openLog(disk, large);
  assert.equal(held(again), '1@1 2@1 3@2 4@2 5@4', what);
}

describe('a torn last batch is cut', () => {
  test('[safety] a file that ends at any byte of it, or is zero from there on', async () => {
    const whole = await threeBatches();
    const last = framesOf(whole).at(-1);
    assert.ok(last);
    for (let cut = last.at; cut < last.end; cut++) {
      const short = whole.copy();
      short.files.set(PATH, bytesOf(short).subarray(0, cut));
      await cutAndContinue(short, `the file ends at byte ${cut}`);
      const zeroed = whole.copy();
      bytesOf(zeroed).fill(0, cut);
      // The very last bytes may be zero anyway.
      if (!bytesOf(zeroed).equals(bytesOf(whole))) await cutAndContinue(zeroed, `zeros from byte ${cut}`);
    }
  });

  test('[safety] any one byte of it missing, or only its end on the disk', async () => {
    const whole = await threeBatches();
    const last = framesOf(whole).at(-1);
    assert.ok(last);
    for (let at = last.at; at < last.end; at++) {
      const flipped = whole.copy();
      bytesOf(flipped)[at] = (bytesOf(flipped)[at] as number) ^ 0x40;
      await cutAndContinue(flipped, `byte ${at} flipped`);
      const end = whole.copy();
      bytesOf(end).fill(0, last.at, at + 1);
      await cutAndContinue(end, `only what follows byte ${at} arrived`);
    }
  });

  test('a batch that holds what looks like a later batch is still torn', async () => {
    const disk = memoryDisk();
    const { log } = await openLog(disk, large);
    const forged = encodeRecords([]);
    sealFrame(forged, { segment: 1, sequence: 99, chain: 0 });
    await log.write({ hardState: hardState(1), entries: entries(1, 2, 1) });
    const data = new Uint8Array(forged);
    await log.write({ hardState: hardState(1), entries: [{ ...entry(3, 1), kind: 'command', data }] });
    const second = framesOf(disk)[1];
    assert.ok(second);
    bytesOf(disk).fill(0, second.end - 1, second.end);
    const { log: again } = await openLog(disk, large);
    assert.equal(held(again), '1@1 2@1');
  });
});

describe('damage is refused', () => {
  test('[safety] every byte of every batch but the last, flipped', async () => {
    const whole = await threeBatches();
    const frames = framesOf(whole);
    const last = frames.at(-1);
    assert.ok(last);
    for (let at = (frames[0] as { at: number }).at; at < last.at; at++) {
      for (const bit of [0x01, 0x80]) {
        const disk = whole.copy();
        bytesOf(disk)[at] = (bytesOf(disk)[at] as number) ^ bit;
        const before = Buffer.from(bytesOf(disk));
        await assert.rejects(new RaftLog(disk, large).open(), DamagedError, `byte ${at}, bit ${bit}`);
        assert.ok(before.equals(bytesOf(disk)), 'what is damaged is left as it was found');
      }
    }
  });

  test('[safety] every byte of a segment’s head, flipped', async () => {
    const whole = await threeBatches();
    const first = framesOf(whole)[0];
    assert.ok(first);
    for (let at = 0; at < first.at; at++) {
      const disk = whole.copy();
      bytesOf(disk)[at] = (bytesOf(disk)[at] as number) ^ 0x10;
      await assert.rejects(new RaftLog(disk, large).open(), DamagedError, `byte ${at}`);
    }
  });

  test('[safety] a stretch of zeros in the middle, however many batches it takes', async () => {
    const whole = await threeBatches();
    const [first, second] = framesOf(whole);
    assert.ok(first && second);
    for (const [from, to] of [
      [first.at, second.at],
      [first.at, second.end],
      [second.at, second.end],
    ] as const) {
      const disk = whole.copy();
      bytesOf(disk).fill(0, from, to);
      await assert.rejects(new RaftLog(disk, large).open(), DamagedError);
    }
  });

  test('[safety] two whole batches exchanged, one twice, one taken out', async () => {
    const disk = memoryDisk();
    const { log } = await openLog(disk, large);
    for (let i = 1; i <= 4; i++) await log.write({ hardState: hardState(1), entries: [entry(i, 1, 'same size')] });
    const frames = framesOf(disk);
    const piece = (i: number): Buffer => bytesOf(disk).subarray(frames[i]?.at, frames[i]?.end);
    const head = bytesOf(disk).subarray(0, frames[0]?.at);
    for (const order of [
      [1, 0, 2, 3],
      [0, 0, 2, 3],
      [0, 2, 3],
    ]) {
      const changed = memoryDisk(new Map([[PATH, Buffer.concat([head, ...order.map(piece)])]]));
      await assert.rejects(new RaftLog(changed, large).open(), DamagedError, order.join());
    }
  });

  test('[safety] after a clean close, the last batch of entries too', async () => {
    const disk = memoryDisk();
    const { log } = await openLog(disk, large);
    await log.write({ hardState: hardState(1), entries: entries(1, 3, 1) });
    await log.close();
    const batch = framesOf(disk)[0];
    assert.ok(batch);
    for (let at = batch.at; at < batch.end; at++) {
      const flipped = disk.copy();
      bytesOf(flipped)[at] = (bytesOf(flipped)[at] as number) ^ 0x04;
      await assert.rejects(new RaftLog(flipped, large).open(), DamagedError);
    }
  });

  test('[safety] a missing segment, the end of one cut off, one from another log', async () => {
    const whole = memoryDisk();
    const { log } = await openLog(whole);
    for (let i = 1; i <= 60; i++) await log.write({ hardState: hardState(1), entries: [entry(i, 1)] });
    const paths = [...whole.files.keys()].sort();
    assert.ok(paths.length > 4);
    for (const path of paths.slice(0, -1)) {
      const missing = whole.copy();
      missing.files.delete(path);
      await assert.rejects(new RaftLog(missing, small).open(), DamagedError, `${path} missing`);
      const cut = whole.copy();
      bytesOf(cut, path).fill(0, framesOf(cut, path).at(-1)?.at);
      await assert.rejects(new RaftLog(cut, small).open(), DamagedError, `${path} without its last batch`);
    }
    const other = memoryDisk();
    const { log: otherLog } = await openLog(other);
    for (let i = 1; i <= 60; i++) await otherLog.write({ hardState: hardState(2), entries: [entry(i, 2)] });
    const mixed = whole.copy();
    mixed.files.set(paths[2] as string, bytesOf(other, paths[2]));
    await assert.rejects(new RaftLog(mixed, small).open(), DamagedError);
  });

  test('a newer format is refused by name', async () => {
    const disk = memoryDisk();
    const { log } = await openLog(disk, large);
    const next = encodeRecords([{ type: 'hardState', hardState: hardState(1) }]);
    next[32] = 77;
    await log.write({ hardState: hardState(1), entries: [] });
    const frame = framesOf(disk)[0];
    assert.ok(frame);
    sealFrame(next, { segment: 1, sequence: 2, chain: bytesOf(disk).readUInt32BE(frame.at + 28) });
    bytesOf(disk).set(next, frame.end);
    await assert.rejects(new RaftLog(disk, large).open(), (error: Error) => {
      assert.ok(error instanceof DirectoryError && error.cause instanceof UnknownVersionError);
      assert.match(error.message, /77/);
      return true;
    });
  });
});

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

  test('[safety] the last batch is written again at open: a sync that failed before said nothing about it', async () => {
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
