import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCluster } from './cluster-run.js';

const seeds = Array.from({ length: 8 }, (_, i) => i + 1);

test('clusters are linearizable under faults, their states agree, and they make progress afterwards', async () => {
  let answered = 0;
  for (const seed of seeds) {
    const { failure, counts } = await runCluster(seed, { faulty_ms: 6_000 });
    assert.equal(failure, null, `seed ${seed}: ${failure?.message}`);
    answered += counts['answered'] ?? 0;
  }
  assert.ok(answered > 500, `a quiet test proves nothing: ${answered} operations were answered`);
});

test('a seed is a whole history: run twice, everything happens the same way', async () => {
  const [first, second] = [await runCluster(1, { faulty_ms: 3_000 }), await runCluster(1, { faulty_ms: 3_000 })];
  assert.deepEqual(second, first);
});
