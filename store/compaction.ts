/**
 * The physical side of compaction (B-24 … B-26): in the background, in batches with pauses, old changes leave the
 * engine and then the key index. Nothing reads them any more: the compaction was decided and written before.
 */
import { limits } from '../machines/language/limits.js';
import type { Clock } from '../machines/language/time.js';
import { compactHistory, isCompactable, type Place } from './key-history.js';
import { FIRST_KEY, PAST_LAST_KEY } from './key-index.js';
import type { EngineWrite } from './ports.js';
import { revisionKey } from './revision.js';
import { compactionKey, encodeJson, type StoreState } from './state.js';

/** Takes what the written compaction allows, until none is left to do. After a restart it simply begins anew (B-25). */
export async function sweep(state: StoreState, clock: Clock, finished: (revision: number) => void): Promise<void> {
  while (!state.closed && state.finished_compaction < state.written.compact_revision) {
    const revision = state.written.compact_revision;
    let next: string | undefined = FIRST_KEY;
    while (next !== undefined && !state.closed) {
      next = await sweepSome(state, revision, next);
      if (next !== undefined) await pause(clock, limits.compaction_pause_ms);
    }
    if (state.closed) return;
    const row = encodeJson({ revision });
    // Synced: who asked for a physical compaction is told that the data is gone.
    await state.inTurn(() => state.engine.write([{ type: 'put', key: compactionKey, value: row }], true));
    state.finished_compaction = revision;
    finished(revision);
  }
}

/** One batch of keys. Returns where to go on. */
async function sweepSome(state: StoreState, revision: number, from: string): Promise<string | undefined> {
  const keys: string[] = [];
  const taken: Place[] = [];
  let next: string | undefined = from;
  let visited = 0;
  while (next !== undefined && taken.length < limits.compaction_batch_keys && visited < limits.keys_per_turn_max) {
    const some = Math.min(limits.compaction_batch_keys, limits.keys_per_turn_max - visited);
    next = state.index.visit(next, PAST_LAST_KEY, some, (key, history) => {
      if (!isCompactable(history, revision)) return;
      keys.push(key);
      compactHistory(history, revision, taken);
    });
    visited += some;
  }
  if (keys.length === 0) return next;
  const deletes = taken.map(({ main, sub }): EngineWrite => ({ type: 'delete', key: revisionKey(main, sub) }));
  await state.inTurn(async () => {
    if (state.closed) return;
    // The engine first: a page of the index folded after this must not forget a record that is still there.
    await state.engine.write(deletes, false);
    for (const key of keys) {
      const history = state.index.get(key);
      const rest = history === undefined ? undefined : compactHistory(history, revision, []);
      if (rest === undefined) state.index.delete(key);
      else state.index.set(key, rest);
    }
    countTaken(state, taken.length);
  });
  return next;
}

/** Sizes are not known without reading what is deleted: the average will do for an estimate. */
function countTaken(state: StoreState, taken: number): void {
  const { records, record_bytes } = state.written;
  const left = Math.max(0, records - taken);
  state.written = {
    ...state.written,
    records: left,
    record_bytes: records === 0 ? 0 : Math.round((record_bytes * left) / records),
  };
}

export const pause = (clock: Clock, delay_ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, delay_ms));
