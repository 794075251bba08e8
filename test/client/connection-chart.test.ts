/** The connection chart, event by event. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialTransition, transition } from 'xstate';
import { connectionMachine, type ConnectionEvent } from '../../machines/client/connection.machine.js';

/** The state after the events, and the names of the actions of the last one. */
function after(...events: ConnectionEvent['type'][]): [state: unknown, actions: string[]] {
  let [snapshot, actions] = initialTransition(connectionMachine);
  for (const type of events) [snapshot, actions] = transition(connectionMachine, snapshot, { type });
  return [snapshot.value, actions.map((action) => action.type)];
}

test('connecting → connected: what waits leaves', () => {
  assert.deepEqual(after(), ['connecting', []]);
  assert.deepEqual(after('opened'), ['connected', ['sendWaiting']]);
});

test('a connection that was lost publishes nothing until it is restored', () => {
  assert.deepEqual(after('opened', 'lost'), ['reconnecting', []]);
  assert.deepEqual(after('opened', 'lost', 'restored'), ['connected', ['forgetSilence', 'sendWaiting']]);
  assert.deepEqual(after('opened', 'lost', 'opened'), ['reconnecting', []]);
});

test('closed, from every state, ends every call, and nothing follows', () => {
  assert.deepEqual(after('refused'), ['closed', ['endCalls']]);
  assert.deepEqual(after('closed'), ['closed', ['endCalls']]);
  assert.deepEqual(after('opened', 'closed'), ['closed', ['endCalls']]);
  assert.deepEqual(after('opened', 'lost', 'closed'), ['closed', ['endCalls']]);
  assert.deepEqual(after('closed', 'opened'), ['closed', []]);
});

test('events that mean nothing in a state change nothing', () => {
  assert.deepEqual(after('lost'), ['connecting', []]);
  assert.deepEqual(after('restored'), ['connecting', []]);
  assert.deepEqual(after('opened', 'restored'), ['connected', []]);
  assert.deepEqual(after('opened', 'refused'), ['connected', []]);
});

test('only a connected client publishes', () => {
  let [snapshot] = initialTransition(connectionMachine);
  assert.equal(snapshot.hasTag('publishing'), false);
  [snapshot] = transition(connectionMachine, snapshot, { type: 'opened' });
  assert.equal(snapshot.hasTag('publishing'), true);
  [snapshot] = transition(connectionMachine, snapshot, { type: 'lost' });
  assert.equal(snapshot.hasTag('publishing'), false);
});
