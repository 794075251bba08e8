/** Each broken variant of the design's list is there, is in the table, and its script is played by the honest too. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allVariants } from './all-variants.js';
import { clientVariants, playTwoLives } from './client-variants.js';
import { designList } from './design-list.js';
import { hunt } from './hunt.js';
import * as scripts from './scripted-variants.js';
import { playCutResponse, playSwitched } from './scripted-watches.js';
import { beginningOf, path } from './variants-table.js';

test('every way of losing data that the design lists has a variant', () => {
  const names = new Set(allVariants.map(({ name }) => name));
  assert.deepEqual(
    designList.filter((name) => !names.has(name)),
    [],
  );
});

test('the table has a row for each variant, in order, and no other', () => {
  const rows = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /^\| .* \| (raft|cluster|client) \|/.test(line));
  const beginnings = allVariants.map(beginningOf);
  assert.equal(rows.length, beginnings.length, 'rows: node dist/test/simulation/main.js --variants --write');
  rows.forEach((row, i) => assert.ok(row.startsWith(beginnings[i] as string), `${row}\nis not\n${beginnings[i]}`));
  assert.deepEqual(
    rows.filter((row) => row.includes('not caught')),
    [],
  );
});

for (const [name, play] of Object.entries({ ...scripts, playSwitched, playCutResponse })) {
  test(`the honest cluster passes ${name}`, async () => {
    for (const seed of [1, 2]) assert.equal((await play(seed))?.message, undefined, `seed ${seed}`);
  });
}

test('the honest client passes what its variants do not', async () => {
  assert.equal((await playTwoLives())?.message, undefined);
});

for (const variant of clientVariants) {
  test(`broken variant is caught: ${variant.name}`, async () => {
    assert.notEqual((await hunt(variant)).caught, null, variant.breaks);
  });
}
