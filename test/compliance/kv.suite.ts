/**
 * What every revision store promises (store/ports.ts, KvStore), for each engine to run: B-01 … B-29 as far as the
 * store keeps them.
 */
import { describe, test } from 'node:test';
import type { EngineFactory } from '../../store/ports.js';
import { describeCompaction } from './kv-compaction.suite.js';
import { type KvTest, openDesk } from './kv-desk.js';
import { describeHistory } from './kv-history.suite.js';
import { describeLeases } from './kv-leases.suite.js';
import { describeRanges } from './kv-ranges.suite.js';
import { describeRevisions } from './kv-revisions.suite.js';
import { describeTransactions } from './kv-transactions.suite.js';
import { describeWritten } from './kv-written.suite.js';

export function describeKv(
  name: string,
  makeFactory: () => Promise<{ factory: EngineFactory; done: () => Promise<void> }>,
): void {
  const kvTest: KvTest = (title, body) =>
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
  describe(`history on ${name}`, () => describeHistory(kvTest));
  describe(`leases on ${name}`, () => describeLeases(kvTest));
  describe(`compaction on ${name}`, () => describeCompaction(kvTest));
  describe(`the written state on ${name}`, () => describeWritten(kvTest));
}
