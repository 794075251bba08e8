/** The comparisons of a transaction (reference 1.1; B-19). */
import assert from 'node:assert/strict';
import type { CompareAsked } from '../driver.js';
import type { Case, Desk, Group } from '../suite.js';

type Result = CompareAsked['result'];

async function holds({ store }: Desk, ...compare: CompareAsked[]): Promise<boolean> {
  return (await store.txn({ compare })).succeeded;
}

/** How `stored ⟨result⟩ given` comes out when given is lower than, equal to and higher than what is stored. */
const truth: Record<Result, readonly [lower: boolean, equal: boolean, higher: boolean]> = {
  equal: [false, true, false],
  greater: [true, false, false],
  less: [false, false, true],
  not_equal: [true, false, true],
};

export const comparisons: Group = {
  title: 'comparisons',
  cases: [
    ...numbers(),
    {
      name: 'value: by bytes, stored ⟨result⟩ given',
      run: async (desk) => {
        await desk.put('k', 'mm');
        for (const [result, expected] of Object.entries(truth) as [Result, readonly boolean[]][]) {
          const outcome = [];
          for (const given of ['m', 'mm', 'mm\x00'])
            outcome.push(await holds(desk, { key: desk.key('k'), target: 'value', result, given }));
          assert.deepEqual(outcome, expected, result);
        }
        assert.equal(await holds(desk, { key: desk.key('k'), target: 'value', result: 'less', given: '\xff' }), true);
      },
    },
    {
      name: 'value: false for a missing key, whatever is asked',
      run: async (desk) => {
        for (const result of Object.keys(truth) as Result[])
          for (const given of ['', 'x'])
            assert.equal(await holds(desk, { key: desk.key('none'), target: 'value', result, given }), false, result);
      },
    },
    {
      name: 'numbers of a missing key are zero',
      run: async (desk) => {
        for (const target of ['version', 'create', 'mod'] as const) {
          const key = desk.key('none');
          assert.equal(await holds(desk, { key, target, result: 'equal', given: 0 }), true);
          assert.equal(await holds(desk, { key, target, result: 'greater', given: 0 }), false);
          assert.equal(await holds(desk, { key, target, result: 'less', given: 1 }), true);
          assert.equal(await holds(desk, { key, target, result: 'not_equal', given: 0 }), false);
          assert.equal(await holds(desk, { key, target, result: 'greater', given: -1 }), true);
        }
        assert.equal(await holds(desk, { key: desk.key('none'), target: 'lease', result: 'equal', given: 0n }), true);
      },
    },
    {
      name: 'lease: zero for a key without one',
      run: async (desk) => {
        await desk.put('k');
        const lease = { key: desk.key('k'), target: 'lease' } as const;
        assert.equal(await holds(desk, { ...lease, result: 'equal', given: 0n }), true);
        assert.equal(await holds(desk, { ...lease, result: 'less', given: 1n }), true);
        assert.equal(await holds(desk, { ...lease, result: 'not_equal', given: 0n }), false);
      },
    },
    {
      name: 'all comparisons must hold',
      run: async (desk) => {
        await desk.put('k', 'v');
        const yes = { key: desk.key('k'), target: 'value', result: 'equal', given: 'v' } as const;
        const no = { key: desk.key('k'), target: 'version', result: 'greater', given: 1 } as const;
        assert.equal(await holds(desk, yes, yes), true);
        assert.equal(await holds(desk, yes, no), false);
        assert.equal(await holds(desk, no, yes), false);
      },
    },
    ...ranges(),
  ],
};

function numbers(): Case[] {
  return (['version', 'create', 'mod'] as const).map((target) => ({
    name: `${target}: stored ⟨result⟩ given`,
    run: async (desk: Desk) => {
      const create = await desk.put('k');
      await desk.put('k');
      const mod = await desk.put('k');
      const stored = { version: 3, create, mod }[target];
      for (const [result, expected] of Object.entries(truth) as [Result, readonly boolean[]][]) {
        const outcome = [];
        for (const given of [stored - 1, stored, stored + 1])
          outcome.push(await holds(desk, { key: desk.key('k'), target, result, given }));
        assert.deepEqual(outcome, expected, result);
      }
    },
  }));
}

function ranges(): Case[] {
  return [
    {
      name: 'B-19 over a range: holds only if every key satisfies it',
      run: async (desk) => {
        for (const name of ['a', 'b', 'c']) await desk.put(name, 'same');
        const asked = { key: desk.key(), range_end: desk.end(), target: 'value', result: 'equal' } as const;
        assert.equal(await holds(desk, { ...asked, given: 'same' }), true);
        await desk.put('b', 'other');
        assert.equal(await holds(desk, { ...asked, given: 'same' }), false);
        const outside = { ...asked, key: desk.key('c') };
        assert.equal(await holds(desk, { ...outside, given: 'same' }), true);
        assert.equal(await holds(desk, { ...asked, range_end: desk.key('b'), given: 'same' }), true, 'end exclusive');
      },
    },
    {
      name: 'B-19 over a range: numbers too',
      run: async (desk) => {
        const first = await desk.put('a');
        await desk.put('b');
        const asked = { key: desk.key(), range_end: desk.end(), target: 'create', result: 'greater' } as const;
        assert.equal(await holds(desk, { ...asked, given: first - 1 }), true);
        assert.equal(await holds(desk, { ...asked, given: first }), false);
      },
    },
    {
      name: 'B-19 over an empty range: as for a missing key',
      run: async (desk) => {
        const empty = { key: desk.key('x'), range_end: desk.key('y') };
        assert.equal(await holds(desk, { ...empty, target: 'version', result: 'equal', given: 0 }), true);
        assert.equal(await holds(desk, { ...empty, target: 'create', result: 'greater', given: 0 }), false);
        assert.equal(await holds(desk, { ...empty, target: 'value', result: 'equal', given: '' }), false);
        assert.equal(await holds(desk, { ...empty, target: 'value', result: 'not_equal', given: 'x' }), false);
      },
    },
    {
      name: 'B-19 over all keys from the key on',
      run: async (desk) => {
        await desk.put('k');
        const asked = { key: desk.key(), range_end: '\0', target: 'version', result: 'greater', given: 0 } as const;
        assert.equal(await holds(desk, asked), true);
      },
    },
  ];
}
