/**
 * The wire: what a message may be, what it means, what is said when it is none; and that no bytes make it throw
 * otherwise.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '@msgpack/msgpack';
import type { Header, TxnRequest } from '../../machines/language/commands.js';
import { badRequest, errorOf, QuorateError } from '../../machines/language/errors.js';
import { limits } from '../../machines/language/limits.js';
import { revision, memberId, type ClusterId } from '../../machines/language/vocabulary.js';
import type { Answer, Operation, Request } from '../../transport/ports.js';
import { OPERATIONS } from '../../transport/subjects.js';
import { decodeWatchMessage, encodeWatchMessage } from '../../transport/wire-watch.js';
import { watchResponse } from '../../machines/language/watching.js';
import { stillSigns } from '../model/still-vitals.js';
import { decodeBatch, decodeBatchAnswers, encodeBatch, encodeBatchAnswers } from '../../transport/wire-batch.js';
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  type Encoding,
  formatRequestId,
  parseCount,
  parseRequestId,
} from '../../transport/wire.js';

const text = (from: string) => new TextEncoder().encode(from);
const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const ENCODINGS: readonly Encoding[] = ['json', 'msgpack'];

const kv = {
  key: text('foo'),
  create_revision: 2,
  mod_revision: 7,
  version: 3,
  value: Uint8Array.of(0xff, 0xfe, 0),
  lease: 0x7fffffffffffffffn,
};
const put = decodeRequest('kv.put', text('{"key":"k","value":"v"}')).request.body;
const txn: TxnRequest = {
  compare: [
    {
      result: 'not_equal',
      target: 'lease',
      key: text('a'),
      range_end: text('b'),
      version: 0,
      create_revision: 0,
      mod_revision: 0,
      value: new Uint8Array(0),
      lease: -(2n ** 63n),
    },
  ],
  success: [{ put: decodeRequest('kv.put', text('{"key":"x","lease":"9223372036854775807"}')).request.body as never }],
  failure: [{ txn: { compare: [], success: [{ range: rangeOf('{"key":"y","sort_order":"descend"}') }], failure: [] } }],
};

function rangeOf(json: string): never {
  return decodeRequest('kv.range', text(json)).request.body as never;
}

const requests: readonly Request[] = [
  { op: 'kv.put', body: { ...(put as never as object), lease: -5n, prev_kv: true } as never },
  { op: 'kv.range', body: rangeOf('{"key":"a","range_end":"b","limit":7,"serializable":true,"sort_target":"value"}') },
  { op: 'kv.delete', body: { key: Uint8Array.of(0xc3, 0x28), range_end: Uint8Array.of(0), prev_kv: true } },
  { op: 'kv.txn', body: txn },
  { op: 'kv.compact', body: { revision: Number.MAX_SAFE_INTEGER, physical: true } },
  { op: 'cluster.list', body: { linearizable: true } },
  { op: 'maintenance.status', body: {} },
  { op: 'maintenance.hashkv', body: { revision: 2 ** 40 } },
];

const header: Header = {
  cluster_id: 0xfedcba9876543210n as ClusterId,
  member_id: memberId(2n ** 64n - 1n),
  revision: 2 ** 40,
  raft_term: 3,
  raft_index: 9,
};
const at = revision(header.revision);

const answers: readonly (readonly [Operation, Answer])[] = [
  ['kv.put', { ok: true, header, result: { op: 'kv.put', body: { revision: at, prev_kv: kv, lease: 7n } } }],
  ['kv.put', { ok: true, header, result: { op: 'kv.put', body: { revision: at, prev_kv: null, lease: 0n } } }],
  ['kv.put', { ok: true, header, truncated: true }],
  ['kv.put', { ok: false, error: errorOf('Timeout', true) }],
  [
    'kv.range',
    { ok: true, header, result: { op: 'kv.range', body: { revision: at, kvs: [kv, kv], more: true, count: 9 } } },
  ],
  ['kv.delete', { ok: true, header, result: { op: 'kv.delete', body: { revision: at, deleted: 1, prev_kvs: [kv] } } }],
  ['kv.compact', { ok: true, header, result: { op: 'kv.compact', body: { revision: at } } }],
  [
    'kv.txn',
    {
      ok: true,
      header,
      result: {
        op: 'kv.txn',
        body: {
          revision: at,
          succeeded: true,
          responses: [
            { put: { revision: revision(5), prev_kv: null, lease: 0n } },
            { delete: { revision: revision(5), deleted: 0, prev_kvs: [] } },
            { txn: { revision: revision(5), succeeded: false, responses: [] } },
            { range: { revision: revision(4), kvs: [], more: false, count: 0 } },
          ],
        },
      },
    },
  ],
  [
    'maintenance.hashkv',
    {
      ok: true,
      header,
      result: {
        op: 'maintenance.hashkv',
        body: { revision: at, hash: 4_000_000_000, compact_revision: -1, hash_revision: 7 },
      },
    },
  ],
  [
    'cluster.list',
    {
      ok: true,
      header,
      result: {
        op: 'cluster.list',
        body: { members: [{ id: memberId(1n), name: 'n1', peer_urls: ['p'], client_urls: [], is_learner: true }] },
      },
    },
  ],
  [
    'maintenance.status',
    {
      ok: true,
      header,
      result: {
        op: 'maintenance.status',
        body: {
          name: 'n1',
          version: '0.1.0',
          storage_version: '1',
          db_size: 1,
          db_size_in_use: 1,
          db_size_quota: 2,
          leader: 2n ** 63n,
          raft_index: 9,
          raft_term: 3,
          raft_applied_index: 8,
          is_learner: false,
          errors: ['x'],
          role: 'leader',
          revision: 7,
          vitals: { ...stillSigns, log_sync_p99_ms: 0.25, event_loop_delay_max_ms: 1234.567 },
        },
      },
    },
  ],
];

for (const encoding of ENCODINGS) {
  test(`every request comes back as it was, ${encoding}`, () => {
    for (const request of requests) {
      assert.deepEqual(decodeRequest(request.op, encodeRequest(request, encoding)), { request, encoding });
    }
  });

  test(`every answer comes back as it was, ${encoding}`, () => {
    for (const [op, answer] of answers) {
      const back = decodeAnswer(op, encodeAnswer(answer, encoding).body);
      assert.deepEqual(back, answer);
      if (!answer.ok && !back.ok) assert.equal(back.error.maybe_applied, answer.error.maybe_applied);
    }
  });

  test(`a batch comes back as it was, with a since of its own where one differs, ${encoding}`, () => {
    const client = new Uint8Array(16).fill(7);
    const batch = requests.map((request, i) => ({ number: i + 1, since: i === 2 ? 50 : 40, request }));
    const back = decodeBatch(encodeBatch({ client, requests: batch }, encoding));
    if (encoding === 'msgpack') assert.deepEqual(back.client, client);
    assert.deepEqual(back.items, batch);
    assert.equal(back.encoding, encoding);
  });

  test(`batch answers come back, cut into messages of the size asked for, ${encoding}`, () => {
    const given = Array.from({ length: 100 }, (_, number) => ({ number, answer: (answers[0] as [never, Answer])[1] }));
    const bodies = encodeBatchAnswers(given, true, encoding, 2_000);
    assert.ok(bodies.length > 1);
    assert.ok(bodies.every((body) => body.length <= 2_000));
    const back = bodies.map((body) => decodeBatchAnswers(body, () => 'kv.put'));
    assert.deepEqual(
      back.flatMap((each) => each.answers),
      given,
    );
    assert.deepEqual(
      back.map((each) => each.done),
      bodies.map((_, i) => i === bodies.length - 1),
    );
  });
}

test('JSON shows etcd’s names, ids as decimal strings, zero fields, bytes that are not UTF-8 as base64', () => {
  const answer = JSON.parse(read(encodeAnswer((answers[4] as [never, Answer])[1], 'json').body)) as unknown;
  const shown = {
    key: 'foo',
    create_revision: 2,
    mod_revision: 7,
    version: 3,
    value: { base64: '//4A' },
    lease: '9223372036854775807',
  };
  assert.deepEqual(answer, {
    header: {
      cluster_id: '18364758544493064720',
      member_id: '18446744073709551615',
      revision: 2 ** 40,
      raft_term: 3,
      raft_index: 9,
    },
    kvs: [shown, shown],
    more: true,
    count: 9,
  });
  const empty: Answer = {
    ok: true,
    header,
    result: { op: 'kv.put', body: { revision: at, prev_kv: null, lease: 0n } },
  };
  assert.match(read(encodeAnswer(empty, 'json').body), /"prev_kv":null/);
});

test('bytes that the store hands out as a Buffer look no different in an event', () => {
  const kv = {
    key: Buffer.from('k'),
    create_revision: 0,
    mod_revision: 7,
    version: 0,
    value: Buffer.alloc(0),
    lease: 0n,
  };
  const response = watchResponse([1], 7, { events: [{ event: { type: 'delete', kv, cause: 'user' }, prev_kv: null }] });
  const message = { header, number: 1, responses: [response], heartbeat: null, ended: '' };
  for (const encoding of ['json', 'msgpack'] as const) {
    const back = decodeWatchMessage(encodeWatchMessage(message, encoding));
    assert.deepEqual(back.responses[0]?.events[0]?.event.kv.key, text('k'));
  }
});

test('an error carries its code and text, in the body and for NATS tools in two headers', () => {
  const { body, headers } = encodeAnswer({ ok: false, error: errorOf('EmptyKey') }, 'json');
  assert.equal(
    read(body),
    '{"error":{"code":"InvalidArgument","message":"etcdserver: key is not provided","maybe_applied":false}}',
  );
  assert.deepEqual(Object.fromEntries(headers), {
    'Nats-Service-Error': 'etcdserver: key is not provided',
    'Nats-Service-Error-Code': '400',
  });
});

test('an empty body is a request with every default; null is a default too', () => {
  const all = decodeRequest('kv.range', new Uint8Array(0));
  assert.equal(all.encoding, 'json');
  assert.deepEqual(decodeRequest('kv.range', text(' \n')).request, all.request);
  assert.deepEqual(decodeRequest('kv.range', text('{"limit":null,"key":null}')).request, all.request);
});

test('a byte order mark is part of a key like any other bytes', () => {
  const key = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61);
  const request: Request = { op: 'kv.delete', body: { key, range_end: new Uint8Array(0), prev_kv: false } };
  assert.deepEqual(decodeRequest('kv.delete', encodeRequest(request, 'json')).request, request);
});

const refusals: readonly (readonly [Operation, string | Uint8Array, RegExp])[] = [
  [
    'kv.put',
    '{"kye":"a"}',
    /^quorate: put: unknown field "kye"; known: key, value, lease, prev_kv, ignore_value, ignore_lease, ttl, ttl_ms$/,
  ],
  ['kv.put', '{"__proto__":{"key":"a"}}', /^quorate: put: unknown field "__proto__"/],
  ['kv.put', '{"key":5}', /^quorate: put: field "key": 5 given; it must be a UTF-8 string/],
  ['kv.put', '{"key":"\\ud800"}', /^quorate: put: field "key": .* given; it must be a UTF-8 string/],
  ['kv.put', '{"key":{"base64":"*"}}', /^quorate: put: field "key": "\*" is not base64$/],
  [
    'kv.put',
    '{"key":"a","lease":"9223372036854775808"}',
    /field "lease": "9223372036854775808" given; it must be a signed 64-bit/,
  ],
  ['kv.put', '{"key":"a","lease":1.5}', /field "lease": 1.5 given/],
  ['kv.put', '{"key":"a","prev_kv":"yes"}', /field "prev_kv": "yes" given; it must be true or false/],
  ['kv.put', '[]', /^quorate: put: a list given where a map of fields should be$/],
  ['kv.put', '{"key":', /^quorate: put: the body is not JSON/],
  ['kv.put', 'key', /neither a JSON nor a MessagePack map \(first byte 0x6b\)/],
  ['kv.put', Uint8Array.of(0x81, 0xa3, 0x6b), /the body is not MessagePack: the message ends in the middle/],
  ['kv.put', Uint8Array.of(0x80, 0x80), /1 bytes after the end of the message/],
  ['kv.put', Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff), /the message ends in the middle/],
  ['kv.range', '{"sort_order":"up"}', /^etcdserver: invalid sort option$/],
  ['kv.range', '{"limit":9007199254740992}', /field "limit": 9007199254740992 given; it must be a whole number/],
  ['kv.range', '{"limit":"5"}', /field "limit": "5" given; it must be a whole number/],
  [
    'kv.txn',
    '{"success":[{"put":{"key":"a"}},{"put":{"kye":"a"}}]}',
    /^quorate: txn: success\[1\]: put: unknown field "kye"/,
  ],
  [
    'kv.txn',
    '{"success":[{"putt":{}}]}',
    /^quorate: txn: success\[0\]: unknown operation "putt"; known: range, put, delete, txn$/,
  ],
  ['kv.txn', '{"success":[{}]}', /success\[0\]: a map with 0 fields given/],
  ['kv.txn', `${'{"success":[{"txn":'.repeat(200)}{}${'}]}'.repeat(200)}`, /nested deeper than 64/],
  ['maintenance.status', '{"x":1}', /^quorate: status: unknown field "x"; known: none$/],
];

test('what is no request is refused in words that say what would be right', () => {
  for (const [op, body, message] of refusals) {
    assert.throws(
      () => decodeRequest(op, typeof body === 'string' ? text(body) : body),
      (error) => error instanceof QuorateError && error.code === 'InvalidArgument' && message.test(error.message),
      `${op} ${typeof body === 'string' ? body : body.join(' ')}`,
    );
  }
});

test('a malformed request in a batch has an error of its own and the others are served', () => {
  const body = text(
    '{"requests":[{"number":1,"op":"kv.put","body":{"kye":1}},{"number":2,"op":"kv.get"},' +
      '{"number":3,"op":"kv.range"}]}',
  );
  const { items } = decodeBatch(body);
  assert.deepEqual(
    items.map((item) => [item.number, 'error' in item ? item.error.message : item.request.op]),
    [
      [
        1,
        'quorate: put: unknown field "kye"; known: key, value, lease, prev_kv, ignore_value, ignore_lease, ttl, ttl_ms',
      ],
      [2, `quorate: batch: unknown op "kv.get"; known: ${OPERATIONS.join(', ')}`],
      [3, 'kv.range'],
    ],
  );
});

test('a batch with two requests of one number, or a client that is not 16 bytes, is refused as a whole', () => {
  assert.throws(
    () => decodeBatch(text('{"requests":[{"number":1},{"number":1}]}')),
    badRequest('batch: two requests have the same number'),
  );
  assert.throws(() => decodeBatch(text('{"client":"abc"}')), /field "client": 3 bytes given; it must be 16/);
});

test('a whole batch refused is an error for whoever reads its answers', () => {
  const { body } = encodeAnswer({ ok: false, error: errorOf('ClusterIDMismatch') }, 'msgpack');
  assert.throws(() => decodeBatchAnswers(body, () => 'kv.put'), errorOf('ClusterIDMismatch'));
});

test('request ids and counts in headers', () => {
  const client = Uint8Array.from({ length: 16 }, (_, i) => i * 16);
  assert.deepEqual(parseRequestId(formatRequestId(client, 12)), { client, number: 12 });
  for (const bad of ['', 'x-1', '00-1', `${'0'.repeat(32)}-99999999999999999`]) {
    assert.throws(() => parseRequestId(bad), /it must be <32 hex digits>-<number>/);
  }
  assert.equal(parseCount('Quorate-Timeout-Ms', '7000'), 7000);
  assert.throws(
    () => parseCount('Quorate-Timeout-Ms', '-1'),
    /header Quorate-Timeout-Ms: "-1" given; it must be a whole number/,
  );
});

test('MessagePack of any other library is understood, and ids of 64 bits stay exact', () => {
  const body = encode({ key: 'foo', value: text('bar'), lease: 2n ** 62n + 1n, prev_kv: true }, { useBigInt64: true });
  const { request } = decodeRequest('kv.put', body);
  assert.deepEqual(request, {
    op: 'kv.put',
    body: {
      key: text('foo'),
      value: text('bar'),
      lease: 2n ** 62n + 1n,
      prev_kv: true,
      ignore_value: false,
      ignore_lease: false,
      ttl_ms: 0,
    },
  });
});

/** A small generator, so that a failing run can be repeated. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('no bytes make decoding throw anything but a QuorateError', () => {
  const random = chance(42);
  const seeds = ENCODINGS.flatMap((encoding) => [
    ...requests.map((request) => encodeRequest(request, encoding)),
    ...answers.map(([, answer]) => encodeAnswer(answer, encoding).body),
    encodeBatch(
      { client: new Uint8Array(16), requests: requests.map((request, number) => ({ number, since: 0, request })) },
      encoding,
    ),
  ]);
  let refused = 0;
  for (let round = 0; round < 60_000; round++) {
    const bytes = mutate(seeds[random(seeds.length)] as Uint8Array, random);
    const op = OPERATIONS[random(OPERATIONS.length)] as Operation;
    for (const decode of [
      () => decodeRequest(op, bytes),
      () => decodeAnswer(op, bytes),
      () => decodeBatch(bytes),
      () => decodeBatchAnswers(bytes, () => op),
    ]) {
      try {
        decode();
      } catch (error) {
        assert.ok(error instanceof QuorateError, `round ${round}: ${String(error)}`);
        refused += 1;
      }
    }
  }
  assert.ok(refused > 10_000);
});

function mutate(seed: Uint8Array, random: (below: number) => number): Uint8Array {
  const bytes = random(20) === 0 ? Uint8Array.from({ length: random(200) }, () => random(256)) : seed.slice(0);
  for (let i = random(6); i > 0 && bytes.length > 0; i--) bytes[random(bytes.length)] = random(256);
  return random(4) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
}

test('a TTL is seconds under etcd’s name and milliseconds under ours, and one below 0 is the smallest', () => {
  const ttlOf = (body: string): number => {
    const { request } = decodeRequest('lease.grant', text(body));
    return request.op === 'lease.grant' ? request.body.ttl_ms : NaN;
  };
  assert.deepEqual(['{"ttl":60}', '{"ttl_ms":1500}', '{"ttl":-5}', ''].map(ttlOf), [60_000, 1_500, 0, 0]);
  assert.throws(
    () => ttlOf('{"ttl":1,"ttl_ms":1000}'),
    /quorate: grant: ttl and ttl_ms are given; it must be one of them/,
  );
});

test('answers on leases show etcd’s fields: one that was kept stands at the top, what remains is rounded down', () => {
  const shown = (result: Extract<Answer, { result: unknown }>['result']): unknown => {
    const { header: _, ...rest } = JSON.parse(read(encodeAnswer({ ok: true, header, result }, 'json').body)) as {
      header: unknown;
    };
    return rest;
  };
  const kept = { id: '-1', ttl: 2, ttl_ms: 1_500 };
  assert.deepEqual(shown({ op: 'lease.keepalive', body: { leases: [{ id: -1n, ttl_ms: 1_500 }] } }), {
    ...kept,
    leases: [kept],
  });
  const remaining = { id: 7n, ttl_ms: 1_999, granted_ttl_ms: 60_000, keys: [text('a')] };
  assert.deepEqual(shown({ op: 'lease.timetolive', body: remaining }), {
    id: '7',
    ttl: 1,
    ttl_ms: 1_999,
    granted_ttl: 60,
    granted_ttl_ms: 60_000,
    keys: ['a'],
  });
  const none = { id: 7n, ttl_ms: -1, granted_ttl_ms: 0, keys: [] };
  assert.deepEqual((shown({ op: 'lease.timetolive', body: none }) as { ttl: number }).ttl, -1);
  assert.deepEqual(shown({ op: 'lease.list', body: { leases: [1n, -1n] } }), { leases: [{ id: '1' }, { id: '-1' }] });
});

test('a keepalive takes one id or a list of them, as many as the limit allows', () => {
  const idsOf = (body: string): unknown => decodeRequest('lease.keepalive', text(body)).request.body;
  assert.deepEqual(idsOf('{"id":"5"}'), { ids: [5n] });
  assert.deepEqual(idsOf('{"ids":["5","-6"]}'), { ids: [5n, -6n] });
  const many = JSON.stringify({ ids: Array.from({ length: limits.keepalive_leases_max + 1 }, () => '1') });
  assert.throws(() => idsOf(many), /quorate: keepalive: 4097 ids given; at most 4096 go in one request/);
});
