/** Seeded random operations over a few keys, so that they meet each other often. */
import type {
  Compare,
  CompareResult,
  CompareTarget,
  Operation,
  RangeRequest,
  SortOrder,
  SortTarget,
  TxnOperation,
  TxnRequest,
} from '../../machines/language/commands.js';
import { ALL, compare, deleteRequest, putRequest, rangeRequest } from './kv-steps.js';

/** mulberry32: small, seeded, good enough for choosing. */
export function makeRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof makeRandom>;
const oneOf = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;
const keys = ['a', 'b', 'c', 'ca', 'cb', 'd', 'e\0', 'f\xff'].map((key) => Uint8Array.from(Buffer.from(key, 'latin1')));
const keyOf = (random: Random): Uint8Array => oneOf(random, keys);
const endOf = (random: Random): Uint8Array => oneOf(random, [new Uint8Array(0), new Uint8Array(0), ALL, keyOf(random)]);
const chance = (random: Random, of: number): boolean => random(of) === 0;

export function randomRange(random: Random, revision: number): RangeRequest {
  const bound = (): number => (chance(random, 4) ? random(revision + 2) : 0);
  return rangeRequest(chance(random, 4) ? ALL : keyOf(random), {
    range_end: endOf(random),
    limit: chance(random, 2) ? random(5) - 1 : 0,
    revision: chance(random, 2) ? 0 : random(revision + 3) - 1,
    sort_order: oneOf<SortOrder>(random, ['none', 'ascend', 'descend']),
    sort_target: oneOf<SortTarget>(random, ['key', 'version', 'create', 'mod', 'value']),
    keys_only: chance(random, 4),
    count_only: chance(random, 6),
    min_mod_revision: bound(),
    max_mod_revision: bound(),
    min_create_revision: bound(),
    max_create_revision: bound(),
  });
}

function randomPut(random: Random, value: number): Extract<TxnOperation, { put: unknown }> {
  const ignore_value = chance(random, 6);
  return {
    put: putRequest(keyOf(random), ignore_value ? '' : `v${value % 7}`, {
      prev_kv: chance(random, 3),
      ignore_value,
      ignore_lease: chance(random, 8),
      lease: 0n,
    }),
  };
}

const randomDelete = (random: Random): Extract<TxnOperation, { delete: unknown }> => ({
  delete: deleteRequest(keyOf(random), { range_end: endOf(random), prev_kv: chance(random, 2) }),
});

const randomCompare = (random: Random, revision: number): Compare =>
  compare(
    '',
    oneOf<CompareTarget>(random, ['version', 'create', 'mod', 'value', 'lease']),
    oneOf<CompareResult>(random, ['equal', 'greater', 'less', 'not_equal']),
    {
      key: keyOf(random),
      range_end: endOf(random),
      version: random(4),
      create_revision: random(revision + 1),
      mod_revision: random(revision + 1),
      value: `v${random(7)}`,
    },
  );

/** As validation lets them through, no two puts meet in one list; deletes come after puts (see B-12). */
function randomTxn(random: Random, revision: number, depth: number): TxnRequest {
  const branch = (): TxnOperation[] => {
    const operations: TxnOperation[] = [];
    if (chance(random, 2)) operations.push({ range: randomRange(random, revision) });
    if (chance(random, 2)) operations.push(randomPut(random, random(1000)));
    if (depth > 0 && chance(random, 3)) operations.push({ txn: randomTxn(random, revision, depth - 1) });
    if (chance(random, 3)) operations.push(randomDelete(random));
    if (chance(random, 2)) operations.push({ range: randomRange(random, revision) });
    return operations;
  };
  const compares = Array.from({ length: random(3) }, () => randomCompare(random, revision));
  return { compare: compares, success: branch(), failure: branch() };
}

export function randomOperation(random: Random, revision: number): Operation {
  const kind = random(20);
  if (kind < 9) return { type: 'put', ...randomPut(random, random(1000)) };
  if (kind < 12) return { type: 'delete', ...randomDelete(random) };
  if (kind < 19) return { type: 'txn', txn: randomTxn(random, revision, 2) };
  return { type: 'compact', revision: random(revision + 2) };
}
