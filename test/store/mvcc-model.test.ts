/** The store against the naive model: random commands, restarts, crashes, folding and compaction in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation, RangeRequest } from '../../machines/language/commands.js';
import { QuorateError, errors } from '../../machines/language/errors.js';
import type { Entry } from '../../machines/language/vocabulary.js';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { MvccStore } from '../../store/mvcc.js';
import { emptyModel, type KvModel, range, step } from '../model/kv-model.js';
import { eagerClock, entryOf, plain } from './kv-steps.js';
import { makeRandom, randomOperation, randomRange } from './random-operations.js';

const DIRECTORY = 'store/0';

async function compareRange(store: MvccStore, model: KvModel, request: RangeRequest): Promise<void> {
  const expected = range(model, request);
  if (typeof expected === 'string') {
    await assert.rejects(store.range(request), (error) => {
      assert.ok(error instanceof QuorateError);
      assert.equal(error.message, errors[expected].message);
      return true;
    });
  } else assert.deepEqual(plain(await store.range(request)), plain(expected));
}

function openStore(disk: MemoryEngineFactory): MvccStore {
  const store = new MvccStore(disk, eagerClock);
  store.journal_bytes_before_fold = 2_000;
  return store;
}

/** One member's life over a log of random commands; `log` is continued as long as it must be. */
async function live(seed: number, operations: number): Promise<void> {
  const random = makeRandom(seed);
  const disk = new MemoryEngineFactory();
  const log: { entry: Entry; operation: Operation; model: KvModel }[] = [];
  const modelAt = (index: number): KvModel => (index === 0 ? emptyModel : (log[index - 1] as { model: KvModel }).model);
  let store = openStore(disk);
  await store.open(DIRECTORY);
  let decided = 0;
  let written = 0;
  while (decided < operations) {
    const batch: Entry[] = [];
    for (let count = 1 + random(8); count > 0; count--) {
      const index = decided + batch.length + 1;
      if (log.length < index) {
        const before = modelAt(index - 1);
        const operation = randomOperation(random, before.revision);
        log.push({ entry: entryOf(index, operation), operation, model: step(before, operation).model });
      }
      batch.push((log[index - 1] as { entry: Entry }).entry);
    }
    const writing = random(2) === 0 ? store.write() : null;
    for (const { index, decision } of await store.decide(batch)) {
      const { operation } = log[index - 1] as { operation: Operation };
      assert.deepEqual(plain(decision), plain(step(modelAt(index - 1), operation).decision), `decision at ${index}`);
    }
    if (writing !== null) written = (await writing).applied;
    decided += batch.length;
    if (random(3) === 0) {
      const done = await store.write();
      written = done.applied;
      assert.equal(done.revision, modelAt(written).revision);
    }
    for (let n = 0; n < 3; n++) {
      const model = modelAt(written);
      await compareRange(store, model, randomRange(random, model.revision));
    }
    assert.equal(store.status.keys, (modelAt(written).contents.at(-1) as ReadonlyMap<string, unknown>).size);
    const fate = random(12);
    if (fate === 0) await store.close();
    else if (fate === 1) disk.crash((unsynced) => random(unsynced + 1));
    if (fate > 1) continue;
    store = openStore(disk);
    const { applied } = await store.open(DIRECTORY);
    assert.equal(applied, written, 'what was written is there, and nothing else');
    decided = applied;
  }
  await store.write();
  await store.close();
}

for (let seed = 1; seed <= 30; seed++) {
  test(`B-01…B-26: the store and the model agree over a life with crashes (seed ${seed})`, () => live(seed, 250));
}

test('two replicas that batch, crash and compact differently have one state', async () => {
  for (let seed = 100; seed < 115; seed++) {
    const random = makeRandom(seed);
    const log: Entry[] = [];
    let model = emptyModel;
    for (let index = 1; index <= 200; index++) {
      const operation = randomOperation(random, model.revision);
      model = step(model, operation).model;
      const request =
        random(2) === 0 ? { client: Uint8Array.of(random(3), 0), number: random(80), since: index } : null;
      log.push(entryOf(index, operation, request));
    }
    const hashes = [];
    for (const choices of [makeRandom(seed + 1), makeRandom(seed + 2)]) {
      const disk = new MemoryEngineFactory();
      let store = openStore(disk);
      await store.open(DIRECTORY);
      for (let at = 0; at < log.length;) {
        const to = Math.min(log.length, at + 1 + choices(20));
        await store.decide(log.slice(at, to));
        at = to;
        if (choices(2) === 0) await store.write();
        if (choices(10) > 0) continue;
        disk.crash((unsynced) => choices(unsynced + 1));
        store = openStore(disk);
        at = (await store.open(DIRECTORY)).applied;
      }
      await store.write();
      hashes.push([await store.hashState(), await store.hashKv(0)]);
      await store.close();
    }
    assert.deepEqual(hashes[0], hashes[1], `seed ${seed}`);
  }
});
