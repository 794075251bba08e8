/** The canonical bytes: they round-trip, they are the same for the same thing, and garbage is refused by name. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Command, Operation, PutRequest, TxnRequest } from '../../machines/language/commands.js';
import { InvariantError } from '../../machines/language/invariant.js';
import {
  decodeCommand,
  decodeConfiguration,
  DecodeError,
  decodeEntry,
  decodePeerMessages,
  encodeCommand,
  encodeConfiguration,
  encodeEntry,
  encodePeerMessages,
  pack,
  unpack,
  UnknownVersionError,
} from '../../machines/language/codec.js';
import { limits } from '../../machines/language/limits.js';
import type { Entry, Index, Term } from '../../machines/language/vocabulary.js';
import { chanceFrom, commandOf, configurationOf, entryOf, messagesOf, putOf } from './codec-values.js';

describe('round trips', () => {
  test('commands, and equal commands are equal bytes', () => {
    const c = chanceFrom(1);
    for (let i = 0; i < 1_000; i++) {
      const command = commandOf(c);
      const bytes = encodeCommand(command);
      assert.deepEqual(decodeCommand(bytes.slice()), command);
      assert.deepEqual(encodeCommand(structuredClone(command)), bytes);
    }
  });

  test('the node that encoded a command gets it back undecoded, once', () => {
    const command = commandOf(chanceFrom(2));
    const bytes = encodeCommand(command);
    assert.equal(decodeCommand(bytes), command);
    assert.notEqual(decodeCommand(bytes), command);
    assert.deepEqual(decodeCommand(bytes), command);
  });

  test('entries, encoded once', () => {
    const c = chanceFrom(3);
    for (let i = 0; i < 1_000; i++) {
      const entry = entryOf(c);
      const bytes = encodeEntry(entry);
      assert.equal(encodeEntry(entry), bytes);
      const decoded = decodeEntry(bytes.slice());
      assert.deepEqual(decoded, entry);
      assert.deepEqual(encodeEntry(decoded), bytes);
      assert.ok(Array.isArray(unpack(bytes)), 'an entry is MessagePack');
    }
  });

  test('configurations and every peer message', () => {
    const c = chanceFrom(4);
    for (let i = 0; i < 300; i++) {
      const configuration = configurationOf(c);
      assert.deepEqual(decodeConfiguration(encodeConfiguration(configuration)), configuration);
      const messages = messagesOf(c);
      assert.deepEqual(decodePeerMessages(encodePeerMessages(messages)), messages);
    }
  });

  test('bytes from a Buffer come out as plain bytes, never as text', () => {
    const put: PutRequest = { ...putOf(chanceFrom(5)), key: Buffer.from('key'), value: Buffer.from('välue') };
    const bytes = Buffer.from(encodeCommand({ request: null, refused: null, operation: { type: 'put', put } }));
    const { operation } = decodeCommand(bytes);
    assert.ok(operation.type === 'put');
    assert.equal(operation.put.value.constructor, Uint8Array);
    assert.deepEqual(Buffer.from(operation.put.value).toString(), 'välue');
    const asText = pack([1, null, null, [0, 'key', new Uint8Array(0), 0n, 0]]);
    assert.throws(() => decodeCommand(asText), /put.key: expected bytes, got the text "key"/);
  });
});

describe('versions', () => {
  const versionIn = (operation: Operation): unknown =>
    (unpack(encodeCommand({ request: null, refused: null, operation })) as readonly unknown[])[0];
  const put = (ttl_ms: number): PutRequest => ({ ...putOf(chanceFrom(7)), ttl_ms });
  const nested = (ttl_ms: number): TxnRequest => ({
    compare: [],
    success: [],
    failure: [{ txn: { compare: [], success: [{ put: put(ttl_ms) }], failure: [] } }],
  });

  test('[safety] what a member of before leases can say is said as it says it, to the byte', () => {
    assert.equal(versionIn({ type: 'put', put: put(0) }), 1);
    assert.equal(versionIn({ type: 'txn', txn: nested(0) }), 1);
    assert.equal(versionIn({ type: 'compact', revision: 3 }), 1);
    const plain = { key: Uint8Array.of(107), value: Uint8Array.of(118), lease: 3n, ttl_ms: 0 };
    const flags = { prev_kv: true, ignore_value: false, ignore_lease: false };
    const command: Command = { request: null, refused: null, operation: { type: 'put', put: { ...plain, ...flags } } };
    assert.deepEqual(encodeCommand(command), pack([1, null, null, [0, plain.key, plain.value, 3n, 1]]));
  });

  test('[safety] what knows of leases says so, so that such a member stops and does not skip it', () => {
    assert.equal(versionIn({ type: 'put', put: put(1) }), 2);
    assert.equal(versionIn({ type: 'txn', txn: nested(1) }), 2);
    assert.equal(versionIn({ type: 'lease.grant', grant: { id: 1n, ttl_ms: 2 } }), 2);
    assert.equal(versionIn({ type: 'lease.revoke', id: 1n, expired: true }), 2);
    assert.equal(versionIn({ type: 'lease.checkpoint', leases: [] }), 2);
  });

  test('every word on leases comes back as it was', () => {
    const words: readonly Operation[] = [
      { type: 'lease.grant', grant: { id: -(2n ** 63n), ttl_ms: 9_000_000_000_000 } },
      { type: 'lease.revoke', id: 2n ** 63n - 1n, expired: false },
      { type: 'lease.revoke', id: -1n, expired: true },
      {
        type: 'lease.checkpoint',
        leases: [
          { id: 1n, remaining_ms: 0 },
          { id: -1n, remaining_ms: 2 ** 40 },
        ],
      },
    ];
    for (const operation of words) {
      const command: Command = { request: null, refused: null, operation };
      assert.deepEqual(decodeCommand(encodeCommand(command).slice()), command);
    }
  });
});

describe('what is not ours is refused', () => {
  test('[safety] an unknown version by name', () => {
    for (const [decode, version] of [
      [decodeCommand, 3],
      [decodePeerMessages, 2],
    ] as const) {
      assert.throws(
        () => decode(pack([version, 'whatever'])),
        (error: Error) => {
          assert.ok(error instanceof UnknownVersionError && error.version === version, error.message);
          assert.equal(error.name, 'UnknownVersionError');
          return true;
        },
      );
    }
  });

  test('wrong shapes say what is wrong', () => {
    const put = (...fields: unknown[]): Uint8Array => pack([1, null, null, [0, ...fields]]);
    const key = new Uint8Array(1);
    for (const [bytes, text] of [
      [put(key, key, 0n), /put: expected 5 values, got 4/],
      [put(key, key, 0, 0), /put.lease: expected a signed number of 64 bits, got 0/],
      [put(key, key, 2n ** 63n, 0), /put.lease/],
      [put(key, key, 0n, 8), /put.flags: 8 has bits/],
      [pack([1, null, null, [9]]), /operation: expected a put, delete, txn, compact or a word on leases, got 9/],
      [pack([1, null, 'NoSuchError', [3, 1]]), /command.refused: expected the name of an error/],
      [pack([1, null, null, [3, 1.5]]), /compact.revision: expected a whole number/],
      [pack([1, [key, -1, 0], null, [3, 1]]), /request.number/],
      [pack({}), /command: expected an array/],
    ] as const) {
      assert.throws(() => decodeCommand(bytes), text);
      assert.throws(() => decodeCommand(bytes), DecodeError);
    }
  });

  test('a transaction nested deeper than the limit, both ways', () => {
    const nest = (depth: number): TxnRequest => ({
      compare: [],
      success: depth > 1 ? [{ txn: nest(depth - 1) }] : [],
      failure: [],
    });
    const command = (depth: number): Command => ({
      request: null,
      refused: null,
      operation: { type: 'txn', txn: nest(depth) },
    });
    const deepest = command(limits.txn_depth_max);
    assert.deepEqual(decodeCommand(encodeCommand(deepest).slice()), deepest);
    assert.throws(() => encodeCommand(command(limits.txn_depth_max + 1)), InvariantError);
    let row: unknown = [2, [], [], []];
    for (let i = 0; i < limits.txn_depth_max; i++) row = [2, [], [row], []];
    assert.throws(() => decodeCommand(pack([1, null, null, row])), /nested deeper/);
  });

  test('random bytes, cut ones and flipped ones: a DecodeError or a value, nothing else', () => {
    const c = chanceFrom(6);
    const decoders = [decodeCommand, decodeEntry, decodeConfiguration, decodePeerMessages, unpack];
    const attempt = (bytes: Uint8Array): void => {
      for (const decode of decoders) {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(error instanceof DecodeError, `${Buffer.from(bytes).toString('hex')}: ${String(error)}`);
        }
      }
    };
    for (let i = 0; i < 1_500; i++) attempt(c.bytes(60));
    for (let i = 0; i < 100; i++) {
      const whole = [encodeCommand(commandOf(c)), encodeEntry(entryOf(c)), encodePeerMessages(messagesOf(c))].map(
        (bytes) => bytes.slice(0, 5_000),
      );
      for (const bytes of whole) {
        attempt(bytes.subarray(0, c.below(bytes.length)));
        for (let flip = 0; flip < 20; flip++) {
          const changed = bytes.slice();
          changed[c.below(bytes.length)] = c.below(256);
          attempt(changed);
        }
      }
    }
  });

  test('an index, a term or an id that is no such thing', () => {
    const entry = (index: number, term: number): Entry => ({
      index: index as Index,
      term: term as Term,
      kind: 'empty',
    });
    assert.throws(() => encodeEntry(entry(0, 1)), InvariantError);
    assert.throws(() => encodeEntry(entry(1, 2 ** 53)), InvariantError);
    const bytes = encodeEntry(entry(1, 1)).slice();
    bytes[3] = 0xff;
    assert.throws(() => decodeEntry(bytes), /entry.index: expected a whole number below 2\^53/);
    assert.throws(() => decodeConfiguration(pack([[[0n, 'n1']], []])), /member.id: expected an id of 64 bits, got 0/);
  });
});
