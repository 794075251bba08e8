/** What an open revision store holds, as its rooms share it (recovery, writes, reads, compaction, folding, hashes). */
import type { StoredConfiguration } from '../machines/language/commands.js';
import type { Configuration } from '../machines/language/vocabulary.js';
import { encodeConfiguration, decodeConfiguration } from '../machines/language/codec.js';
import type { Draft } from './draft.js';
import { EMPTY_MARK, type Mark } from './journal.js';
import type { KeyIndex } from './key-index.js';
import { nameKey } from './keys.js';
import type { LeaseTable } from './lease-table.js';
import type { Engine } from './ports.js';
import type { ReadBudget } from './read-budget.js';
import type { RequestTable } from './requests.js';
import type { ValueCache } from './value-cache.js';

/** Where the chain begins: everything up to `mark` is in the pages of `generation`. */
export interface Base {
  readonly format: 1;
  readonly mark: Mark;
  readonly generation: number;
  readonly pages: number;
  readonly page_bytes: number;
  /** The pages may hold changes up to this index: a chain that ends before it has lost its end. */
  readonly pages_to: number;
}
export const EMPTY_BASE: Base = {
  format: 1,
  mark: EMPTY_MARK,
  generation: 0,
  pages: 0,
  page_bytes: 0,
  pages_to: 0,
};

export interface StoreState {
  readonly engine: Engine;
  readonly index: KeyIndex;
  readonly draft: Draft;
  /** The last entry decided. */
  draft_index: number;
  readonly requests: RequestTable;
  /** As decided: what the next write will make durable. */
  readonly leases: LeaseTable;
  readonly cache: ValueCache;
  readonly budget: ReadBudget;
  /** The state as written: durable and visible. */
  written: Mark;
  configuration: StoredConfiguration;
  base: Base;
  journal_bytes: number;
  /** Rows of request records in the engine, oldest first, by the applied index each ends at. */
  request_rows: number[];
  /** Keys that are alive. */
  keys: number;
  /** The compaction whose physical work is done. */
  finished_compaction: number;
  /** The engine's writers take turns; so does who needs engine and memory to agree. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  closed: boolean;
}

export function makeTurns(): StoreState['inTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    // Whoever asked hears of a failure; the next one in line only waits for the end.
    last = mine.catch(() => undefined);
    return mine;
  };
}

/* ---- single rows ---------------------------------------------------------------------------------------------- */

export const baseKey = nameKey('base');
export const configurationKey = nameKey('configuration');
export const compactionKey = nameKey('compaction');

const NO_CONFIGURATION: Configuration = { voters: [], learners: [] };
export const NOT_CONFIGURED: StoredConfiguration = { index: 0, configuration: NO_CONFIGURATION };

export const encodeJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
export const decodeJson = (row: Uint8Array): unknown => JSON.parse(Buffer.from(row).toString());

export const encodeStoredConfiguration = (stored: StoredConfiguration): Buffer =>
  encodeJson({
    index: stored.index,
    configuration: Buffer.from(encodeConfiguration(stored.configuration)).toString('base64'),
  });

export function decodeStoredConfiguration(row: Uint8Array): StoredConfiguration {
  const { index, configuration } = decodeJson(row) as { index: number; configuration: string };
  return { index, configuration: decodeConfiguration(Buffer.from(configuration, 'base64')) };
}
