/**
 * Folding: the key index is written as pages, and the journal before that moment goes. Pages are written one at a
 * time while the store works on; a change that came between is in its page and in the journal, and counts once.
 */
import { limits } from '../machines/language/limits.js';
import type { Clock } from '../machines/language/time.js';
import { pause } from './compaction.js';
import { page } from './journal.js';
import { FIRST_KEY, PAST_LAST_KEY } from './key-index.js';
import { journalPrefix, numberKey, numberPartKey, pagePrefix, prefixRange } from './keys.js';
import type { EngineWrite } from './ports.js';
import { type Base, baseKey, encodeJson, type StoreState } from './state.js';

const KEYS_PER_PAGE = 2_000;

/** Is the journal long enough for folding to pay? The pages are written whole each time. */
export const isFoldDue = (state: StoreState, journal_bytes_min: number): boolean =>
  state.journal_bytes > Math.max(journal_bytes_min, state.base.page_bytes);

export async function fold(state: StoreState, clock: Clock): Promise<void> {
  const previous = state.base;
  const { written: mark, journal_bytes } = state;
  const generation = previous.generation + 1;
  // What an earlier attempt left.
  await state.inTurn(() => clearPages(state, generation, null));
  let pages = 0;
  let page_bytes = 0;
  let next: string | undefined = FIRST_KEY;
  while (next !== undefined) {
    if (state.closed) return;
    next = await state.inTurn(async () => {
      const following = state.index.visit(next as string, PAST_LAST_KEY, KEYS_PER_PAGE, (key, history) =>
        page.add(key, history),
      );
      const value = page.take();
      page_bytes += value.length;
      const key = numberPartKey(pagePrefix, generation, pages++);
      await state.engine.write([{ type: 'put', key, value }], false);
      return following;
    });
    if (next !== undefined) await pause(clock, limits.compaction_pause_ms);
  }
  await state.inTurn(async () => {
    if (state.closed) return;
    const base: Base = { format: 1, mark, generation, pages, page_bytes, pages_to: state.written.index };
    const switched: EngineWrite[] = [{ type: 'put', key: baseKey, value: encodeJson(base) }];
    // [safety] Synced, after all its pages in the same log: from here on the chain begins at `mark`.
    await state.engine.write(switched, true);
    state.base = base;
    state.journal_bytes -= journal_bytes;
    await clearPages(state, 0, generation);
    await state.engine.deleteRange(prefixRange(journalPrefix)[0], numberKey(journalPrefix, mark.index + 1));
  });
}

/** Deletes pages of generations from ≤ generation < to. */
async function clearPages(state: StoreState, from: number, to: number | null): Promise<void> {
  if (state.closed) return;
  const end = to === null ? prefixRange(pagePrefix)[1] : numberPartKey(pagePrefix, to, 0);
  await state.engine.deleteRange(numberPartKey(pagePrefix, from, 0), end);
}
