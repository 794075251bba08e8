/** When the leader compacts by itself, minute by minute (B-28). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { beginRetention, retain, type AutoCompaction } from '../../machines/auto-compaction.js';

const MINUTE = 60_000;

/** Revision = minutes since the start; returns [minute, compacted at] pairs. */
function run(mode: AutoCompaction, minutes: number): [number, number][] {
  const compactions: [number, number][] = [];
  let state = beginRetention(mode, 0, 0);
  for (let minute = 1; minute <= minutes; minute++) {
    const [next, revision] = retain(mode, state, minute * MINUTE, minute);
    state = next;
    if (revision !== null) compactions.push([minute, revision]);
  }
  return compactions;
}

test('B-28 periodic: first after one retention, then every retention, to the revision of one retention ago', () => {
  const compactions = run({ mode: 'periodic', retention_ms: 30 * MINUTE }, 95);
  assert.deepEqual(
    compactions.map(([minute]) => minute),
    [30, 60, 90],
  );
  for (const [minute, revision] of compactions) {
    assert.ok(minute - revision >= 30 && minute - revision <= 33, `at ${String(minute)}: ${String(revision)}`);
  }
});

test('B-28 periodic: a long retention compacts every hour', () => {
  const compactions = run({ mode: 'periodic', retention_ms: 120 * MINUTE }, 300);
  assert.deepEqual(
    compactions.map(([minute]) => minute),
    [120, 180, 240, 300],
  );
});

test('B-28 revision: every five minutes to a distance behind the newest', () => {
  assert.deepEqual(run({ mode: 'revision', retention: 8 }, 16), [
    [10, 2],
    [15, 7],
  ]);
});

test('off is off', () => {
  assert.deepEqual(run({ mode: 'off' }, 1000), []);
});
