/** What a record in the engine keeps of one change of one key, for readers and for watchers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromText } from '../../machines/language/bytes.js';
import type { DeleteCause } from '../../machines/language/commands.js';
import { type Change, decodeRecord, encodeRecord, eventOf, eventOfRecord, tombstoneOf } from '../../store/revision.js';

const key = fromText('käse');

test('a record read back is the event that watchers saw, the cause of a delete included', () => {
  const causes: readonly DeleteCause[] = ['user', 'lease expired', 'lease revoked'];
  for (const cause of causes) {
    const change: Change = { key: 'käse', main: 9, sub: 2, tombstone: true, kv: tombstoneOf(key, 9), cause };
    const event = eventOfRecord(encodeRecord(change), 9);
    assert.deepEqual(event, { type: 'delete', kv: tombstoneOf(key, 9), cause });
    assert.deepEqual(event, eventOf(change));
    assert.deepEqual(decodeRecord(encodeRecord(change), 9), tombstoneOf(key, 9));
  }
});

test('a put keeps its lease in all 64 bits, below zero too', () => {
  for (const lease of [0n, 1n, -1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 32n]) {
    const kv = { key, create_revision: 3, mod_revision: 9, version: 4, value: fromText('v'), lease };
    const change: Change = { key: 'käse', main: 9, sub: 0, tombstone: false, kv };
    assert.deepEqual(eventOfRecord(encodeRecord(change), 9), { type: 'put', kv, cause: 'user' });
  }
});
