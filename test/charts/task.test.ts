/** The chart of a task in a worker's hands, event by event. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialTransition, transition } from 'xstate';
import { taskMachine, type TaskEvent } from '../../machines/client/task.machine.js';

const claim = { fencingToken: 9, attempt: 1 };
const done = (actor: string, output?: unknown) => ({ type: `xstate.done.actor.${actor}`, output });
const failed = (actor: string) => ({ type: `xstate.error.actor.${actor}`, error: new Error('no') });
const ended = { type: 'sessionEnded' } as const;
const running = [done('claim', claim), done('begin', true)];
const worked = [...running, done('run', { result: 42 })];

function after(...events: readonly (TaskEvent | ReturnType<typeof done> | ReturnType<typeof failed>)[]) {
  let [snapshot] = initialTransition(taskMachine);
  for (const event of events) [snapshot] = transition(taskMachine, snapshot, event as TaskEvent);
  return { state: snapshot.value, outcome: snapshot.context.outcome };
}

test('scheduled → starting → running → finished', () => {
  assert.equal(after().state, 'scheduled');
  assert.equal(after(done('claim', claim)).state, 'starting');
  assert.equal(after(...running).state, 'running');
  assert.deepEqual(after(...worked), { state: 'recording', outcome: { ok: true, result: 42 } });
  assert.equal(after(...worked, done('record', 'Finished')).state, 'finished');
});

test('a task that another worker claimed is left to it', () => {
  assert.equal(after(done('claim', null)).state, 'taken');
  assert.equal(after(ended).state, 'taken');
  assert.equal(after(failed('claim')).state, 'refused');
});

test('work that fails is named, and scheduled again or given up as the record says', () => {
  const broken = [...running, failed('run')];
  assert.deepEqual(after(...broken), { state: 'recording', outcome: { ok: false, error: 'no' } });
  assert.equal(after(...broken, done('record', 'Scheduled')).state, 'rescheduled');
  assert.equal(after(...broken, done('record', 'Failed')).state, 'failed');
});

test('once the claim or the session is gone, nothing that the worker brings counts', () => {
  assert.equal(after(done('claim', claim), done('begin', false)).state, 'lost');
  assert.equal(after(done('claim', claim), failed('begin')).state, 'lost');
  assert.equal(after(...worked, done('record', null)).state, 'lost');
  assert.equal(after(...worked, failed('record')).state, 'lost');
  for (const before of [[done('claim', claim)], running, worked]) assert.equal(after(...before, ended).state, 'lost');
  assert.equal(after(...running, ended, done('run', { result: 1 })).state, 'lost');
});
