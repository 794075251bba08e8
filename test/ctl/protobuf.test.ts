/** The protobuf writer, read back by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMessage, repeated } from '../../deploy/ctl/protobuf.js';
import { decodeFields, messageIn } from './decode-protobuf.js';

test('numbers of every size come back, a negative one as its two’s complement', () => {
  const values = [1n, 127n, 128n, 300n, 2n ** 53n, 2n ** 64n - 1n];
  for (const value of values) assert.deepEqual(decodeFields(encodeMessage([[7, value]])).get(7), [value]);
  assert.deepEqual(decodeFields(encodeMessage([[1, -1]])).get(1), [2n ** 64n - 1n]);
  assert.deepEqual([...encodeMessage([[1, 150]])], [0x08, 0x96, 0x01]);
});

test('what is zero or empty is left out, but a message that is set is not', () => {
  assert.equal(
    encodeMessage([
      [1, 0],
      [2, 0n],
      [3, false],
      [4, ''],
      [5, new Uint8Array(0)],
      [6, undefined],
    ]).length,
    0,
  );
  assert.deepEqual([...encodeMessage([[1, []]])], [0x0a, 0]);
});

test('each item of a list is a field of its own, an empty one too', () => {
  const bytes = encodeMessage([...repeated(3, ['a', '', 'b']), ...repeated(4, [[[1, 5]], []])]);
  const fields = decodeFields(bytes);
  assert.deepEqual(
    fields.get(3)?.map((value) => Buffer.from(value as Uint8Array).toString()),
    ['a', '', 'b'],
  );
  assert.deepEqual(messageIn(fields, 4).get(1), [5n]);
  assert.equal(fields.get(4)?.length, 2);
});
