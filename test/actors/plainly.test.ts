/** What leaves a node under inspection: nothing of what clients entrusted to it, and never much of anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainly } from '../../actors/plainly.js';
import { fromText } from '../../machines/language/bytes.js';

test('[safety] values, passwords and tokens are never told; keys and lengths are', () => {
  const told = plainly({
    request: { key: fromText('config/a'), value: fromText('hunter2'), lease: 7n },
    entries: [{ kind: 'command', data: fromText('hunter2') }],
    // As a text it would be one that a careless decoder had made.
    kv: { key: fromText('a'), value: 'hunter2' },
    nats_password: 'hunter2',
    authToken: 'hunter2',
    nested: new Map([['credentials', { nkey_seed: 'hunter2' }]]),
  });
  assert.deepEqual(told, {
    request: { key: 'config/a', value: '‹7 bytes›', lease: '0000000000000007' },
    entries: [{ kind: 'command', data: '‹7 bytes›' }],
    kv: { key: 'a', value: '‹hidden›' },
    nats_password: '‹hidden›',
    authToken: '‹hidden›',
    nested: { credentials: { nkey_seed: '‹hidden›' } },
  });
});

test('a buffer is bytes too, and a key that is no text is told by its length', () => {
  assert.deepEqual(plainly({ value: Buffer.from('hunter2'), key: new Uint8Array([0xff, 0]) }), {
    value: '‹7 bytes›',
    key: '‹2 bytes›',
  });
});

test('long things are told in part, with how much more there is', () => {
  const told = plainly({
    list: Array.from({ length: 1_000 }, (_, n) => n),
    text: 'x'.repeat(10_000),
    map: new Map(Array.from({ length: 1_000 }, (_, n) => [BigInt(n), n])),
    set: new Set([1, 2]),
  }) as Record<string, unknown>;
  assert.deepEqual(told['list'], [0, 1, 2, 3, 4, 5, 6, 7, '… 992 more']);
  assert.equal(told['text'], `${'x'.repeat(120)}… (10000 characters)`);
  assert.equal((told['map'] as Record<string, unknown>)['…'], '960 more');
  assert.deepEqual(told['set'], [1, 2]);
  assert.ok(JSON.stringify(told).length < 4_000);
});

test('what is deep, a loop, or no plain object ends where it stands', () => {
  const loop: Record<string, unknown> = {};
  loop['again'] = loop;
  class Store {
    readonly secret = 'hunter2';
  }
  const told = JSON.stringify(plainly({ loop, store: new Store(), call: function shut() {}, none: null }));
  assert.ok(!told.includes('hunter2'), told);
  assert.match(told, /‹Store›/);
  assert.match(told, /‹function shut›/);
  assert.match(told, /… 1 fields/);
});
