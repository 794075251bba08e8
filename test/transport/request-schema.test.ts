/** What service discovery says of requests is what the reader of requests takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuorateError } from '../../machines/language/errors.js';
import { requestSchema } from '../../transport/request-schema.js';
import { OPERATIONS } from '../../transport/subjects.js';
import { decodeOpening } from '../../transport/wire-watch-requests.js';
import { decodeRequest } from '../../transport/wire.js';

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
}

/** Of each kind of JSON value, one that a field of that kind can hold. */
const samples: Readonly<Record<string, unknown>> = {
  string: '7',
  integer: 7,
  boolean: true,
  array: [],
  object: { base64: 'AA==' },
};

const kindsOf = ({ type, enum: words }: Schema): readonly string[] =>
  words === undefined ? [type ?? []].flat() : ['string'];

/** The text of the refusal, or undefined. */
function refusal(read: (body: Uint8Array) => unknown, field: string, value: unknown): string | undefined {
  try {
    read(new TextEncoder().encode(JSON.stringify({ [field]: value })));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof QuorateError);
    return error.message;
  }
}

// Would be red if a field had another type than is said, or one that was added had none.
test('each field of each request has the type that its schema says, and no other', () => {
  const readers = [
    ...OPERATIONS.map((op) => [op, (body: Uint8Array) => decodeRequest(op, body)] as const),
    ['watch.create', decodeOpening] as const,
  ];
  let looked = 0;
  for (const [endpoint, read] of readers) {
    for (const [field, schema] of Object.entries(requestSchema(endpoint).properties) as [string, Schema][]) {
      const kinds = kindsOf(schema);
      assert.notDeepEqual(kinds, [], `${endpoint}: ${field} has no schema`);
      for (const [kind, sample] of Object.entries(samples)) {
        const about = refusal(read, field, sample);
        const isWrongType = about !== undefined && new RegExp(`field "?${field}"?.*(must be|given)`).test(about);
        if (!kinds.includes(kind)) assert.ok(about !== undefined, `${endpoint}: ${field} takes ${kind}`);
        else if (schema.enum === undefined && kind !== 'object') {
          assert.ok(!isWrongType, `${endpoint}: ${field} does not take ${kind}: ${about}`);
        }
        looked += 1;
      }
      for (const word of schema.enum ?? []) assert.equal(refusal(read, field, word), undefined, `${endpoint}: ${word}`);
    }
  }
  assert.ok(looked > 300, `${looked} looked at`);
});
