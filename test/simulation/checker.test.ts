/** The linearizability checker against histories whose verdict is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChance } from './chance.js';
import { checkHistory, type Recorded } from './checker.js';
import { emptyState, type Input, type Output, step } from './model.js';

/** A history written as [called, answered at or null, input, output]. */
const history = (rows: readonly (readonly [number, number | null, Input, Output | null])[]): Recorded[] =>
  rows.map(([called, at, input, output], id) => ({
    id,
    client: 'c',
    input,
    called,
    answered: at === null || output === null ? null : { at, output },
  }));

const put = (key: string, value: string): Input => ({ type: 'put', key, value });
const read = (key: string | null): Input => ({ type: 'read', key, revision: 0, serializable: false });
const done = (revision: number): Output => ({ type: 'done', revision });
const kvs = (revision: number, ...found: [key: string, value: string, mod: number][]): Output => ({
  type: 'kvs',
  revision,
  kvs: found.map(([key, value, mod]) => ({ key, value, create: mod, mod, version: 1 })),
});

test('a read that began after a write was answered must see it', () => {
  const seen = [[1, 2, put('a', 'x'), done(2)] as const, [3, 4, read('a'), kvs(2, ['a', 'x', 2])] as const];
  assert.equal(checkHistory(history(seen)).ok, true);
  const stale = [[1, 2, put('a', 'x'), done(2)] as const, [3, 4, read('a'), kvs(1)] as const];
  assert.equal(checkHistory(history(stale)).ok, false);
});

test('a read beside a write may see it or not', () => {
  for (const answer of [kvs(1), kvs(2, ['a', 'x', 2])]) {
    assert.equal(
      checkHistory(
        history([
          [1, 4, put('a', 'x'), done(2)],
          [2, 3, read('a'), answer],
        ]),
      ).ok,
      true,
    );
  }
});

test('an unanswered write may have happened late, or never, but not before its call', () => {
  const late = history([
    [1, null, put('a', 'x'), null],
    [2, 3, read('a'), kvs(1)],
    [4, 5, read('a'), kvs(2, ['a', 'x', 2])],
  ]);
  assert.equal(checkHistory(late).ok, true);
  assert.equal(
    checkHistory(
      history([
        [1, null, put('a', 'x'), null],
        [2, 3, read('a'), kvs(1)],
      ]),
    ).ok,
    true,
  );
  const early = history([
    [1, 2, read('a'), kvs(2, ['a', 'x', 2])],
    [3, null, put('a', 'x'), null],
  ]);
  assert.equal(checkHistory(early).ok, false);
});

test('an unanswered write does not happen twice, and is not taken back', () => {
  const rows: [number, number | null, Input, Output | null][] = [
    [1, null, put('a', 'x'), null],
    [2, 3, read('a'), kvs(2, ['a', 'x', 2])],
    [4, 5, put('a', 'y'), done(3)],
  ];
  assert.equal(checkHistory(history(rows)).ok, true);
  assert.equal(checkHistory(history([...rows, [6, 7, read('a'), kvs(4, ['a', 'x', 4])]])).ok, false);
});

test('two writes are never told the same revision', () => {
  const verdict = checkHistory(
    history([
      [1, 2, put('a', 'x'), done(2)],
      [3, 4, put('b', 'y'), done(2)],
    ]),
  );
  assert.match(verdict.ok ? '' : verdict.reason, /both told/);
});

test('half of a transaction is never seen', () => {
  const both: Input = { type: 'putBoth', keys: ['a', 'b'], value: 'x' };
  const half = history([
    [1, 4, both, done(2)],
    [2, 3, read(null), kvs(2, ['a', 'x', 2])],
  ]);
  assert.equal(checkHistory(half).ok, false);
});

/** Operations of several clients, done by the model somewhere between call and answer; some answers are lost. */
function honestHistory(seed: number, length: number): Recorded[] {
  const chance = createChance(seed);
  let state = emptyState;
  let at = 0;
  const open: { row: Recorded; output: Output | null; lost: boolean }[] = [];
  const result: Recorded[] = [];
  for (let id = 0; id < length || open.length > 0;) {
    const choice = chance.below(0, 3);
    if (choice === 0 && id < length && open.length < 6) {
      const key = chance.pick(['a', 'b', 'c']);
      const input: Input = chance.pick<Input>([
        put(key, `v${id}`),
        read(key),
        read(null),
        { type: 'delete', key },
        { type: 'swap', key, expected: state.keys.get(key)?.mod ?? 0, value: `v${id}` },
        { type: 'putBoth', keys: ['a', 'b'], value: `v${id}` },
        { type: 'read', key, revision: chance.below(1, state.revision + 2), serializable: false },
        { type: 'compact', revision: chance.below(0, state.revision + 1) },
      ]);
      open.push({
        row: { id, client: 'c', input, called: at++, answered: null },
        output: null,
        lost: chance.happens(0.1),
      });
      id++;
    } else if (open.length > 0) {
      const one = chance.pick(open);
      if (one.output === null && !(one.lost && chance.happens(0.3))) {
        const next = step(state, one.row.input);
        state = next.state;
        one.output = next.output;
      } else {
        open.splice(open.indexOf(one), 1);
        result.push(
          one.lost || one.output === null ? one.row : { ...one.row, answered: { at: at++, output: one.output } },
        );
      }
    }
  }
  return result.sort((a, b) => a.called - b.called);
}

test('histories of an honest store pass, and fail when one answer is changed', () => {
  let caught = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const honest = honestHistory(seed, 300);
    const verdict = checkHistory(honest);
    assert.equal(verdict.ok, true, `seed ${seed}: ${JSON.stringify(verdict)}`);
    const spoiled = honest.map((row, i) => {
      if (i !== 150 + seed || row.answered === null || row.answered.output.type === 'error') return row;
      const { output } = row.answered;
      return { ...row, answered: { at: row.answered.at, output: { ...output, revision: output.revision + 7 } } };
    });
    if (!checkHistory(spoiled).ok) caught++;
  }
  assert.ok(caught >= 25, `${caught} of 40 spoiled histories were caught`);
});
