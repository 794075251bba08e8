/** What a node measures of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pause } from '../../deploy/clock.js';
import { openVitals } from '../../deploy/vitals.js';

const blockFor = (duration_ms: number): void => {
  const until_ms = performance.now() + duration_ms;
  while (performance.now() < until_ms);
};

test('a write that is under way has an age, and one that has ended a time', () => {
  const vitals = openVitals();
  assert.equal(vitals.read().log_sync_under_way_ms, 0, 'none is under way');
  const ended = vitals.begin('log');
  blockFor(20);
  const during = vitals.read();
  assert.ok(during.log_sync_under_way_ms >= 20, JSON.stringify(during));
  assert.equal(during.log_sync_max_ms, 0, 'it has not ended');
  assert.equal(during.store_write_under_way_ms, 0, 'the store is another matter');
  ended();
  vitals.begin('log')();
  const after = vitals.read();
  assert.equal(after.log_sync_under_way_ms, 0);
  assert.ok(after.log_sync_max_ms >= 20 && after.log_sync_p50_ms < after.log_sync_max_ms, JSON.stringify(after));
  assert.equal(after.store_write_max_ms, 0);
});

test('an event loop that stood still shows', async () => {
  const vitals = openVitals();
  await pause(50);
  blockFor(200);
  await pause(50);
  assert.ok(vitals.read().event_loop_delay_max_ms >= 150, JSON.stringify(vitals.read()));
});
