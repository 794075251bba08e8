/** Key ranges: what they hold, and an index that finds the same as looking at each of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyRange } from '../../machines/language/watching.js';
import { makeRangeIndex } from '../../machines/range-index.js';
import { isEmptyRange, normalize, spanOf, toName } from '../../machines/ranges.js';
import { createChance } from '../simulation/chance.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const range = (key: string, range_end = ''): KeyRange => ({ key: bytes(key), range_end: bytes(range_end) });
const shown = (ranges: readonly KeyRange[]) => ranges.map(({ key, range_end }) => [toName(key), toName(range_end)]);

test('overlapping and touching ranges become one, single keys beside each other stay', () => {
  assert.deepEqual(shown(normalize([range('c', 'e'), range('a', 'c'), range('d', 'f')])), [['a', 'f']]);
  assert.deepEqual(shown(normalize([range('b'), range('a'), range('b')])), [
    ['a', ''],
    ['b', ''],
  ]);
  assert.deepEqual(shown(normalize([range('a', 'c'), range('b')])), [['a', 'c']]);
  assert.deepEqual(shown(normalize([range('a', '\0'), range('x', 'z')])), [['a', '\0']]);
  assert.deepEqual(shown(normalize([range('a'), range('a\0', 'c')])), [['a', 'c']]);
});

test('a range that ends before it begins is empty; from a key on, and one key, are not', () => {
  assert.ok(isEmptyRange(range('b', 'a')));
  assert.ok(isEmptyRange(range('b', 'b')));
  assert.ok(!isEmptyRange(range('b', '\0')));
  assert.ok(!isEmptyRange(range('b')));
});

test('the index finds what looking at every range finds, whatever was added and removed before', () => {
  const chance = createChance(7);
  const index = makeRangeIndex<number>();
  const known = new Map<number, KeyRange>();
  const key = (): string =>
    String.fromCharCode(97 + chance.below(0, 26)) + String.fromCharCode(97 + chance.below(0, 4));
  for (let step = 0; step < 5_000; step++) {
    if (known.size > 300 || (known.size > 0 && chance.happens(0.4))) {
      const id = chance.pick([...known.keys()]);
      index.remove(known.get(id) as KeyRange, id);
      known.delete(id);
    } else {
      const [from, to] = [key(), key()].sort() as [string, string];
      const made = chance.happens(0.3) ? range(from) : range(from, chance.happens(0.1) ? '\0' : `${to}x`);
      index.add(made, step);
      known.set(step, made);
    }
    const asked = key();
    const found: number[] = [];
    index.find(bytes(asked), (row) => void found.push(row));
    const wanted = [...known]
      .filter(([, each]) => spanOf(each).from <= asked && asked < spanOf(each).to)
      .map(([id]) => id);
    assert.deepEqual(
      found.sort((a, b) => a - b),
      wanted.sort((a, b) => a - b),
    );
    assert.equal(index.isEmpty, known.size === 0);
  }
});
