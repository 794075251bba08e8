/** What the desk behind every door holds at most, and what it says beyond. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../machines/language/limits.js';
import { type ClusterId, memberId, revision } from '../../machines/language/vocabulary.js';
import { realClock } from '../../deploy/clock.js';
import { createDesk } from '../../transport/door-desk.js';
import type { Answer, Ask, Request } from '../../transport/ports.js';
import type { Endpoint } from '../../transport/subjects.js';
import { type BatchAnswer, decodeBatchAnswers, encodeBatch } from '../../transport/wire-batch.js';
import { decodeAnswer, encodeRequest } from '../../transport/wire.js';
import { putRequest, rangeRequest } from '../store/kv-steps.js';
import { uninspected } from '../model/uninspected.js';

const MiB = 1024 * 1024;
const header = { cluster_id: 1n as ClusterId, member_id: memberId(2n), revision: 3, raft_term: 4, raft_index: 5 };

function openDesk(unsent = 0) {
  const asks: Ask[] = [];
  const desk = createDesk({
    handlers: {
      ...uninspected,
      watching: () => assert.fail('nobody watches'),
      asked: (those) => void asks.push(...those),
      link: () => undefined,
      refused: () => undefined,
      stats: () => ({}),
    },
    clock: realClock,
    sessionName: () => 'session',
    request_bytes_max: limits.request_bytes_max,
    maxPayload: () => 4 * MiB,
    unsentBytes: () => unsent,
  });
  const ask = (endpoint: Endpoint, body: Uint8Array, headers: Readonly<Record<string, string>> = {}) => {
    const replies: Uint8Array[] = [];
    const reply = (given: Uint8Array) => replies.push(given) > 0;
    desk.receive({ endpoint, term: null, body, header: (name) => headers[name] ?? '', reply });
    return replies;
  };
  return { asks, ask };
}

const range = (key: Uint8Array): Request & { op: 'kv.range' } => ({ op: 'kv.range', body: rangeRequest(key) });
const put: Request = { op: 'kv.put', body: putRequest(Uint8Array.of(1), Uint8Array.of(2)) };

/** The answer to a range: one key so often, with this value. */
const found = (value: Uint8Array, count = 1): Answer => {
  const kv = { key: Uint8Array.of(1), create_revision: 1, mod_revision: 1, version: 1, value, lease: 0n };
  const body = { revision: revision(3), kvs: Array<typeof kv>(count).fill(kv), more: false, count };
  return { ok: true, header, result: { op: 'kv.range', body } };
};
const written: Answer = {
  ok: true,
  header,
  result: { op: 'kv.put', body: { revision: revision(3), prev_kv: null, lease: 0n } },
};

const messageOf = (answer: Answer): string => (answer.ok ? '' : answer.error.message);

test('requests whose messages fill the bound in bytes are waited for; one more is refused, until there is room', () => {
  const { asks, ask } = openDesk();
  const body = encodeRequest(range(new Uint8Array(MiB)), 'msgpack');
  const most = Math.floor(limits.requests_waiting_bytes_max / body.length);
  for (let n = 0; n < most; n++) assert.deepEqual(ask('kv.range', body), []);
  assert.equal(asks.length, most);
  const [refused] = ask('kv.range', body);
  assert.equal(messageOf(decodeAnswer('kv.range', refused ?? body)), 'etcdserver: too many requests');
  const [refusedBatch] = ask(
    'batch',
    encodeBatch(
      { client: new Uint8Array(16), requests: [{ number: 1, since: 0, request: range(new Uint8Array(MiB)) }] },
      'msgpack',
    ),
  );
  assert.equal(messageOf(decodeAnswer('kv.range', refusedBatch ?? body)), 'etcdserver: too many requests');
  asks[0]?.answer(found(Uint8Array.of(1)));
  assert.deepEqual(ask('kv.range', body), [], 'there is room again');
});

test('a batch holds its bytes until its last answer', () => {
  const { asks, ask } = openDesk();
  const requests = [1, 2].map((number) => ({ number, since: 0, request: range(new Uint8Array(MiB)) }));
  const body = encodeBatch({ client: new Uint8Array(16), requests }, 'msgpack');
  const most = Math.floor(limits.requests_waiting_bytes_max / body.length);
  for (let n = 0; n < most; n++) ask('batch', body);
  assert.equal(asks.length, 2 * most);
  asks[0]?.answer(found(Uint8Array.of(1)));
  assert.equal(ask('batch', body).length, 1, 'still full');
  asks[1]?.answer(found(Uint8Array.of(1)));
  assert.equal(ask('batch', body).length, 0);
});

test('while too much was sent and has not passed, large answers are refused, and small ones leave', () => {
  const { asks, ask } = openDesk(limits.answers_unsent_bytes_max);
  const pieces = { 'Quorate-Pieces': 'yes' };
  const large = ask('kv.range', encodeRequest(range(Uint8Array.of(1)), 'msgpack'), pieces);
  asks[0]?.answer(found(new Uint8Array(MiB)));
  assert.equal(messageOf(decodeAnswer('kv.range', large[0] ?? new Uint8Array(0))), 'etcdserver: too many requests');
  const small = ask('kv.put', encodeRequest(put, 'msgpack'), pieces);
  asks[1]?.answer(written);
  assert.ok(decodeAnswer('kv.put', small[0] ?? new Uint8Array(0)).ok);

  const requests = [range(Uint8Array.of(1)), put].map((request, n) => ({ number: n + 1, since: 0, request }));
  const batch = ask('batch', encodeBatch({ client: new Uint8Array(16), requests }, 'msgpack'), pieces);
  asks[2]?.answer(found(new Uint8Array(MiB)));
  asks[3]?.answer(written);
  const operationOf = (number: number) => requests[number - 1]?.request.op;
  const answers: readonly BatchAnswer[] = decodeBatchAnswers(batch[0] ?? new Uint8Array(0), operationOf).answers;
  assert.deepEqual(
    answers.map(({ answer }) => messageOf(answer)),
    ['etcdserver: too many requests', ''],
  );
});

test('an answer whose JSON is longer than any text can be is an error, not the end of the node', () => {
  const { asks, ask } = openDesk();
  const control = new Uint8Array(46 * MiB).fill(1);
  const pieces = { 'Quorate-Pieces': 'yes' };
  const replies = ask('kv.range', new TextEncoder().encode('{"key":"a","range_end":"b"}'), pieces);
  asks[0]?.answer(found(control, 2));
  assert.match(messageOf(decodeAnswer('kv.range', replies[0] ?? control)), /^quorate: the answer is too large/);
});

test('[safety] who may only read renews no lease: batch.read takes what remains of one, and no keepalive', () => {
  const { asks, ask } = openDesk();
  const requests: Request[] = [
    { op: 'lease.keepalive', body: { ids: [1n] } },
    { op: 'lease.timetolive', body: { id: 1n, keys: false } },
    { op: 'lease.list', body: {} },
  ];
  const batch = { client: null, requests: requests.map((request, n) => ({ number: n + 1, since: 0, request })) };
  const replies = ask('batch.read', encodeBatch(batch, 'msgpack'));
  assert.deepEqual(
    asks.map(({ request }) => request.op),
    ['lease.timetolive', 'lease.list'],
  );
  for (const each of asks) each.answer(written);
  const answers = replies.flatMap((body) => decodeBatchAnswers(body, () => 'kv.put').answers);
  const refused = answers.find(({ number }) => number === 1)?.answer;
  assert.match(refused === undefined ? '' : messageOf(refused), /batch.read: lease.keepalive given; it takes reads/);
});
