/** Bare raft machines in virtual time, under faults from a few fixed seeds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playFigureEight } from './figure-eight.js';
import { runRaft } from './raft-run.js';

const seeds = Array.from({ length: 16 }, (_, i) => i + 1);

test('bare raft clusters keep what they promise under faults, and make progress afterwards', async () => {
  let committed = 0;
  for (const seed of seeds) {
    const { failure, counts } = await runRaft(seed, { faulty_ms: 6_000 });
    assert.equal(failure, null, `seed ${seed}: ${failure?.message}`);
    committed += counts['committed'] ?? 0;
  }
  assert.ok(committed > 1_000, `a quiet test proves nothing: ${committed} entries were committed`);
});

test('a seed is a whole history: run twice, everything happens the same way', async () => {
  const [first, second] = [await runRaft(3, { faulty_ms: 4_000 }), await runRaft(3, { faulty_ms: 4_000 })];
  assert.deepEqual(second, first);
  const other = await runRaft(4, { faulty_ms: 4_000 });
  assert.notEqual(other.hash, first.hash);
});

test('the quick interpreter of charts and XState make the same history of the same seeds', async () => {
  for (const seed of [1, 2, 3, 4]) {
    const quick = await runRaft(seed, { faulty_ms: 6_000, charts: 'quick' });
    assert.deepEqual(await runRaft(seed, { faulty_ms: 6_000, charts: 'xstate' }), quick, `seed ${seed}`);
  }
});

test('the honest leader does not commit an entry of an older term by counting (figure 8)', async () => {
  for (const seed of [1, 2, 3, 4, 5]) assert.equal(await playFigureEight(seed), null, `seed ${seed}`);
});
