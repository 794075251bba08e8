/** The transaction builder and the options of calls, as requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, keyExists, keyMissing, op } from '../../client/txn.js';
import type { TxnBuilder } from '../../client/types.js';
import { benchOf, errorOfCall } from './client-of.js';

const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

test('if, then, else: each once, in order', async () => {
  const { client } = await benchOf();
  const txn = (): TxnBuilder => client.kv.txn();
  assert.throws(() => txn().then().if(), /txn: if stands after then/);
  assert.throws(() => txn().else().then(), /txn: then stands after else/);
  assert.throws(() => txn().if().if(), /txn: if is given twice/);
  const committed = txn();
  void committed.commit().catch(() => undefined);
  assert.match((await errorOfCall(committed.commit())).message, /txn: commit is given twice/);
  // TypeScript refuses to await the builder; JavaScript takes it for a promise.
  const awaited: unknown = txn();
  await assert.rejects(Promise.resolve(awaited), /await its commit/);
});

test('comparisons and operations become what the wire carries', async () => {
  const { client, sent } = await benchOf();
  const call = client.kv
    .txn()
    .if(
      compare.version('a').greater(2),
      compare.createRevision('b').less(3),
      compare.modRevision('c').notEqual(4),
      compare.value('d').equals('x'),
      compare.lease('e').equals(5n),
      keyExists('f'),
      keyMissing('g'),
      compare.value('h').equals('y').withPrefix(),
      compare.version('i').equals(1).withRange('k'),
    )
    .then(
      op.put('a', '1', { prevKv: true }),
      op.get('p', { prefix: true, limit: 3 }),
      op.delete('d', { fromKey: true }),
    )
    .else(op.txn([keyMissing('z')], [op.put('z', '2')], [op.get('z')]))
    .commit();
  const [message] = await sent();
  const request = message?.requests[0]?.request;
  assert.ok(request?.op === 'kv.txn');
  const compares = request.body.compare.map((one) => {
    const given = {
      version: one.version,
      create: one.create_revision,
      mod: one.mod_revision,
      value: text(one.value),
      lease: one.lease,
    };
    return `${text(one.key)}..${text(one.range_end)} ${one.target} ${one.result} ${given[one.target]}`;
  });
  assert.deepEqual(compares, [
    'a.. version greater 2',
    'b.. create less 3',
    'c.. mod not_equal 4',
    'd.. value equal x',
    'e.. lease equal 5',
    'f.. version greater 0',
    'g.. version equal 0',
    'h..i value equal y',
    'i..k version equal 1',
  ]);
  const [put, get, del] = request.body.success;
  assert.ok(
    put !== undefined && 'put' in put && get !== undefined && 'range' in get && del !== undefined && 'delete' in del,
  );
  assert.deepEqual([text(put.put.value), put.put.prev_kv], ['1', true]);
  assert.deepEqual([text(get.range.key), text(get.range.range_end), get.range.limit], ['p', 'q', 3]);
  assert.deepEqual([text(del.delete.key), text(del.delete.range_end)], ['d', '\0']);
  const [nested] = request.body.failure;
  assert.ok(nested !== undefined && 'txn' in nested);
  assert.deepEqual([nested.txn.compare.length, nested.txn.success.length, nested.txn.failure.length], [1, 1, 1]);
  message?.answerAll();
  assert.equal((await call).succeeded, true);
});

test('a transaction that only reads locally goes to any member; one without operations does not', async () => {
  const { client, sent } = await benchOf();
  const calls = [
    client.kv
      .txn()
      .then(op.get('a', { serializable: true }))
      .commit(),
    client.kv.txn().if(keyExists('a')).commit(),
    client.kv.txn().then(op.get('a')).commit(),
  ];
  const messages = await sent();
  const counts = messages.map((message) => `${message.subject} ${message.requests.length}`).sort();
  assert.deepEqual(counts, ['quorate.batch 2', 'quorate.batch.read 1', 'quorate.cluster.list 1']);
  for (const message of messages) message.answerAll();
  await Promise.all(calls);
});

test('prefix, fromKey and rangeEnd: one of them, and an empty key means all', async () => {
  const { client, sent } = await benchOf();
  const calls = [
    client.kv.get('', { prefix: true }),
    client.kv.get('', { fromKey: true }),
    client.kv.get('a\xff', { prefix: true }),
    client.kv.get(Uint8Array.of(0xff, 0xff), { prefix: true }),
    client.kv.get('a', { rangeEnd: 'b' }),
  ];
  const [message] = await sent();
  const ranges = message?.requests.map(({ request }) =>
    request.op === 'kv.range' ? [text(request.body.key), text(request.body.range_end)] : [],
  );
  assert.deepEqual(ranges, [
    ['\0', '\0'],
    ['\0', '\0'],
    ['aÃ¿', 'aÃÀ'],
    ['ÿÿ', '\0'],
    ['a', 'b'],
  ]);
  message?.answerAll();
  await Promise.all(calls);
  const both = await errorOfCall(client.kv.get('a', { prefix: true, rangeEnd: 'b' }));
  assert.equal(both.message, 'quorate: client: rangeEnd and prefix are given; it must be one of them');
});

test('bad arguments reject the call, with what would be right', async () => {
  const { client, sent } = await benchOf();
  const cases: [Promise<unknown>, RegExp][] = [
    [client.kv.get(7 as unknown as string), /the key is number; it must be a string or a Uint8Array/],
    [client.kv.put('k', null as unknown as string), /the value is null/],
    [client.kv.get('k', { limit: 1.5 }), /limit is 1.5; it must be a whole number/],
    [client.kv.put('k', 'v', { lease: 5 as unknown as bigint }), /lease is 5 \(number\); it must be a bigint/],
    [client.kv.put('k', 'v', { lease: 1n << 64n }), /signed 64 bits/],
    [client.kv.compact(NaN), /the revision to compact is NaN/],
    [client.kv.get('k', { timeoutMs: 0 }), /timeoutMs is 0; it must be above 0/],
  ];
  for (const [call, message] of cases) {
    const error = await errorOfCall(call);
    assert.match(error.message, message);
    assert.deepEqual([error.code, error.maybe_applied], ['InvalidArgument', false]);
  }
  assert.deepEqual(await sent(), []);
});
