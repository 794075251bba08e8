/** Broken variants of the protocol: each must be caught by name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hunt } from './hunt.js';
import { raftVariants } from './variants.js';

for (const variant of raftVariants) {
  test(`broken variant is caught: ${variant.name}`, async (t) => {
    const { caught, seeds } = await hunt(variant);
    assert.notEqual(caught, null, `${variant.breaks}: not caught in ${variant.seeds} seeds`);
    t.diagnostic(`seed ${seeds}: ${caught?.check}`);
  });
}
