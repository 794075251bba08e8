/** A flood is told as numbers, and nothing of it is forgotten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTally } from '../../actors/tally.js';
import type { Clock } from '../../machines/language/time.js';

function tallyAt() {
  let now = 1_000_000;
  const told: string[] = [];
  const clock = { now_ms: () => now } as Partial<Clock> as Clock;
  const tally = createTally(clock, (reason, times) => told.push(`${times} ${reason}`));
  const later = (delay_ms: number): void => {
    now += delay_ms;
    tally.tick();
  };
  return { tally, told, later };
}

test('the first of a kind is told at once, what follows as a number with the latest reason', () => {
  const { tally, told, later } = tallyAt();
  tally.note('a', 'a1');
  tally.note('b', 'b1');
  for (let number = 2; number <= 1_000; number++) tally.note('a', `a${number}`);
  assert.deepEqual(told.splice(0), ['1 a1', '1 b1']);
  later(9_999);
  assert.deepEqual(told, []);
  later(1);
  assert.deepEqual(told.splice(0), ['999 a1000']);
  later(10_000);
  tally.note('a', 'again');
  assert.deepEqual(told, ['1 again']);
});

test('kinds without end are counted together', () => {
  const { tally, told, later } = tallyAt();
  for (let number = 0; number < 10_000; number++) tally.note(`kind ${number}`, `reason ${number}`);
  assert.equal(told.length, 33);
  later(10_000);
  assert.deepEqual(told.slice(33), ['9967 reason 9999']);
});
