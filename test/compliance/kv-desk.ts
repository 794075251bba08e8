/** A revision store on some engine, and short ways to ask it. */
import assert from 'node:assert/strict';
import type { Decision, KeyValue, RangeResult } from '../../machines/language/commands.js';
import { type ErrorName, errors, QuorateError } from '../../machines/language/errors.js';
import { MvccStore } from '../../store/mvcc.js';
import type { EngineFactory } from '../../store/ports.js';
import { ALL, bytesOf, clusterOf, Driver, eagerClock, rangeRequest } from '../store/kv-steps.js';

export const DIRECTORY = 'store/0';

export interface Desk {
  readonly store: MvccStore;
  readonly driver: Driver;
  readonly run: Driver['run'];
  readonly range: (key: string | Uint8Array, given?: Parameters<typeof rangeRequest>[1]) => Promise<RangeResult>;
  /** `key=value@mod` of all keys, in the order answered. */
  readonly rows: (given?: Parameters<typeof rangeRequest>[1]) => Promise<string[]>;
  readonly get: (key: string, revision?: number) => Promise<KeyValue | undefined>;
  readonly reopen: () => Promise<Desk>;
}

export async function openDesk(factory: EngineFactory): Promise<Desk> {
  const store = new MvccStore(factory, eagerClock);
  const { applied } = await store.open(DIRECTORY);
  const driver = new Driver(store, applied);
  const range: Desk['range'] = async (key, given) => {
    const request = rangeRequest(key, given);
    const result = await store.range(request);
    // What can be answered at once is answered the same.
    assert.deepEqual(store.rangeAtHand(request) ?? result, result);
    return result;
  };
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

export const refusedAs = (name: ErrorName) => (error: unknown) => {
  assert.ok(error instanceof QuorateError, String(error));
  assert.equal(error.message, errors[name].message);
  return true;
};
export const isError = (decision: Decision, name: ErrorName, revision: number): void =>
  assert.deepEqual(decision, { type: 'error', error: name, revision });

export type KvTest = (title: string, body: (desk: Desk, factory: EngineFactory) => Promise<void>) => void;

export const kv = (key: string, value: string): KeyValue => ({
  key: bytesOf(key),
  value: bytesOf(value),
  create_revision: 0,
  mod_revision: 0,
  version: 0,
  lease: 0n,
});

/** Records in the engine, counted through the hash's own iteration: a second open must find as many. */
export async function countRecords(desk: Desk): Promise<number> {
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
