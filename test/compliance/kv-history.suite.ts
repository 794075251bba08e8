/** What happened from a revision on, and what was before: for watchers that catch up. */
import assert from 'node:assert/strict';
import type { KeyRange } from '../../machines/language/watching.js';
import type { History } from '../../store/ports.js';
import { bytesOf, compact, put, remove, txn } from '../store/kv-steps.js';
import { type Desk, type KvTest, refusedAs } from './kv-desk.js';

const ALL_KEYS = { key: bytesOf('\0'), range_end: bytesOf('\0') };
const single = (key: string): KeyRange => ({ key: bytesOf(key), range_end: bytesOf('') });
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

interface Asked {
  readonly ranges?: readonly KeyRange[];
  readonly prev_kv?: boolean;
  readonly bytes_max?: number;
  readonly revisions_max?: number;
}

const ask = ({ store }: Desk, from: number, asked: Asked = {}): Promise<History> =>
  store.history({ ranges: [ALL_KEYS], from, prev_kv: false, bytes_max: 1e6, revisions_max: 1_000, ...asked });

/** `2 a=1 b=2`, a deleted key as `-a`, the value before in brackets. */
const lines = (history: History): string[] =>
  history.revisions.map(({ revision, events }) =>
    [
      revision,
      ...events.map(({ event, prev_kv }) => {
        const now = event.type === 'put' ? `${text(event.kv.key)}=${text(event.kv.value)}` : `-${text(event.kv.key)}`;
        return prev_kv === null ? now : `${now}[${text(prev_kv.value)}]`;
      }),
    ].join(' '),
  );

export function describeHistory(kvTest: KvTest): void {
  kvTest('every revision whole and in order, from the one asked for on', async (desk) => {
    await desk.run(put('a', '1'), txn([], [{ put: put('b', '2').put }, { put: put('c', '3').put }]), remove('a'));
    assert.deepEqual(lines(await ask(desk, 1)), ['2 a=1', '3 b=2 c=3', '4 -a']);
    const later = await ask(desk, 4);
    assert.deepEqual(lines(later), ['4 -a']);
    assert.deepEqual([later.upTo, later.revision], [4, 4]);
    const future = await ask(desk, 9);
    assert.deepEqual([lines(future), future.upTo], [[], 8]);
  });

  kvTest('only what the ranges hold, found by scanning and by key alike', async (desk) => {
    await desk.run(put('a', '1'), put('b', '1'), put('c', '1'), put('b', '2'), remove('b'), put('d', '1'));
    const wanted = ['3 b=1', '5 b=2', '6 -b'];
    assert.deepEqual(lines(await ask(desk, 1, { ranges: [single('b')] })), wanted);
    assert.deepEqual(lines(await ask(desk, 1, { ranges: [{ key: bytesOf('b'), range_end: bytesOf('c') }] })), wanted);
    const two = await ask(desk, 5, { ranges: [single('a'), { key: bytesOf('b'), range_end: bytesOf('\0') }] });
    assert.deepEqual(lines(two), ['5 b=2', '6 -b', '7 d=1']);
    assert.equal(two.upTo, 7);
  });

  kvTest('[safety] it stops between revisions, and says how far it looked', async (desk) => {
    const pair = txn([], [{ put: put('a', 'xxxx').put }, { put: put('b', 'xxxx').put }]);
    await desk.run(pair, pair, pair);
    for (const ranges of [[ALL_KEYS], [single('a'), single('b')]]) {
      const first = await ask(desk, 1, { ranges, bytes_max: 1 });
      assert.deepEqual([lines(first), first.upTo], [['2 a=xxxx b=xxxx'], 2]);
      const two = await ask(desk, 1, { ranges, revisions_max: 2 });
      assert.deepEqual([two.revisions.length, two.upTo], [2, 3]);
    }
  });

  kvTest('the pairs as they were before, none for what was made new', async (desk) => {
    await desk.run(put('a', '1'), put('a', '2'), remove('a'), put('a', '3'));
    const wanted = ['2 a=1', '3 a=2[1]', '4 -a[2]', '5 a=3'];
    assert.deepEqual(lines(await ask(desk, 1, { prev_kv: true })), wanted);
    const reopened = await desk.reopen();
    assert.deepEqual(lines(await ask(reopened, 1, { prev_kv: true })), wanted);
    await reopened.store.close();
  });

  kvTest(
    'compacted revisions are refused, the compacted one itself is there, without what was before',
    async (desk) => {
      await desk.run(put('a', '1'), put('a', '2'), put('b', '1'), put('a', '3'), compact(3));
      await desk.store.compacted(3);
      await assert.rejects(ask(desk, 2), refusedAs('Compacted'));
      for (const ranges of [[ALL_KEYS], [single('a')]]) {
        const from = await ask(desk, 3, { ranges, prev_kv: true });
        assert.deepEqual(
          lines(from).filter((line) => line.includes('a')),
          ['3 a=2', '5 a=3[2]'],
        );
      }
    },
  );

  kvTest('keys of a deleted range are plain bytes, as they come with the write and as they are read', async (desk) => {
    await desk.run(put('a', '1'), put('b', '1'));
    await desk.driver.decide(remove('a', { range_end: bytesOf('c') }));
    const written = await desk.store.write();
    const told = written.events.flatMap(({ events }) => events);
    const read = (await ask(desk, 4)).revisions.flatMap(({ events }) => events.map(({ event }) => event));
    for (const { kv } of [...told, ...read]) assert.equal(kv.key.constructor, Uint8Array);
    assert.deepEqual([told.length, read.length], [2, 2]);
  });

  kvTest('only what is written happened', async (desk) => {
    await desk.run(put('a', '1'));
    await desk.driver.decide(put('a', '2'));
    assert.deepEqual(lines(await ask(desk, 1)), ['2 a=1']);
    await desk.store.write();
    assert.deepEqual(lines(await ask(desk, 1)), ['2 a=1', '3 a=2']);
  });

  kvTest('the state at a revision in pages, each going on after the last key of the one before', async (desk) => {
    const keys = Array.from({ length: 50 }, (_, n) => `k${String(n).padStart(2, '0')}`);
    await desk.run(...keys.map((key) => put(key, 'x'.repeat(10))), remove('k07'));
    const seen: string[] = [];
    let after = bytesOf('');
    for (let more = true; more;) {
      const page = await desk.store.page({ ranges: [ALL_KEYS], revision: 51, after, bytes_max: 100 });
      seen.push(...page.kvs.map((kv) => text(kv.key)));
      after = page.kvs.at(-1)?.key ?? after;
      more = page.more;
    }
    assert.deepEqual(seen, keys);
    const ranges = [single('k01'), { key: bytesOf('k05'), range_end: bytesOf('k09') }];
    const now = await desk.store.page({ ranges, revision: 52, after: bytesOf('k05'), bytes_max: 1e6 });
    assert.deepEqual(
      now.kvs.map((kv) => text(kv.key)),
      ['k06', 'k08'],
    );
    await assert.rejects(
      desk.store.page({ ranges, revision: 99, after: bytesOf(''), bytes_max: 1 }),
      refusedAs('FutureRev'),
    );
  });
}
