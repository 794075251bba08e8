/** Bodies and headers that nobody should send: every field with every wrong value, and chance for the rest. */
import { encode } from '@msgpack/msgpack';
import { OPERATIONS, type Endpoint } from '../../transport/subjects.js';
import { requestSchema } from '../../transport/request-schema.js';
import type { Chance } from '../simulation/chance.js';

/** In JSON as text, because much of it is what no printer prints. */
const wrongJson = [
  ...[
    'null',
    'true',
    '-1',
    '0.5',
    '-0',
    '1e400',
    '1e16',
    '9007199254740991',
    '9007199254740993',
    '""',
    '"x"',
    '[]',
    '{}',
  ],
  ...[
    '"9223372036854775807"',
    '"9223372036854775808"',
    '"18446744073709551616"',
    '"\\ud800"',
    '"\\u0000"',
    '[[]]',
    '[null]',
  ],
  ...['{"base64":"!"}', '{"base64":"AA=="}', '{"base64":1}', '{"base64":"","x":1}', '{"__proto__":{"key":"k"}}', 'NaN'],
  ...['{"put":{"key":"k"},"delete":{}}', '[{"put":{}}]', '[{"txn":{"success":[{}]}}]', '"ascend"', '01', "'k'"],
];
const wrongValues: readonly unknown[] = [
  ...[
    null,
    true,
    -1,
    0.5,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    -(2 ** 53),
    2n ** 64n - 1n,
    -(2n ** 63n),
    '',
    'x',
    [],
    {},
  ],
  ...[
    new Uint8Array(0),
    new Uint8Array(3),
    new Date(0),
    [[[]]],
    [null],
    { base64: 'AA==' },
    { put: {} },
    [{ put: {} }],
  ],
];

/** What waits for its turn, or for a leader: see waiting.ts. */
const waits: ReadonlySet<Endpoint> = new Set(['lock.lock', 'election.campaign', 'election.observe']);
const ops = [...OPERATIONS.filter((op) => !waits.has(op)), 'batch', 'batch.read'] as const;
const fieldsOf = (endpoint: (typeof ops)[number]): readonly string[] => Object.keys(requestSchema(endpoint).properties);
const strangers = ['kye', '__proto__', 'constructor', 'toString', '', ' key', 'KEY'];

export interface Words {
  readonly endpoint: Endpoint;
  readonly body: Uint8Array;
  readonly headers?: string;
}

const pack = (value: unknown): Uint8Array => encode(value, { useBigInt64: true });
const text = (json: string): Uint8Array => Buffer.from(json);

/** Each field of each request with each wrong value, beside a key that would do. */
export function* everyField(): Iterable<Words> {
  for (const endpoint of ops) for (const body of wrongFields(fieldsOf(endpoint), 'key', 'k')) yield { endpoint, body };
}

/** Each of these fields, and some that nobody knows, with each wrong value: alone, and beside one that would do. */
export function* wrongFields(fields: Iterable<string>, known: string, valid: string): Iterable<Uint8Array> {
  for (const field of [...fields, ...strangers]) {
    const name = JSON.stringify(field);
    for (const value of wrongJson) yield text(`{"${known}":"${valid}",${name}:${value}}`);
    for (const value of wrongJson) yield text(`{${name}:${value}}`);
    for (const value of wrongValues) yield pack(Object.fromEntries([[known, valid] as const, [field, value] as const]));
  }
}

/** Bodies that are wrong as a whole. */
export function* everyShape(): Iterable<Words> {
  for (const endpoint of ops) for (const body of wrongShapes()) yield { endpoint, body };
}

export function* wrongShapes(): Iterable<Uint8Array> {
  const deep = 100_000;
  const bodies = [
    ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    text('{"a":'.repeat(deep)),
    text('['.repeat(deep)),
    text(`{"success":[${'{"txn":{"success":['.repeat(deep)}`),
    text(`${'{"success":[{"txn":'.repeat(300)}{}${'}]}'.repeat(300)}`),
    new Uint8Array(3 * deep).fill(0x91),
    Buffer.concat(Array.from({ length: deep }, () => Uint8Array.of(0x81, 0xa1, 0x61))),
    Buffer.concat(Array.from({ length: deep }, () => Uint8Array.of(0xdc, 0xff, 0xff))),
    Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0x81, 0xa3, 0x6b, 0x65, 0x79, 0xc6, 0xff, 0xff, 0xff, 0xff),
    text('{"key":"k"}{"key":"k"}'),
    text('{"key":"k","key":"l"}'),
    Buffer.concat([text('{"key":"'), Uint8Array.of(0xff, 0xfe), text('"}')]),
    text(`{"key":"${'k'.repeat(1_600_000)}"}`),
    text('\ufeff{"key":"k"}'),
    new Uint8Array(0),
    text(' \n\t'),
  ];
  yield* bodies;
}

const names = [
  'Quorate-Request',
  'Quorate-Since',
  'Quorate-Cluster-Id',
  'Quorate-Timeout-Ms',
  'Quorate-Pieces',
  'a b',
  'ä',
  '',
];
const id = '0123456789abcdef0123456789abcdef';
const headerValues = [
  '',
  '0',
  '1',
  '-1',
  '1.5',
  '1e3',
  '9007199254740992',
  'x',
  '\0',
  `${id}-1`,
  `${id}-`,
  `${id}-${'9'.repeat(20)}`,
];

/** Each header with each value, alone and twice, before a request that would do. */
export function* everyHeader(): Iterable<Words> {
  for (const name of names) {
    for (const value of [...headerValues, 'x'.repeat(9_000)]) {
      const line = `${name}: ${value}\r\n`;
      for (const lines of [line, line + line, `${line}Quorate-Since: 1\r\n`]) {
        yield { endpoint: 'kv.put', body: text('{"key":"h"}'), headers: `NATS/1.0\r\n${lines}\r\n` };
      }
    }
  }
  for (const headers of ['', 'x', 'NATS/1.0', 'NATS/1.0 503\r\n\r\n', 'NATS/9\r\nno colon\r\n', '\r\n\r\n', '\0']) {
    for (const endpoint of ops) yield { endpoint, body: text('{}'), headers };
  }
}

const valid: readonly Words[] = [
  { endpoint: 'kv.put', body: text('{"key":"k","value":"v","prev_kv":true}') },
  { endpoint: 'kv.put', body: pack({ key: new Uint8Array(3), value: new Uint8Array(40), lease: 0n }) },
  { endpoint: 'kv.range', body: text('{"key":"k","range_end":"\\u0000","limit":2,"sort_order":"descend"}') },
  { endpoint: 'kv.delete', body: pack({ key: 'k', range_end: 'l', prev_kv: true }) },
  {
    endpoint: 'kv.txn',
    body: text('{"compare":[{"key":"k","target":"mod"}],"success":[{"put":{"key":"k"}}],"failure":[]}'),
  },
  { endpoint: 'batch', body: pack({ since: 1, requests: [{ number: 1, op: 'kv.put', body: { key: 'k' } }] }) },
  { endpoint: 'maintenance.hashkv', body: text('{"revision":0}') },
];

/** A request that would do, cut, flipped, or put together with another. */
export function byChance(chance: Chance): Words {
  const one = chance.pick(valid);
  const bytes = Buffer.from(one.body);
  const drawn = chance.below(0, 4);
  if (drawn === 0) return { ...one, body: bytes.subarray(0, chance.below(0, bytes.length)) };
  if (drawn === 1) return { ...one, body: chance.bytes(chance.below(0, 60)) };
  if (drawn === 2)
    return { ...one, body: Buffer.concat([bytes.subarray(0, chance.below(0, bytes.length)), chance.pick(valid).body]) };
  for (let flips = chance.below(1, 4); flips > 0; flips--) {
    const at = chance.below(0, bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(0, 8));
  }
  return { ...one, body: bytes };
}
