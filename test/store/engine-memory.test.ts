/** The engine in memory: the common suite, and what a crash takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import type { Engine, EngineWrite } from '../../store/ports.js';
import { describeEngine } from '../compliance/engine.suite.js';

describeEngine('memory', async () => ({ factory: new MemoryEngineFactory(), done: async () => {} }));

const put = (key: number, value: number): EngineWrite => ({
  type: 'put',
  key: Uint8Array.of(key),
  value: Uint8Array.of(value),
});
const values = async (engine: Engine): Promise<(number | undefined)[]> =>
  (await engine.getMany([1, 2, 3].map((key) => Uint8Array.of(key)))).map((value) => value?.[0]);

test('a crash takes the unsynced batches, the last first, and no synced one', async () => {
  const disk = new MemoryEngineFactory();
  const engine = await disk.open('a');
  await engine.write([put(1, 1)], true);
  await engine.write([put(1, 2), put(2, 2)], false);
  await engine.write([{ type: 'delete', key: Uint8Array.of(1) }, put(2, 3), put(3, 3)], false);
  assert.equal(disk.unsyncedBatches('a'), 2);
  disk.crash(() => 1);
  await assert.rejects(engine.write([put(1, 9)], true), /crash/);
  assert.deepEqual(await values(await disk.open('a')), [2, 2, undefined]);
  disk.crash();
  assert.deepEqual(await values(await disk.open('a')), [2, 2, undefined], 'what survived one crash is on disk');
});

test('a later synced write covers the unsynced ones before it', async () => {
  const disk = new MemoryEngineFactory();
  const engine = await disk.open('a');
  await engine.write([put(1, 1)], false);
  await engine.write([put(2, 2)], true);
  await engine.write([put(3, 3)], false);
  disk.crash();
  assert.deepEqual(await values(await disk.open('a')), [1, 2, undefined]);
});

test('a write that waits for the disk when the power fails is lost as a whole', async () => {
  const disk = new MemoryEngineFactory();
  const engine = await disk.open('a');
  let release = (): void => {};
  disk.beforeWrite = () => new Promise((resolve) => (release = resolve));
  const writing = engine.write([put(1, 1)], true);
  disk.crash();
  release();
  await assert.rejects(writing, /crash/);
  disk.beforeWrite = null;
  assert.deepEqual(await values(await disk.open('a')), [undefined, undefined, undefined]);
});
