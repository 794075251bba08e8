/** Variants of whole nodes: each has one real part replaced by a broken one, and must be caught by name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterVariants } from './cluster-variants.js';
import { hunt } from './hunt.js';
import { sessionVariants } from './session-variants.js';

for (const variant of [...clusterVariants, ...sessionVariants]) {
  test(`broken variant is caught: ${variant.name}`, async (t) => {
    const { caught, seeds } = await hunt(variant);
    assert.notEqual(caught, null, `${variant.breaks}: not caught in ${variant.seeds} seeds`);
    t.diagnostic(`seed ${seeds}: ${caught?.check}`);
  });
}
