/** Ranges: limits, filters, orders (reference 1.1). */
import assert from 'node:assert/strict';
import type { RangeRequest } from '../../machines/language/commands.js';
import { ALL, put } from '../store/kv-steps.js';
import { type Desk, type KvTest } from './kv-desk.js';

export function describeRanges(kvTest: KvTest): void {
  const filled = async ({ run }: Desk): Promise<void> => {
    // Revisions:   a 2      b 3            c 4            d 5           b again 6      a again 7
    await run(put('a', '9'), put('b', '1'), put('c', '5'), put('d', '3'), put('b', '7'), put('a', '2'));
  };

  kvTest('limit, more and count', async (desk) => {
    await filled(desk);
    const two = await desk.range(ALL, { range_end: ALL, limit: 2 });
    assert.deepEqual([two.kvs.length, two.more, two.count], [2, true, 4]);
    const four = await desk.range(ALL, { range_end: ALL, limit: 4 });
    assert.deepEqual([four.kvs.length, four.more, four.count], [4, false, 4]);
    const all = await desk.range(ALL, { range_end: ALL, limit: -1 });
    assert.deepEqual([all.kvs.length, all.more], [4, false]);
    const counted = await desk.range('b', { range_end: ALL, count_only: true, limit: 1 });
    assert.deepEqual([counted.kvs.length, counted.more, counted.count], [0, false, 3]);
    assert.equal((await desk.range('d', { range_end: 'a' })).count, 0);
  });

  kvTest('the count ignores filters; more does not', async (desk) => {
    await filled(desk);
    const recent = await desk.range(ALL, { range_end: ALL, min_mod_revision: 5, limit: 2 });
    assert.deepEqual([recent.kvs.length, recent.more, recent.count], [2, true, 4]);
    const young = await desk.range(ALL, { range_end: ALL, max_create_revision: 3 });
    assert.deepEqual([young.kvs.length, young.more, young.count], [2, false, 4]);
  });

  kvTest('every order and target, sorted before it is cut', async (desk) => {
    await filled(desk);
    const order = async (sort_target: RangeRequest['sort_target'], sort_order: RangeRequest['sort_order'], limit = 0) =>
      (await desk.rows({ sort_target, sort_order, limit })).map((row) => row[0]).join('');
    assert.equal(await order('key', 'descend'), 'dcba');
    assert.equal(await order('key', 'descend', 2), 'dc');
    assert.equal(await order('value', 'ascend'), 'adcb');
    assert.equal(await order('value', 'none', 2), 'ad');
    assert.equal(await order('mod', 'descend', 1), 'a');
    assert.equal(await order('create', 'descend'), 'dcba');
    assert.equal(await order('version', 'descend'), 'abcd');
  });

  kvTest('keys_only blanks the values after they served for sorting', async (desk) => {
    await filled(desk);
    assert.deepEqual(await desk.rows({ keys_only: true, sort_target: 'value', sort_order: 'ascend' }), [
      'a=@7',
      'd=@5',
      'c=@4',
      'b=@6',
    ]);
  });
}
