/** What reads hold together while they fetch, and what one of them may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../machines/language/limits.js';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { MvccStore } from '../../store/mvcc.js';
import { makeReadBudget } from '../../store/read-budget.js';
import { ALL, Driver, eagerClock, put, rangeRequest } from './kv-steps.js';

/** Lets everything go on that can. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('beyond the bound only the oldest read goes on, and the others once it has left', async () => {
  const budget = makeReadBudget(eagerClock, 100, 100);
  const [first, second, third] = [budget.enter(), budget.enter(), budget.enter()];
  const told: string[] = [];
  const take = (name: string, share: typeof first, bytes: number) => share.take(bytes).then(() => told.push(name));
  await take('second', second, 60);
  void take('second again', second, 30);
  void take('third', third, 30);
  await take('first', first, 90);
  await settle();
  assert.deepEqual(told, ['second', 'second again', 'first'], 'the third waits');
  first.leave();
  await settle();
  assert.equal(told.length, 3, 'the second is the oldest now, and holds too much for the third');
  second.leave();
  await settle();
  assert.equal(told.at(-1), 'third');
});

test('a read that alone would hold too much is refused, with what to do', async () => {
  const share = makeReadBudget(eagerClock, 1024 * 1024, 1024 * 1024).enter();
  await share.take(1024 * 1024);
  await assert.rejects(share.take(1), /^QuorateError: quorate: more than 1 MiB of keys and values .* use limit, /);
});

test('what is much work has a turn of the event loop to itself', async () => {
  const soon: (() => void)[] = [];
  const budget = makeReadBudget({ ...eagerClock, soon: (run) => void soon.push(run) }, 100, 100);
  const told: number[] = [];
  for (const n of [1, 2, 3]) void budget.turn().then(() => told.push(n));
  for (const n of [1, 2, 3]) {
    await settle();
    assert.equal(soon.length, 1);
    soon.pop()?.();
    await settle();
    assert.equal(told.at(-1), n);
  }
});

test('a range that is too large is refused, and what fits is read: with a limit, or without the values', async () => {
  const store = new MvccStore(new MemoryEngineFactory(), eagerClock);
  await store.open('store/0');
  const driver = new Driver(store);
  const count = Math.ceil(limits.read_bytes_max / limits.request_bytes_max) + 1;
  const value = 'x'.repeat(limits.request_bytes_max);
  for (let n = 0; n < count; n++) await driver.run(put(`k${n}`, value));
  const whole = { range_end: ALL };
  await assert.rejects(store.range(rangeRequest(ALL, whole)), /more than 128 MiB of keys and values/);
  assert.equal((await store.range(rangeRequest(ALL, { ...whole, limit: 10 }))).kvs.length, 10);
  assert.equal((await store.range(rangeRequest(ALL, { ...whole, keys_only: true }))).kvs.length, count);
  assert.equal((await store.range(rangeRequest(ALL, { ...whole, count_only: true }))).count, count);
});
