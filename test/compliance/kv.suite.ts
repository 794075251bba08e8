/** What every revision store promises (store/ports.ts, KvStore), for each engine to run: B-01 … B-29 as far as the store keeps them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { prefixEnd } from '../../machines/language/bytes.js';
import type { Decision, KeyValue, RangeRequest, RangeResult } from '../../machines/language/commands.js';
import { type ErrorName, errors, QuorateError } from '../../machines/language/errors.js';
import { clusterOf, memberOf } from '../store/kv-steps.js';
import type { Entry, Index, Term } from '../../machines/language/vocabulary.js';
import type { EngineFactory } from '../../store/ports.js';
import { MvccStore } from '../../store/mvcc.js';
import {
  ALL,
  bytesOf,
  compact,
  compare,
  Driver,
  eagerClock,
  plain,
  put,
  putRequest,
  rangeRequest,
  remove,
  txn,
  txnRequest,
} from '../store/kv-steps.js';

const DIRECTORY = 'store/0';

interface Desk {
  readonly store: MvccStore;
  readonly driver: Driver;
  readonly run: Driver['run'];
  readonly range: (key: string | Uint8Array, given?: Parameters<typeof rangeRequest>[1]) => Promise<RangeResult>;
  /** `key=value@mod` of all keys, in the order answered. */
  readonly rows: (given?: Parameters<typeof rangeRequest>[1]) => Promise<string[]>;
  readonly get: (key: string, revision?: number) => Promise<KeyValue | undefined>;
  readonly reopen: () => Promise<Desk>;
}

async function openDesk(factory: EngineFactory): Promise<Desk> {
  const store = new MvccStore(factory, eagerClock);
  const { applied } = await store.open(DIRECTORY);
  const driver = new Driver(store, applied);
  const range: Desk['range'] = (key, given) => store.range(rangeRequest(key, given));
  const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  return {
    store,
    driver,
    range,
    run: driver.run.bind(driver),
    rows: async (given) =>
      (await range(ALL, { range_end: ALL, ...given })).kvs.map(
        (kv) => `${textOf(kv.key)}=${textOf(kv.value)}@${kv.mod_revision}`,
      ),
    get: async (key, revision = 0) => (await range(key, { revision })).kvs[0],
    reopen: async () => {
      await store.close();
      return openDesk(factory);
    },
  };
}

const refusedAs = (name: ErrorName) => (error: unknown) => {
  assert.ok(error instanceof QuorateError, String(error));
  assert.equal(error.message, errors[name].message);
  return true;
};
const isError = (decision: Decision, name: ErrorName, revision: number): void =>
  assert.deepEqual(decision, { type: 'error', error: name, revision });

export function describeKv(
  name: string,
  makeFactory: () => Promise<{ factory: EngineFactory; done: () => Promise<void> }>,
): void {
  const kvTest = (title: string, body: (desk: Desk, factory: EngineFactory) => Promise<void>): void =>
    void test(title, async () => {
      const { factory, done } = await makeFactory();
      const desk = await openDesk(factory);
      try {
        await body(desk, factory);
      } finally {
        await desk.store.close();
        await done();
      }
    });

  describe(`revisions on ${name}`, () => describeRevisions(kvTest));
  describe(`ranges on ${name}`, () => describeRanges(kvTest));
  describe(`transactions on ${name}`, () => describeTransactions(kvTest));
  describe(`compaction on ${name}`, () => describeCompaction(kvTest));
  describe(`the written state on ${name}`, () => describeWritten(kvTest));
}

type KvTest = (title: string, body: (desk: Desk, factory: EngineFactory) => Promise<void>) => void;

function describeRevisions(kvTest: KvTest): void {
  kvTest('B-01 a new store is at revision 1, uncompacted; the first write gets 2', async ({ store, run }) => {
    assert.equal(store.status.revision, 1);
    assert.equal(store.status.compact_revision, -1);
    assert.deepEqual(await run(put('a', '1')), { type: 'put', put: { revision: 2, prev_kv: null } });
  });

  kvTest('B-02 all changes of one transaction share a revision', async ({ run, rows }) => {
    await run(txn([], [{ put: putRequest('a', '1') }, { txn: txnRequest([], [{ put: putRequest('b', '2') }]) }]));
    await run(put('c', '3'));
    assert.deepEqual(await rows(), ['a=1@2', 'b=2@2', 'c=3@3']);
  });

  kvTest('B-03 what changes nothing takes no revision; putting the same value does', async ({ run, store }) => {
    assert.deepEqual(plain(await run(remove('a'))), {
      type: 'delete',
      delete: { revision: 1, deleted: 0, prev_kvs: [] },
    });
    await run(txn([], []));
    assert.equal(store.status.revision, 1);
    await run(put('a', '1'), put('a', '1'));
    assert.equal(store.status.revision, 3);
  });

  kvTest('B-05 B-09 create_revision and version begin anew after a delete', async ({ run, get }) => {
    await run(put('a', '1'), put('a', '2'), put('a', '3'));
    assert.deepEqual(
      plain(await get('a')),
      plain({ ...kv('a', '3'), create_revision: 2, mod_revision: 4, version: 3 }),
    );
    await run(remove('a'), put('a', '4'));
    assert.deepEqual(
      plain(await get('a')),
      plain({ ...kv('a', '4'), create_revision: 6, mod_revision: 6, version: 1 }),
    );
  });

  kvTest('B-06 a read at a revision sees what was alive then', async ({ run, get }) => {
    await run(put('a', '1'), put('b', 'x'), remove('a'), put('a', '2'));
    const seen = [];
    for (let revision = 1; revision <= 5; revision++) seen.push((await get('a', revision))?.mod_revision);
    assert.deepEqual(seen, [undefined, 2, 2, undefined, 5]);
  });

  kvTest('B-07 the header shows the revision of the store, not the one asked', async ({ run, range }) => {
    await run(put('a', '1'), put('a', '2'));
    assert.equal((await range('a', { revision: 2 })).revision, 3);
    assert.equal((await range('a', { revision: -7 })).kvs[0]?.mod_revision, 3);
    await assert.rejects(range('a', { revision: 4 }), refusedAs('FutureRev'));
  });

  kvTest('B-08 keys are any bytes, in the order of bytes', async ({ driver, range }) => {
    const keys = [[0], [0, 0], [1], [0x61], [0x61, 0], [0x7f], [0x80], [0xc3, 0xa9], [0xff], [0xff, 0xff]];
    await driver.run(...[...keys].reverse().map((key) => put(Uint8Array.from(key), 'v')));
    const all = await range(ALL, { range_end: ALL });
    assert.deepEqual(
      all.kvs.map((row) => [...row.key]),
      keys,
    );
    assert.equal((await range(Uint8Array.of(0xff), { range_end: prefixEnd(Uint8Array.of(0xff)) })).count, 2);
  });

  kvTest('put: previous values, ignore_value, ignore_lease, and leases that nobody granted', async ({ run, get }) => {
    isError(await run(put('a', '', { ignore_value: true })), 'KeyNotFound', 1);
    isError(await run(put('a', '', { ignore_lease: true })), 'KeyNotFound', 1);
    isError(await run(put('a', '1', { lease: 7n })), 'LeaseNotFound', 1);
    await run(put('a', '1'));
    const kept = await run(put('a', '', { ignore_value: true, prev_kv: true }));
    assert.deepEqual(plain(kept), {
      type: 'put',
      put: { revision: 3, prev_kv: plain({ ...kv('a', '1'), create_revision: 2, mod_revision: 2, version: 1 }) },
    });
    assert.equal((await get('a'))?.version, 2);
    assert.deepEqual(plain((await get('a'))?.value), '1');
    await run(put('a', '2', { ignore_lease: true }));
    assert.deepEqual(plain((await get('a'))?.value), '2');
  });

  kvTest('delete: ranges, counts and previous values', async ({ run, rows }) => {
    await run(put('a', '1'), put('b', '2'), put('c', '3'), put('d', '4'));
    const decision = await run(remove('b', { range_end: 'd', prev_kv: true }));
    assert.ok(decision.type === 'delete');
    assert.equal(decision.delete.deleted, 2);
    assert.deepEqual(plain(decision.delete.prev_kvs.map((row) => row.value)), ['2', '3']);
    assert.deepEqual(await rows(), ['a=1@2', 'd=4@5']);
    await run(remove('d', { range_end: 'b' }));
    await run(remove('a', { range_end: ALL }));
    assert.deepEqual(await rows(), []);
  });
}

const kv = (key: string, value: string): KeyValue => ({
  key: bytesOf(key),
  value: bytesOf(value),
  create_revision: 0,
  mod_revision: 0,
  version: 0,
  lease: 0n,
});

function describeRanges(kvTest: KvTest): void {
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

function describeTransactions(kvTest: KvTest): void {
  const holds = async ({ run }: Desk, ...compares: ReturnType<typeof compare>[]): Promise<boolean> => {
    const decision = await run(txn(compares, []));
    assert.ok(decision.type === 'txn');
    return decision.txn.succeeded;
  };

  kvTest('comparisons: each target and result, stored ⟨result⟩ given', async (desk) => {
    await desk.run(put('a', 'm'), put('a', 'n'));
    assert.equal(await holds(desk, compare('a', 'version', 'equal', { version: 2 })), true);
    assert.equal(await holds(desk, compare('a', 'version', 'greater', { version: 2 })), false);
    assert.equal(await holds(desk, compare('a', 'create', 'less', { create_revision: 3 })), true);
    assert.equal(await holds(desk, compare('a', 'mod', 'not_equal', { mod_revision: 3 })), false);
    assert.equal(await holds(desk, compare('a', 'value', 'greater', { value: 'm' })), true);
    assert.equal(await holds(desk, compare('a', 'lease', 'equal')), true);
    assert.equal(
      await holds(desk, compare('a', 'version', 'equal', { version: 2 }), compare('a', 'mod', 'equal')),
      false,
    );
  });

  kvTest('a missing key compares as zeros, and never by value; B-19 so does an empty range', async (desk) => {
    assert.equal(await holds(desk, compare('a', 'version', 'equal')), true);
    assert.equal(await holds(desk, compare('a', 'create', 'equal', { range_end: 'c' })), true);
    for (const result of ['equal', 'not_equal', 'greater', 'less'] as const) {
      assert.equal(await holds(desk, compare('a', 'value', result)), false);
      assert.equal(await holds(desk, compare('a', 'value', result, { range_end: 'c' })), false);
    }
  });

  kvTest('B-19 a comparison over a range holds when it does for every key', async (desk) => {
    await desk.run(put('a', '1'), put('b', '1'), put('b', '1'), put('c', '2'));
    assert.equal(await holds(desk, compare('a', 'value', 'equal', { range_end: 'c', value: '1' })), true);
    assert.equal(await holds(desk, compare('a', 'value', 'equal', { range_end: ALL, value: '1' })), false);
    assert.equal(await holds(desk, compare('a', 'version', 'equal', { range_end: 'c', version: 1 })), false);
  });

  kvTest('B-11 comparisons, nested ones too, see the state before the transaction', async ({ run }) => {
    const inner = txnRequest([compare('a', 'version', 'equal')], [{ put: putRequest('b', 'absent') }], []);
    const decision = await run(txn([], [{ put: putRequest('a', '1') }, { txn: inner }]));
    assert.ok(decision.type === 'txn');
    const nested = decision.txn.responses[1];
    assert.ok(nested !== undefined && 'txn' in nested);
    assert.equal(nested.txn.succeeded, true);
  });

  kvTest('B-06 B-16 operations run in order and see what came before them', async ({ run }) => {
    await run(put('b', 'old'));
    const all = { range: rangeRequest(ALL, { range_end: ALL }) };
    const past = { range: rangeRequest(ALL, { range_end: ALL, revision: 2 }) };
    const decision = await run(
      txn([], [all, { put: putRequest('a', '1') }, all, past, { delete: { ...remove('b').delete } }, all]),
    );
    assert.ok(decision.type === 'txn');
    const keys = decision.txn.responses.map((response) =>
      'range' in response ? response.range.kvs.map((row) => plain(row.key)).join('') : '-',
    );
    assert.deepEqual(keys, ['b', '-', 'ab', 'b', '-', 'a']);
    assert.equal(decision.txn.revision, 3, 'B-18');
  });

  kvTest('B-14 one operation that cannot be done, and nothing is', async ({ run, store }) => {
    await run(put('k', '1'));
    const first = { put: putRequest('a', '1') };
    const bad = async (operation: Parameters<typeof txnRequest>[1][number], error: ErrorName): Promise<void> => {
      isError(await run(txn([], [first, operation])), error, 2);
      isError(await run(txn([], [first, { txn: txnRequest([], [operation]) }])), error, 2);
    };
    await bad({ put: putRequest('b', '', { ignore_value: true }) }, 'KeyNotFound');
    // The check looks at the state before: the key that the transaction itself makes does not count.
    await bad({ put: putRequest('a', '', { ignore_lease: true }) }, 'KeyNotFound');
    await bad({ put: putRequest('b', '', { lease: 1n }) }, 'LeaseNotFound');
    await bad({ range: rangeRequest('a', { revision: 3 }) }, 'FutureRev');
    assert.equal(store.status.revision, 2);
    const other = await run(
      txn([compare('a', 'version', 'equal')], [first], [{ range: rangeRequest('a', { revision: 9 }) }]),
    );
    assert.equal(other.type, 'txn', 'the branch that does not run is not checked');
  });

  kvTest('B-20 a failed comparison is no error: the other list runs', async ({ run, rows }) => {
    const decision = await run(
      txn([compare('a', 'version', 'greater')], [{ put: putRequest('a', 'then') }], [{ put: putRequest('a', 'else') }]),
    );
    assert.ok(decision.type === 'txn' && !decision.txn.succeeded);
    assert.deepEqual(await rows(), ['a=else@2']);
  });

  kvTest(
    'B-12 where the gaps let a key be put and deleted in one revision, the order decides',
    async ({ run, rows, driver }) => {
      await run(put('b', '1'));
      const sibling = (operation: Parameters<typeof txnRequest>[1][number]) => ({ txn: txnRequest([], [operation]) });
      const written = await driver.runForWritten(
        txn([], [sibling({ put: putRequest('a', '1') }), sibling({ delete: remove('a').delete })]),
        txn([], [{ delete: remove('a', { range_end: ALL }).delete }, { put: putRequest('b', '2') }]),
      );
      assert.deepEqual(await rows(), ['b=2@4']);
      assert.deepEqual(
        written.events.map(({ revision, events }) => [revision, events.map((event) => event.type).join()]),
        [
          [3, 'put,delete'],
          [4, 'delete,put'],
        ],
      );
    },
  );

  kvTest('B-17 read-only transactions read the written state at one revision', async ({ run, store, driver }) => {
    await run(put('a', '1'));
    await driver.decide(put('a', '2'));
    const all = { range: rangeRequest(ALL, { range_end: ALL }) };
    const result = await store.read(txnRequest([compare('a', 'value', 'equal', { value: '1' })], [all], []));
    assert.equal(result.succeeded, true);
    assert.equal(result.revision, 2);
    await assert.rejects(
      store.read(txnRequest([], [{ range: rangeRequest('a', { revision: 3 }) }])),
      refusedAs('FutureRev'),
    );
    await store.write();
  });
}

function describeCompaction(kvTest: KvTest): void {
  kvTest('B-23 compaction: what is refused, and what stays readable', async ({ run, get, store }) => {
    await run(put('a', '1'), put('a', '2'), put('a', '3'));
    isError(await run(compact(5)), 'FutureRev', 4);
    assert.deepEqual(await run(compact(3)), { type: 'compact', compact: { revision: 4 } });
    isError(await run(compact(3)), 'Compacted', 4);
    isError(await run(compact(2)), 'Compacted', 4);
    await store.compacted(3);
    await assert.rejects(get('a', 2), refusedAs('Compacted'));
    assert.equal((await get('a', 3))?.mod_revision, 3);
    assert.equal((await get('a', 4))?.mod_revision, 4);
    isError(await run(txn([], [{ range: rangeRequest('a', { revision: 2 }) }])), 'Compacted', 4);
    assert.deepEqual(
      await run(compact(4)),
      { type: 'compact', compact: { revision: 4 } },
      'the current revision is allowed',
    );
    assert.equal(store.status.compact_revision, 4);
  });

  kvTest(
    'B-24 compaction keeps the newest of each living key, and a tombstone at exactly its revision',
    async (desk) => {
      const { run, store, driver } = desk;
      // gone: 2 3†   stays: 4 5   edge: 6 7†   later: 8 †9
      await run(
        put('gone', '1'),
        remove('gone'),
        put('stays', '1'),
        put('stays', '2'),
        put('edge', '1'),
        remove('edge'),
      );
      await run(compact(7), put('later', '1'), remove('later'));
      await store.compacted(7);
      assert.deepEqual(await desk.rows({ revision: 7 }), ['stays=2@5']);
      assert.deepEqual(await desk.rows({ revision: 8 }), ['stays=2@5', 'later=1@8'].sort());
      const source = await store.snapshot(clusterOf(1n), 'test');
      await source.close();
      // Of nine records five are left: stays@5, edge's tombstone @7, later @8 and its tombstone @9 …
      assert.equal(await countRecords(desk), 4);
      assert.equal(driver.index, 9);
    },
  );

  kvTest('B-25 a compaction that was cut short is done after a restart', async (desk) => {
    await desk.run(put('a', '1'), put('a', '2'), put('a', '3'));
    await desk.run(compact(4));
    const again = await desk.reopen();
    await again.store.compacted(4);
    assert.equal(again.store.status.compact_revision, 4);
    assert.equal(await countRecords(again), 1);
    await again.store.close();
  });

  kvTest('B-26 hashes agree whatever the physical progress, and name their revisions', async (desk) => {
    const { run, store } = desk;
    await run(put('a', '1'), put('b', '1'), put('a', '2'), remove('b'), put('c', '1'));
    assert.equal((await store.hashKv(0)).compact_revision, -1);
    await run(compact(4));
    const early = await store.hashKv(6);
    const earlyState = await store.hashState();
    await store.compacted(4);
    assert.deepEqual(await store.hashKv(6), early);
    assert.deepEqual(await store.hashState(), earlyState);
    assert.deepEqual({ ...early, hash: 0 }, { revision: 6, hash: 0, compact_revision: 4, hash_revision: 6 });
    assert.notEqual((await store.hashKv(5)).hash, early.hash);
    await assert.rejects(store.hashKv(3), refusedAs('Compacted'));
    await assert.rejects(store.hashKv(7), refusedAs('FutureRev'));
  });

  kvTest(
    'reads in flight while compactions run meet no hole: the answer, or Compacted',
    async ({ run, store, driver }) => {
      const keys = Array.from({ length: 300 }, (_, i) => `k${String(i).padStart(4, '0')}`);
      for (const value of ['u', 'v']) await run(...keys.map((key) => put(key, value.repeat(100))));
      for (let round = 0; round < 8; round++) {
        const at = store.status.revision;
        const reads = [0, at, at - 50].map(async (revision) => {
          try {
            const result = await store.range(rangeRequest(ALL, { range_end: ALL, revision }));
            assert.equal(result.kvs.length, 300);
            assert.ok(result.kvs.every((row) => row.value.length === 100));
          } catch (error) {
            refusedAs('Compacted')(error);
          }
        });
        await driver.decide(...keys.map((key) => put(key, 'w'.repeat(100))), compact(at + 150));
        await Promise.all([...reads, store.write().then(() => store.compacted(at + 150))]);
      }
    },
  );
}

/** Records in the engine, counted through the hash's own iteration: a second open must find as many. */
async function countRecords(desk: Desk): Promise<number> {
  const source = await desk.store.snapshot(clusterOf(1n), 'test');
  let bytes = Buffer.alloc(0);
  for (let piece = await source.next(); piece !== null; piece = await source.next())
    bytes = Buffer.concat([bytes, piece]);
  await source.close();
  const head = bytes.readUInt32BE(8);
  let at = 12 + head;
  let records = 0;
  let pairs = Buffer.alloc(0);
  for (let length = bytes.readUInt32BE(at); length > 0; length = bytes.readUInt32BE(at)) {
    pairs = Buffer.concat([pairs, bytes.subarray(at + 8, at + 8 + length)]);
    at += 8 + length;
  }
  for (let from = 0; from < pairs.length;) {
    const key = pairs.readUInt32BE(from);
    if (pairs[from + 8] === 'r'.charCodeAt(0)) records++;
    from += 8 + key + pairs.readUInt32BE(from + 4);
  }
  return records;
}

function describeWritten(kvTest: KvTest): void {
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

  kvTest('a delete is an event of its key and revision alone', async ({ driver, run }) => {
    await run(put('a', '1'));
    const written = await driver.runForWritten(remove('a'));
    assert.deepEqual(plain(written.events), [
      { revision: 3, events: [{ type: 'delete', kv: plain({ ...kv('a', ''), mod_revision: 3 }) }] },
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
      put: { revision: 5, prev_kv: null },
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

  kvTest('reset discards a state', async ({ store, run }) => {
    await run(put('a', '1'));
    assert.deepEqual(await store.reset(DIRECTORY), { applied: 0 });
    assert.equal((await store.range(rangeRequest('a'))).count, 0);
    assert.equal(store.status.revision, 1);
  });
}
