/** What the raft log promises on any disk that keeps what was synced (store/ports.ts, LogStore). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvariantError } from '../../machines/language/invariant.js';
import { type ClusterId, index } from '../../machines/language/vocabulary.js';
import { clusterIdOf } from '../../store/birth.js';
import type { Disk } from '../../store/ports.js';
import { configuration, entries, entry, hardState, held, mark, members, openLog, small } from '../store/log-support.js';

const birth = { cluster_name: 'quorate', members };
const all = Number.MAX_SAFE_INTEGER;

export function describeLog(name: string, makeDisk: () => Promise<{ disk: Disk; done: () => Promise<void> }>): void {
  const run = async (body: (disk: Disk) => Promise<void>): Promise<void> => {
    const { disk, done } = await makeDisk();
    try {
      await body(disk);
    } finally {
      await done();
    }
  };

  describe(`raft log: ${name}`, () => {
    test('a new log is empty, and stays so when opened again', () =>
      run(async (disk) => {
        for (let round = 0; round < 2; round++) {
          const { log, state } = await openLog(disk);
          assert.deepEqual(state.hardState, { term: 0, vote: null, commit: 0 });
          assert.equal(state.cluster, null);
          assert.equal(state.stateDirectory, 'store/0');
          assert.equal(log.last, 0);
          assert.equal(log.termAt(index(0)), 0);
          await log.close();
        }
      }));

    test('a cluster is born once, with the same id on every member, whatever order the members are listed in', () =>
      run(async (disk) => {
        const { log } = await openLog(disk);
        const born = await log.bear(birth);
        assert.equal(born.cluster, clusterIdOf({ ...birth, members: [...members].reverse() }));
        assert.equal(born.hardState.term, 1);
        assert.equal(held(log), '1@1');
        await assert.rejects(log.bear(birth), InvariantError);
        await log.close();
        const { log: again, state } = await openLog(disk);
        assert.equal(state.cluster, born.cluster);
        assert.deepEqual(state.configurations.at(-1), { index: 1, configuration });
        await again.close();
      }));

    test('whom the first entry recorded is known after that entry and its segment are gone', () =>
      run(async (disk) => {
        const { log } = await openLog(disk);
        assert.equal(log.birth, null);
        await log.bear(birth);
        for (let i = 2; i <= 60; i++) await log.write({ hardState: hardState(1), entries: [entry(i, 1)] });
        await log.trim(mark(50, 1));
        await log.close();
        const { log: again } = await openLog(disk);
        assert.deepEqual(again.birth, configuration.voters);
        await again.close();
      }));

    test('what was written is there when opened again: hard state, entries, votes of 64 bits', () =>
      run(async (disk) => {
        const { log } = await openLog(disk);
        await log.write({ hardState: hardState(2, 1), entries: entries(1, 40, 2) });
        await log.write({ hardState: hardState(3, 40), entries: [] });
        assert.equal(log.last, 40);
        const before = log.slice(index(1), index(40), all);
        await log.close();
        const { log: again, state } = await openLog(disk);
        assert.deepEqual(state.hardState, hardState(3, 40));
        assert.deepEqual(again.slice(index(1), index(40), all), before);
        assert.equal(again.bytes, log.bytes);
        await again.close();
      }));

    test('it goes on over many segments', () =>
      run(async (disk) => {
        for (let i = 1; i <= 60; i += 3) {
          const { log } = await openLog(disk);
          assert.equal(log.last, i - 1);
          for (let one = i; one < i + 3; one++)
            await log.write({ hardState: hardState(1, one - 1), entries: [entry(one, 1)] });
          await log.close();
        }
        assert.ok((await disk.list('log')).length > 3, 'several segments were written');
        const { log } = await openLog(disk);
        assert.equal(log.slice(index(1), index(60), all).length, 60);
        await log.close();
      }));

    test('a slice is cut after the first entry that passes the bytes, and holds at least one', () =>
      run(async (disk) => {
        const { log } = await openLog(disk);
        await log.write({ hardState: hardState(1), entries: entries(1, 10, 1) });
        assert.equal(log.slice(index(3), index(8), 1).length, 1);
        assert.equal(log.slice(index(3), index(8), 100).length, 3);
        assert.equal(log.slice(index(3), index(99), all).length, 8);
        assert.equal(log.slice(index(11), index(99), all).length, 0);
        assert.equal(log.termAt(index(11)), undefined);
        await log.close();
      }));

    test('entries replace what conflicts with them, across segments too', () =>
      run(async (disk) => {
        const { log } = await openLog(disk);
        for (let i = 1; i <= 30; i++) await log.write({ hardState: hardState(1), entries: [entry(i, 1)] });
        await log.write({ hardState: hardState(2), entries: entries(11, 12, 2) });
        assert.equal(log.last, 12);
        assert.equal(log.termAt(index(10)), 1);
        assert.equal(log.termAt(index(11)), 2);
        await log.close();
        const { log: again } = await openLog(disk);
        assert.equal(held(again), held(log));
        await assert.rejects(again.write({ hardState: hardState(2), entries: [entry(14, 2)] }), InvariantError);
        await again.write({ hardState: hardState(2), entries: [entry(13, 2)] });
        await again.close();
      }));

    test('a trimmed log starts at its mark, now and when opened again, and old segments are gone', () =>
      run(async (disk) => {
        const { log } = await openLog(disk);
        for (let i = 1; i <= 60; i++) await log.write({ hardState: hardState(1), entries: [entry(i, 1)] });
        const files = (await disk.list('log')).length;
        await log.trim(mark(50, 1));
        assert.ok((await disk.list('log')).length < files);
        assert.equal(log.start.index, 50);
        assert.equal(log.termAt(index(50)), 1);
        assert.equal(log.termAt(index(49)), undefined);
        await log.trim(mark(40, 1));
        assert.equal(log.start.index, 50, 'a trim never goes back');
        await log.write({ hardState: hardState(1), entries: [entry(61, 1)] });
        await log.close();
        const { log: again, state } = await openLog(disk);
        assert.deepEqual(again.start, mark(50, 1));
        assert.equal(again.last, 61);
        assert.equal(again.bytes, log.bytes);
        assert.ok(state.hardState.commit >= 50, 'what was trimmed is committed');
        assert.deepEqual(state.configurations, [{ index: 50, configuration }]);
        await again.trim(mark(61, 1));
        await again.write({ hardState: hardState(1), entries: [entry(62, 1)] });
        assert.equal(held(again), '62@1');
        await again.close();
      }));

    test('an installed snapshot keeps the entries that belong to it, and drops all where they do not', () =>
      run(async (disk) => {
        const cluster = 7n as ClusterId;
        const { log } = await openLog(disk);
        for (let i = 1; i <= 40; i++) await log.write({ hardState: hardState(1), entries: [entry(i, 1)] });
        await log.install(mark(30, 1), 'store/1', cluster);
        assert.equal(log.start.index, 30);
        assert.equal(log.last, 40);
        await log.install(mark(35, 2), 'store/2', cluster);
        assert.equal(log.last, 35, 'entry 35 was of another term');
        await log.install(mark(500, 3), 'store/2', cluster);
        await log.install(mark(500, 3), 'store/3', cluster); // The state at the log's start was lost, and came again.
        assert.equal((await disk.list('log')).length, 1, 'nothing before is needed');
        await log.write({ hardState: hardState(3, 500), entries: [entry(501, 3)] });
        await log.close();
        const { log: again, state } = await openLog(disk);
        assert.deepEqual(again.start, mark(500, 3));
        assert.equal(held(again), '501@3');
        assert.equal(state.cluster, cluster);
        assert.equal(state.stateDirectory, 'store/3');
        await again.close();
      }));

    test('a batch larger than a segment is one batch', () =>
      run(async (disk) => {
        const { log } = await openLog(disk);
        await log.write({ hardState: hardState(1), entries: entries(1, 300, 1) });
        await log.write({ hardState: hardState(1), entries: entries(301, 302, 1) });
        await log.close();
        const { log: again } = await openLog(disk, { ...small, segment_bytes: 1 << 20 });
        assert.equal(again.last, 302);
        await again.close();
      }));
  });
}
