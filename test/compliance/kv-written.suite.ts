/** What is decided, what is written, and what a restart finds: B-10. */
import assert from 'node:assert/strict';
import type { Entry, Index, Term } from '../../machines/language/vocabulary.js';
import { MvccStore } from '../../store/mvcc.js';
import {
  ALL,
  clusterOf,
  compact,
  Driver,
  eagerClock,
  memberOf,
  plain,
  put,
  rangeRequest,
  remove,
  txn,
} from '../store/kv-steps.js';
import { DIRECTORY, kv, type KvTest } from './kv-desk.js';

export function describeWritten(kvTest: KvTest): void {
  kvTest('what is decided is not visible before it is written, and then a whole revision at a time', async (desk) => {
    const { driver, store, rows, run } = desk;
    await run(put('a', '1'));
    const decisions = await driver.decide(
      put('a', '2'),
      put('b', '1'),
      txn([], [{ range: rangeRequest(ALL, { range_end: ALL }) }]),
    );
    const last = decisions[2];
    assert.ok(last?.type === 'txn');
    assert.equal(last.txn.revision, 4, 'decide sees what was decided before it');
    assert.deepEqual(await rows(), ['a=1@2']);
    assert.equal(store.status.revision, 2);
    assert.ok(store.undecided_bytes > 0);
    const writing = store.write();
    await driver.decide(put('a', '3'));
    const written = await writing;
    assert.deepEqual([written.applied, written.revision], [4, 4]);
    assert.deepEqual(await rows(), ['a=2@3', 'b=1@4']);
    assert.deepEqual(
      plain(written.events.map(({ revision, events }) => [revision, events.map((event) => event.kv.key)])),
      [
        [3, ['a']],
        [4, ['b']],
      ],
    );
    assert.equal((await store.write()).revision, 5);
    assert.deepEqual(await rows(), ['a=3@5', 'b=1@4']);
    assert.equal(store.undecided_bytes, 0);
    assert.deepEqual((await store.write()).events, []);
  });

  kvTest(
    'a write that comes while records are fetched takes what is decided by then, and nothing after it',
    async (desk) => {
      await desk.run(put('a', '1'));
      const { driver, store, rows, reopen } = await desk.reopen();
      // The record of a is not at hand after a restart: deciding waits for it with b decided.
      const deciding = driver.decide(put('b', '1'), put('a', '2', { prev_kv: true }), put('c', '1'));
      assert.equal((await store.write()).applied, 2);
      assert.deepEqual(await rows(), ['a=1@2', 'b=1@3']);
      await deciding;
      assert.deepEqual(await rows(), ['a=1@2', 'b=1@3']);
      await driver.decide(put('d', '1'));
      assert.equal((await store.write()).applied, 5);
      const again = await reopen();
      assert.deepEqual(await again.rows(), ['a=2@4', 'b=1@3', 'c=1@5', 'd=1@6']);
      await again.store.close();
    },
  );

  kvTest('a delete is an event of its key and revision alone', async ({ driver, run }) => {
    await run(put('a', '1'));
    const written = await driver.runForWritten(remove('a'));
    assert.deepEqual(plain(written.events), [
      { revision: 3, events: [{ type: 'delete', kv: plain({ ...kv('a', ''), mod_revision: 3 }), cause: 'user' }] },
    ]);
  });

  kvTest('B-10 what is written is there after a restart, what was only decided is not', async (desk) => {
    await desk.run(put('a', '1'), put('b', '1'), remove('b'));
    await desk.driver.decide(put('a', '2'));
    const again = await desk.reopen();
    assert.equal(again.driver.index, 3);
    assert.deepEqual(await again.rows(), ['a=1@2']);
    assert.equal(again.store.status.revision, 4);
    assert.equal(again.store.status.keys, 1);
    assert.deepEqual(plain(await again.run(put('b', '2', { prev_kv: true }))), {
      type: 'put',
      put: { revision: 5, prev_kv: null, lease: '0n' },
    });
    await again.store.close();
  });

  kvTest('empty and configuration entries move applied; the membership is kept', async (desk) => {
    const configuration = { voters: [memberOf(7n, 'n1')], learners: [] };
    const entries: Entry[] = [
      { index: 1 as Index, term: 1 as Term, kind: 'configuration', configuration },
      { index: 2 as Index, term: 3 as Term, kind: 'empty' },
    ];
    const decided = await desk.store.decide(entries);
    assert.deepEqual(
      decided.map(({ index, term, decision }) => [index, term, decision]),
      [
        [1, 1, null],
        [2, 3, null],
      ],
    );
    assert.equal((await desk.store.write()).applied, 2);
    const again = await desk.reopen();
    const source = await again.store.snapshot(clusterOf(1n), 'test');
    assert.deepEqual(source.mark, { index: 2, term: 3, configuration });
    await source.close();
    await again.store.close();
  });

  kvTest('the state is opened as another engine from its own pairs, and hashes the same', async (desk, factory) => {
    const id = { client: Uint8Array.of(1, 2), number: 1, since: 0 };
    await desk.run(put('a', '1'), put('a', '2'), remove('a'), {
      operation: put('b', '1', { prev_kv: true }),
      request: id,
    });
    await desk.run(compact(3));
    const copy = await factory.open('store/1');
    const original = await desk.store.hashState();
    await desk.store.close();
    const engine = await factory.open(DIRECTORY);
    for await (const page of engine.iterate(Uint8Array.of(0), Uint8Array.of(0xff))) {
      await copy.write(
        page.map(([key, value]) => ({ type: 'put', key, value })),
        true,
      );
    }
    await engine.close();
    await copy.close();
    const second = new MvccStore(factory, eagerClock);
    assert.deepEqual(await second.open('store/1'), { applied: 5 });
    assert.deepEqual(await second.hashState(), original);
    await second.close();
  });

  kvTest(
    'the state is switched under its readers: each is answered from the one or the other',
    async (desk, factory) => {
      await desk.run(put('a', '1'));
      const other = new MvccStore(factory, eagerClock);
      await other.open('store/1');
      await new Driver(other).run(put('a', '2'), put('b', '2'));
      await other.close();
      const { store, driver, rows } = await desk.reopen();
      await driver.decide(put('lost', '1'));
      const early = rows();
      const switching = store.switchTo('store/1');
      const late = rows();
      assert.equal(store.status.revision, 2);
      const physical = store.compacted(2);
      assert.deepEqual(await switching, { applied: 2 });
      for (const read of [early, late]) assert.ok(['a=1@2', 'a=2@2,b=2@3'].includes((await read).join()));
      assert.deepEqual(await rows(), ['a=2@2', 'b=2@3']);
      const next = new Driver(store, 2);
      await next.run(compact(2));
      await physical;
      assert.deepEqual(await factory.list('store'), ['0', '1']);
      await factory.destroy(DIRECTORY);
      await store.close();
    },
  );

  kvTest('reset discards a state', async ({ store, run }) => {
    await run(put('a', '1'));
    assert.deepEqual(await store.reset(DIRECTORY), { applied: 0 });
    assert.equal((await store.range(rangeRequest('a'))).count, 0);
    assert.equal(store.status.revision, 1);
  });
}
