/**
 * Trouble drawn from one seed, judged by the linearizability checker. More of it, and longer, by hand: see
 * chaos-main.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChaos } from './chaos.js';

test('kills, pauses and restarts of nodes and NATS server: a linearizable history, members that agree', async (t) => {
  const said: string[] = [];
  const report = await runChaos({ seed: 1, seconds: 20, say: (line) => void said.push(line) });
  for (const line of said) t.diagnostic(line);
  assert.deepEqual(report.wrong, []);
  assert.ok(report.calls > report.unanswered, 'something was answered');
});
