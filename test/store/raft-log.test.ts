/** The raft log on a disk that tears and flips: what is cut, and what is refused. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UnknownVersionError } from '../../machines/language/codec.js';
import { frameAt, sealFrame } from '../../store/log-frames.js';
import { encodeRecords } from '../../store/log-records.js';
import { DamagedError, DirectoryError } from '../../store/ports.js';
import { RaftLog } from '../../store/raft-log.js';
import { bytesOf, framesOf, large, PATH, threeBatches } from './log-bytes.js';
import { entries, entry, hardState, held, openLog, small } from './log-support.js';
import { memoryDisk, type MemoryDisk } from './memory-disk.js';

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

  test('[safety] a batch that another log wrote under the same number, after the same batch', async () => {
    const [own, other] = [await threeBatches(), memoryDisk()];
    const { log } = await openLog(other, large);
    await log.write({ hardState: hardState(1), entries: entries(1, 2, 1) });
    await log.write({ hardState: hardState(2), entries: [entry(3, 2), entry(4, 2, 'other 4 of term 2')] });
    const [mine, theirs] = [framesOf(own)[1], framesOf(other)[1]];
    assert.ok(mine && theirs && mine.at === theirs.at && mine.end === theirs.end);
    bytesOf(other).copy(bytesOf(own), mine.at, theirs.at, theirs.end);
    await assert.rejects(new RaftLog(own, large).open(), DamagedError);
  });

  test('[safety] a whole batch whose entries do not follow what the log holds', async () => {
    const disk = await threeBatches();
    const last = framesOf(disk).at(-1);
    const frame = frameAt(bytesOf(disk), last?.at ?? 0);
    assert.ok(last && frame);
    const batch = encodeRecords([{ type: 'entry', entry: entry(9, 3) }]);
    sealFrame(batch, { segment: 1, sequence: frame.sequence + 1, chain: frame.chain });
    disk.files.set(PATH, Buffer.concat([bytesOf(disk).subarray(0, last.end), batch]));
    await assert.rejects(new RaftLog(disk, large).open(), /entry 9 follows entry 7; those between are missing/);
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
