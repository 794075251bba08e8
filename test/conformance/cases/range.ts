/** KV.Range, field by field (reference 1.1). */
import assert from 'node:assert/strict';
import { refusedWith, type Desk, type Group } from '../suite.js';

const namesOf = (desk: Desk, kvs: readonly { readonly key: string }[]): string[] =>
  kvs.map((kv) => kv.key.slice(desk.key().length));

/** Five keys whose order differs by every sort target. */
async function fill(desk: Desk): Promise<void> {
  await desk.put('c', '5');
  await desk.put('a', '4');
  await desk.put('e', '3');
  await desk.put('b', '2');
  await desk.put('d', '1');
  for (let i = 0; i < 4; i++) await desk.put('e', '3');
  for (let i = 0; i < 3; i++) await desk.put('a', '4');
  for (let i = 0; i < 2; i++) await desk.put('d', '1');
  await desk.put('b', '2');
}

export const range: Group = {
  title: 'range',
  cases: [
    {
      name: 'an empty key is refused',
      run: async ({ store }) => {
        await refusedWith(store.range({ key: '' }), 'EmptyKey');
        await refusedWith(store.range({ key: '', range_end: '\0' }), 'EmptyKey');
      },
    },
    {
      name: 'without a range end exactly the key is meant',
      run: async (desk) => {
        await fill(desk);
        const answer = await desk.store.range({ key: desk.key('a') });
        assert.deepEqual(namesOf(desk, answer.kvs), ['a']);
        assert.deepEqual([answer.count, answer.more], [1, false]);
        const none = await desk.store.range({ key: desk.key('aa') });
        assert.deepEqual([none.kvs, none.count, none.more], [[], 0, false]);
      },
    },
    {
      name: 'the range end is exclusive',
      run: async (desk) => {
        await fill(desk);
        const answer = await desk.store.range({ key: desk.key('b'), range_end: desk.key('d') });
        assert.deepEqual(namesOf(desk, answer.kvs), ['b', 'c']);
      },
    },
    {
      name: 'a range that ends before it begins is empty, without an error',
      run: async (desk) => {
        await fill(desk);
        for (const range_end of [desk.key('c'), desk.key('a')]) {
          const answer = await desk.store.range({ key: desk.key('c'), range_end });
          assert.deepEqual([answer.kvs, answer.count, answer.more], [[], 0, false]);
        }
      },
    },
    {
      name: 'the range end \\0 means all keys from the key on',
      run: async (desk) => {
        await fill(desk);
        const answer = await desk.store.range({ key: desk.key('d'), range_end: '\0' });
        assert.deepEqual(namesOf(desk, answer.kvs).slice(0, 2), ['d', 'e']);
        const everything = await desk.store.range({ key: '\0', range_end: '\0', count_only: true });
        assert.ok(everything.count >= 5);
        const keys = (await desk.store.range({ key: '\0', range_end: '\0', keys_only: true })).kvs.map((kv) => kv.key);
        assert.equal(keys.length, everything.count);
        assert.deepEqual(keys, [...keys].sort());
      },
    },
    {
      name: 'limit cuts the rows, more says so, count does not change',
      run: async (desk) => {
        await fill(desk);
        const asked = { key: desk.key(), range_end: desk.end() };
        const cut = await desk.store.range({ ...asked, limit: 2 });
        assert.deepEqual([namesOf(desk, cut.kvs), cut.more, cut.count], [['a', 'b'], true, 5]);
        const whole = await desk.store.range({ ...asked, limit: 5 });
        assert.deepEqual([whole.kvs.length, whole.more, whole.count], [5, false, 5]);
        for (const limit of [0, -1]) assert.equal((await desk.store.range({ ...asked, limit })).kvs.length, 5);
      },
    },
    {
      name: 'pages at one revision join without a gap while others write',
      run: async (desk) => {
        for (let i = 0; i < 25; i++) await desk.put(`p${String(i).padStart(2, '0')}`);
        const revision = await desk.revision();
        const seen: string[] = [];
        for (let key = desk.key(); ;) {
          const page = await desk.store.range({ key, range_end: desk.end(), limit: 10, revision });
          seen.push(...namesOf(desk, page.kvs));
          await desk.put(`p${String(seen.length)}x`);
          if (!page.more) break;
          key = `${page.kvs.at(-1)?.key ?? ''}\0`;
        }
        assert.equal(seen.length, 25);
        assert.equal(new Set(seen).size, 25);
      },
    },
    {
      name: 'a negative revision means the current one',
      run: async (desk) => {
        await desk.put('k', 'now');
        assert.equal((await desk.store.range({ key: desk.key('k'), revision: -1 })).kvs[0]?.value, 'now');
      },
    },
    ...sorts(),
    {
      name: 'ascending by key is the default order',
      run: async (desk) => {
        await fill(desk);
        const answer = await desk.store.range({ key: desk.key(), range_end: desk.end() });
        assert.deepEqual(namesOf(desk, answer.kvs), ['a', 'b', 'c', 'd', 'e']);
      },
    },
    {
      name: 'a sort target other than the key sorts ascending when no order is given',
      run: async (desk) => {
        await fill(desk);
        const answer = await desk.store.range({ key: desk.key(), range_end: desk.end(), sort_target: 'value' });
        assert.deepEqual(namesOf(desk, answer.kvs), ['d', 'b', 'e', 'a', 'c']);
      },
    },
    {
      name: 'with an order the limit takes the first of the sorted rows',
      run: async (desk) => {
        await fill(desk);
        const asked = { key: desk.key(), range_end: desk.end(), sort_target: 'value', limit: 2 };
        const top = await desk.store.range({ ...asked, sort_order: 'descend' });
        assert.deepEqual([namesOf(desk, top.kvs), top.more, top.count], [['c', 'a'], true, 5]);
        const bottom = await desk.store.range({ ...asked, sort_order: 'ascend' });
        assert.deepEqual([namesOf(desk, bottom.kvs), bottom.more], [['d', 'b'], true]);
      },
    },
    {
      name: 'an unknown sort order or target is refused',
      since: ['3.5', '3.4 takes the numbers it does not know'],
      run: async ({ store, key }) => {
        await refusedWith(store.range({ key: key(), sort_order: 'sideways' }), 'InvalidSortOption');
        await refusedWith(store.range({ key: key(), sort_target: 'colour' }), 'InvalidSortOption');
      },
    },
    {
      name: 'a serializable read answers as well',
      run: async (desk) => {
        const at = await desk.put('k', 'v');
        const answer = await desk.store.range({ key: desk.key('k'), serializable: true });
        assert.ok(answer.revision <= at);
        if (answer.kvs.length > 0) assert.equal(answer.kvs[0]?.value, 'v');
      },
    },
    {
      name: 'keys_only leaves out the values and nothing else',
      run: async (desk) => {
        const at = await desk.put('k', 'v');
        const answer = await desk.store.range({ key: desk.key('k'), keys_only: true });
        const pair = { key: desk.key('k'), value: '', create_revision: at, mod_revision: at, version: 1, lease: 0n };
        assert.deepEqual(answer, { revision: at, kvs: [pair], more: false, count: 1 });
      },
    },
    {
      name: 'keys_only may still sort by value',
      run: async (desk) => {
        await fill(desk);
        const answer = await desk.store.range({
          key: desk.key(),
          range_end: desk.end(),
          keys_only: true,
          sort_target: 'value',
          sort_order: 'ascend',
        });
        assert.deepEqual(namesOf(desk, answer.kvs), ['d', 'b', 'e', 'a', 'c']);
        assert.ok(answer.kvs.every((kv) => kv.value === ''));
      },
    },
    {
      name: 'count_only gives the count and no rows, at any revision',
      run: async (desk) => {
        await fill(desk);
        const before = await desk.revision();
        await desk.put('f');
        const asked = { key: desk.key(), range_end: desk.end(), count_only: true };
        const now = await desk.store.range(asked);
        assert.deepEqual([now.kvs, now.count, now.more], [[], 6, false]);
        assert.equal((await desk.store.range({ ...asked, revision: before })).count, 5);
      },
    },
    {
      name: 'the filters by revision are inclusive, and count ignores them',
      run: async (desk) => {
        const created: number[] = [];
        for (const name of ['a', 'b', 'c', 'd']) created.push(await desk.put(name));
        const changed = await desk.put('b', 'again');
        const [, b = 0, c = 0] = created;
        const asked = { key: desk.key(), range_end: desk.end() };
        const by = async (filter: Record<string, number>) => {
          const answer = await desk.store.range({ ...asked, ...filter });
          assert.equal(answer.count, 4);
          return namesOf(desk, answer.kvs);
        };
        assert.deepEqual(await by({ min_mod_revision: c }), ['b', 'c', 'd']);
        assert.deepEqual(await by({ max_mod_revision: c }), ['a', 'c']);
        assert.deepEqual(await by({ min_mod_revision: changed }), ['b']);
        assert.deepEqual(await by({ min_create_revision: b, max_create_revision: c }), ['b', 'c']);
        assert.deepEqual(await by({ min_create_revision: changed }), []);
      },
    },
    {
      name: 'the filters apply before the limit',
      run: async (desk) => {
        await desk.put('a');
        const b = await desk.put('b');
        await desk.put('c');
        const answer = await desk.store.range({
          key: desk.key(),
          range_end: desk.end(),
          min_mod_revision: b,
          limit: 1,
        });
        assert.deepEqual([namesOf(desk, answer.kvs), answer.more, answer.count], [['b'], true, 3]);
        const both = await desk.store.range({ key: desk.key(), range_end: desk.end(), min_mod_revision: b, limit: 2 });
        assert.deepEqual([namesOf(desk, both.kvs), both.more], [['b', 'c'], false]);
      },
    },
  ],
};

function sorts(): Group['cases'] {
  const ascending: Record<string, string[]> = {
    key: ['a', 'b', 'c', 'd', 'e'],
    version: ['c', 'b', 'd', 'a', 'e'],
    create: ['c', 'a', 'e', 'b', 'd'],
    mod: ['c', 'e', 'a', 'd', 'b'],
    value: ['d', 'b', 'e', 'a', 'c'],
  };
  return Object.entries(ascending).map(([sort_target, names]) => ({
    name: `sorted by ${sort_target}, both ways`,
    run: async (desk: Desk) => {
      await fill(desk);
      const asked = { key: desk.key(), range_end: desk.end(), sort_target };
      const up = await desk.store.range({ ...asked, sort_order: 'ascend' });
      assert.deepEqual(namesOf(desk, up.kvs), names);
      const down = await desk.store.range({ ...asked, sort_order: 'descend' });
      assert.deepEqual(namesOf(desk, down.kvs), [...names].reverse());
    },
  }));
}
