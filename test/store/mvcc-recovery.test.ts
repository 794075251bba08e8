/** Opening: what is found to be lost, what a fold leaves, and restarts in the middle of things. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { numberKey, numberPartKey } from '../../store/keys.js';
import { MvccStore } from '../../store/mvcc.js';
import { DamagedError, type Engine, type EngineWrite } from '../../store/ports.js';
import { ALL, compact, Driver, eagerClock, put, rangeRequest, remove } from './kv-steps.js';

const DIRECTORY = 'store/0';

async function open(disk: MemoryEngineFactory, journal_bytes = 1e9): Promise<{ store: MvccStore; driver: Driver }> {
  const store = new MvccStore(disk, eagerClock);
  store.journal_bytes_before_fold = journal_bytes;
  const { applied } = await store.open(DIRECTORY);
  return { store, driver: new Driver(store, applied) };
}

async function tamper(disk: MemoryEngineFactory, batch: EngineWrite[]): Promise<void> {
  const engine = await disk.open(DIRECTORY);
  await engine.write(batch, true);
  await engine.close();
}

async function keysOf(disk: MemoryEngineFactory, prefix: string): Promise<Buffer[]> {
  const engine = await disk.open(DIRECTORY);
  const keys: Buffer[] = [];
  const from = Buffer.from(prefix);
  const to = Buffer.from([(from[0] as number) + 1]);
  for await (const page of engine.iterate(from, to)) keys.push(...page.map(([key]) => Buffer.from(key)));
  await engine.close();
  return keys;
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('[safety] nothing of a batch is seen before the engine has all of it', async () => {
  const disk = new MemoryEngineFactory();
  const { store, driver } = await open(disk);
  await driver.run(put('a', '1'));
  await driver.decide(put('a', '2'));
  let land = (): void => undefined;
  disk.beforeWrite = () => new Promise((resolve) => (land = resolve));
  const writing = store.write();
  await settle();
  const before = [store.status.revision, (await store.range(rangeRequest('a'))).revision];
  land();
  const written = await writing;
  assert.deepEqual(before, [2, 2]);
  assert.deepEqual([written.applied, store.status.revision], [2, 3]);
  disk.beforeWrite = null;
  await store.close();
});

test('a batch lost in the middle breaks the chain and is found', async () => {
  const disk = new MemoryEngineFactory();
  const { store, driver } = await open(disk);
  for (const key of ['a', 'b', 'c']) await driver.run(put(key, '1'));
  await store.close();
  await tamper(disk, [
    { type: 'delete', key: numberKey('j', 2) },
    { type: 'delete', key: numberPartKey('r', 3, 0) },
  ]);
  await assert.rejects(
    open(disk),
    (error) => error instanceof DamagedError && /lost.*follows 2.*at 1/.test(error.message),
  );
  const store2 = new MvccStore(disk, eagerClock);
  assert.deepEqual(await store2.reset(DIRECTORY), { applied: 0 });
  await store2.close();
});

test('the first batch lost is found too', async () => {
  const disk = new MemoryEngineFactory();
  const { store, driver } = await open(disk);
  for (const key of ['a', 'b']) await driver.run(put(key, '1'));
  await store.close();
  await tamper(disk, [{ type: 'delete', key: numberKey('j', 1) }]);
  await assert.rejects(open(disk), DamagedError);
});

test('a record that the index knows and the engine does not have is damage, not an absent key', async () => {
  const disk = new MemoryEngineFactory();
  const { store, driver } = await open(disk);
  await driver.run(put('a', '1'));
  await store.close();
  await tamper(disk, [{ type: 'delete', key: numberPartKey('r', 2, 0) }]);
  const again = await open(disk);
  await assert.rejects(again.store.range(rangeRequest('a')), DamagedError);
  await assert.rejects(again.driver.decide(put('a', '2', { prev_kv: true })), DamagedError);
});

async function fillAndFold(disk: MemoryEngineFactory): Promise<{ hash: unknown; store: MvccStore; driver: Driver }> {
  const { store, driver } = await open(disk, 500);
  for (let round = 0; round < 30; round++) {
    await driver.run(put(`k${round % 7}`, 'v'), put(`m${round}`, 'v'), remove(`m${round - 3}`));
    await settle();
  }
  return { hash: await store.hashState(), store, driver };
}

test('folding: the journal goes, the state stays, also across restarts', async () => {
  const disk = new MemoryEngineFactory();
  const { hash, store, driver } = await fillAndFold(disk);
  await store.close();
  assert.ok((await keysOf(disk, 'j')).length < 30, 'old journal rows are gone');
  assert.ok((await keysOf(disk, 'k')).length > 0, 'there are pages');
  const again = await open(disk, 500);
  assert.equal(again.driver.index, driver.index);
  assert.deepEqual(await again.store.hashState(), hash);
  assert.equal((await again.store.range(rangeRequest(ALL, { range_end: ALL }))).count, 10);
  assert.equal(again.store.status.keys, 10);
  await again.driver.run(put('after', '1', { prev_kv: true }));
  await again.store.close();
});

test('a page lost is damage, and so is a state that ends before its pages were made', async () => {
  const disk = new MemoryEngineFactory();
  const { store } = await fillAndFold(disk);
  await store.close();
  const last = (await keysOf(disk, 'k')).at(-1) as Buffer;
  const engine = await disk.open(DIRECTORY);
  const [page, base] = await engine.getMany([last, Buffer.from('mbase')]);
  await engine.close();
  assert.ok(page !== undefined && base !== undefined);
  await tamper(disk, [{ type: 'delete', key: last }]);
  await assert.rejects(open(disk), (error) => error instanceof DamagedError && /pages/.test(error.message));
  const ahead = { ...(JSON.parse(Buffer.from(base).toString()) as object), pages_to: 1_000 };
  await tamper(disk, [
    { type: 'put', key: last, value: page },
    { type: 'put', key: Buffer.from('mbase'), value: Buffer.from(JSON.stringify(ahead)) },
  ]);
  await assert.rejects(open(disk), (error) => error instanceof DamagedError && /once at 1000/.test(error.message));
});

test('a crash at any write of a fold or a sweep leaves a state that opens and is the same', async () => {
  for (let fatal = 1; fatal <= 40; fatal++) {
    const disk = new MemoryEngineFactory();
    const { store, driver } = await open(disk, 300);
    let writes = 0;
    let crashed = false;
    disk.beforeWrite = async () => {
      if (++writes !== fatal) return;
      crashed = true;
      disk.crash((unsynced) => fatal % (unsynced + 1));
    };
    let written = 0;
    try {
      for (let round = 0; round < 12; round++) {
        await driver.run(put('a', `${round}`), put(`b${round}`, 'v'), remove(`b${round - 1}`));
        written = driver.index;
        if (round % 4 === 3) await driver.run(compact(store.status.revision - 2));
        written = driver.index;
        await settle();
      }
    } catch (error) {
      assert.ok(crashed, String(error));
    }
    await store.close().catch(() => undefined);
    disk.beforeWrite = null;
    const reference = await open(new MemoryEngineFactory());
    const again = await open(disk);
    assert.equal(again.driver.index, written, `crash at write ${fatal}`);
    if (written > 0) await reference.store.decide(driver.entries.slice(0, written));
    await reference.store.write();
    assert.deepEqual(await again.store.hashState(), await reference.store.hashState(), `crash at write ${fatal}`);
    await again.store.compacted(again.store.status.compact_revision);
    assert.deepEqual(await again.store.hashState(), await reference.store.hashState(), `swept after ${fatal}`);
    await again.store.close();
    await reference.store.close();
  }
});

test('a write that fails ends the store: nothing is tried again', async () => {
  const disk = new MemoryEngineFactory();
  const { store, driver } = await open(disk);
  disk.beforeWrite = () => Promise.reject(new Error('the disk is full'));
  await driver.decide(put('a', '1'));
  await assert.rejects(store.write(), /disk is full/);
  disk.beforeWrite = null;
  await assert.rejects(store.write(), /disk is full/);
  await assert.rejects(driver.decide(put('a', '2')), /disk is full/);
});

test('a newer format is refused by name', async () => {
  const disk = new MemoryEngineFactory();
  const engine: Engine = await disk.open(DIRECTORY);
  await engine.write([{ type: 'put', key: Buffer.from('mbase'), value: Buffer.from('{"format":2}') }], true);
  await engine.close();
  await assert.rejects(open(disk), /format 2.*format 1/);
});
