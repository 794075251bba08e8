/** The chart of a session, event by event. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialTransition, transition } from 'xstate';
import { sessionMachine, type SessionEvent } from '../../machines/client/session.machine.js';

const lease = { id: 5n, ttl_ms: 1000 };
const error = new Error('no');
const done = (actor: string, output?: unknown) => ({ type: `xstate.done.actor.${actor}`, output });
const failed = (actor: string) => ({ type: `xstate.error.actor.${actor}`, error });
const opened = done('open', lease);
const close = { type: 'close' } as const;
const orphan = { type: 'orphan' } as const;
const lost = { type: 'lost', error } as const;

function after(...events: readonly (SessionEvent | ReturnType<typeof done> | ReturnType<typeof failed>)[]) {
  let [snapshot] = initialTransition(sessionMachine);
  for (const event of events) [snapshot] = transition(sessionMachine, snapshot, event as SessionEvent);
  const { context, value, status } = snapshot;
  return { state: value, lease: context.lease, failure: context.failure, status };
}

test('opening → alive, with the lease as it was granted', () => {
  assert.deepEqual(after().state, { opening: 'wanted' });
  assert.deepEqual(after(opened), { state: 'alive', lease, failure: null, status: 'active' });
});

test('a lease that is refused is a session that never was', () => {
  assert.deepEqual(after(failed('open')), { state: 'failed', lease: null, failure: error, status: 'done' });
});

test('a lease that is granted when nobody wants it any more is revoked', () => {
  assert.deepEqual(after(close).state, { opening: 'unwanted' });
  assert.deepEqual(after(close, opened), { state: 'closing', lease, failure: null, status: 'active' });
  assert.equal(after(close, failed('open')).state, 'failed');
});

test('a lease that is lost ends it with the reason, and nothing follows', () => {
  assert.deepEqual(after(opened, lost), { state: 'lost', lease, failure: error, status: 'done' });
  assert.equal(after(opened, lost, close).state, 'lost');
});

test('closed: the lease is revoked; where that fails it runs out, and closing may be tried again', () => {
  assert.equal(after(opened, close).state, 'closing');
  assert.deepEqual(after(opened, close, done('revoke')), { state: 'closed', lease, failure: null, status: 'done' });
  assert.deepEqual(after(opened, close, failed('revoke')), {
    state: 'orphaned',
    lease,
    failure: error,
    status: 'active',
  });
  assert.equal(after(opened, close, failed('revoke'), close, done('revoke')).state, 'closed');
});

test('orphaned: the lease is neither renewed nor revoked, until it is closed', () => {
  assert.equal(after(opened, orphan).state, 'orphaned');
  assert.equal(after(opened, orphan, lost).state, 'orphaned');
  assert.equal(after(opened, orphan, close).state, 'closing');
});
