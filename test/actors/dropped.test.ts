/** What an operator reads of frames that change nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellDropped } from '../../actors/dropped.js';
import type { Journal } from '../../actors/ports.js';
import type { Clock } from '../../machines/language/time.js';

test('of two processes of one name the members say that only the later one is heard, once', () => {
  const said: string[] = [];
  const say = (what: string, facts: unknown): void => void said.push(`${what} ${JSON.stringify(facts)}`);
  const journal: Journal = { info: say, warn: say, error: say };
  const clock = { now_ms: () => 1_000_000 } as Partial<Clock> as Clock;
  const tell = tellDropped({ journal, clock }, 'n1');
  for (let frame = 0; frame < 100; frame++) tell('epoch', 'n3');
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^peer frame dropped .*another process was started as n3 after its sender/);
});
