/**
 * The revision store: the replicated state of a member on an engine. Its rooms are the other files; here they are
 * joined.
 */
import 'reflect-metadata';
import { inject, Lifecycle, scoped } from 'tsyringe';
import type { HashKvResult, RangeRequest, RangeResult, TxnRequest, TxnResult } from '../machines/language/commands.js';
import { invariant } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import { type Clock, CLOCK } from '../machines/language/time.js';
import type { ClusterId, Entry, Index, Revision } from '../machines/language/vocabulary.js';
import { emptyPending, encodeBatch, makeVisible, nothingNew, type Pending } from './batch.js';
import { sweep } from './compaction.js';
import { decideBatch, type Fetched, placeName } from './deciding.js';
import { fold, isFoldDue } from './fold.js';
import { hashKv, hashState } from './hash.js';
import { readHistory, readPage, readPrevious } from './history.js';
import { viewOf } from './lease-table.js';
import { ENGINE_FACTORY } from './ports.js';
import type { Decided, EngineFactory, KvStatus, KvStore, LeaseView, SnapshotSource, Written } from './ports.js';
import { readAtHand, readRange, readTxn } from './reads.js';
import { recoverState } from './recovery.js';
import type { StoreState } from './state.js';
import { streamOf } from './state-stream.js';
import { makeWaiters } from './waiters.js';

/** The engine is asked for its size again after this much was written. */
const BYTES_BETWEEN_SIZES = 1024 * 1024;

@scoped(Lifecycle.ContainerScoped)
export class MvccStore implements KvStore {
  #state: StoreState | null = null;
  #pending = emptyPending();
  #fetched: Fetched = new Map();
  #writing_bytes = 0;
  #background: Promise<void> | null = null;
  /** What went wrong in the background: it ends the node at the next call. */
  #failure: Error | null = null;
  readonly #waiters = makeWaiters();
  #size = { bytes: 0, grown: 0 };
  /** Smaller in tests that want to see folding. */
  journal_bytes_before_fold: number = limits.journal_bytes_before_fold;

  constructor(
    @inject(ENGINE_FACTORY) private readonly engines: EngineFactory,
    @inject(CLOCK) private readonly clock: Clock,
  ) {}

  async open(stateDirectory: string): Promise<{ readonly applied: Index }> {
    invariant(this.#state === null, 'a store is opened once before it is closed', { stateDirectory });
    return this.#begin(stateDirectory);
  }

  async switchTo(stateDirectory: string): Promise<{ readonly applied: Index }> {
    const old = this.#open();
    const begun = await this.#begin(stateDirectory);
    old.closed = true;
    await old.inTurn(() => old.engine.close());
    return begun;
  }

  async #begin(stateDirectory: string): Promise<{ readonly applied: Index }> {
    const engine = await this.engines.open(stateDirectory);
    const fetched: Fetched = new Map();
    try {
      const state = await recoverState(engine, this.clock, (place) => fetched.get(placeName(place)));
      this.#fetched = fetched;
      this.#pending = emptyPending();
      this.#failure = null;
      this.#size = { bytes: await engine.size_bytes(), grown: 0 };
      this.#state = state;
      // A sweep that a crash cut short left no trace in memory: it begins anew (B-25).
      state.finished_compaction = -1;
      this.#work();
      return { applied: state.written.index as Index };
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  async reset(stateDirectory: string): Promise<{ readonly applied: Index }> {
    await this.close();
    await this.engines.destroy(stateDirectory);
    return this.open(stateDirectory);
  }

  async decide(entries: readonly Entry[]): Promise<readonly Decided[]> {
    const state = this.#open();
    const next = state.draft_index + 1;
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) return [];
    invariant(first.index === next, 'entries are decided in order, none twice', { next, got: first.index });
    const decided = await decideBatch(state, entries, () => this.#pending, this.#fetched);
    state.draft_index = last.index;
    return decided;
  }

  async write(): Promise<Written> {
    const state = this.#open();
    const pending = this.#pending;
    if (pending.index === 0) return nothingNew(state);
    this.#pending = emptyPending();
    this.#writing_bytes = pending.bytes;
    const written = await state.inTurn(() => this.#writeBatch(state, pending));
    this.#writing_bytes = 0;
    this.#work();
    return written;
  }

  async #writeBatch(state: StoreState, pending: Pending): Promise<Written> {
    const { writes, mark, journal_bytes } = encodeBatch(state, pending);
    try {
      await state.engine.write(writes, true);
    } catch (error) {
      // [safety] A failed sync is never tried again: what the disk holds now is not known.
      this.#failure = asError(error);
      throw error;
    }
    this.#size.grown += mark.record_bytes - state.written.record_bytes + journal_bytes;
    return makeVisible(state, pending, mark, journal_bytes);
  }

  get undecided_bytes(): number {
    return this.#pending.bytes + this.#writing_bytes;
  }

  get status(): KvStatus {
    const { written, keys } = this.#open();
    return {
      revision: written.revision as Revision,
      compact_revision: written.compact_revision,
      db_size: this.#size.bytes + this.#size.grown,
      db_size_in_use: written.record_bytes,
      keys,
    };
  }

  range(request: RangeRequest): Promise<RangeResult> {
    return this.#read((state) => readRange(state, this.clock, request));
  }

  rangeAtHand(request: RangeRequest): RangeResult | null {
    return readAtHand(this.#open(), request);
  }

  read(txn: TxnRequest): Promise<TxnResult> {
    return this.#read((state) => readTxn(state, txn));
  }

  get leases(): LeaseView {
    return viewOf(this.#open().leases);
  }
  readonly history: KvStore['history'] = (request) => this.#read((state) => readHistory(state, request));
  readonly previous: KvStore['previous'] = (events) => this.#read((state) => readPrevious(state, events));
  readonly page: KvStore['page'] = (request) => this.#read((state) => readPage(state, this.clock, request));

  hashKv(revision: number): Promise<HashKvResult> {
    return this.#read((state) => hashKv(state, revision));
  }

  /** A read whose state was closed under it asks the state that took its place. */
  async #read<T>(work: (state: StoreState) => Promise<T>): Promise<T> {
    for (;;) {
      const state = this.#open();
      try {
        return await work(state);
      } catch (error) {
        if (!state.closed || this.#state === null) throw error;
      }
    }
  }

  async hashState(): Promise<{ readonly applied: Index; readonly hash: number }> {
    return hashState(this.#open());
  }

  async compacted(revision: number): Promise<void> {
    const state = this.#open();
    if (state.finished_compaction >= revision) return;
    await this.#waiters.wait(revision);
  }

  async snapshot(cluster: ClusterId, cluster_name: string): Promise<SnapshotSource> {
    return streamOf(this.#open(), cluster, cluster_name, this.status.db_size);
  }

  async close(): Promise<void> {
    const state = this.#state;
    if (state === null) return;
    this.#state = null;
    state.closed = true;
    this.#waiters.rejectAll(new Error('the store was closed'));
    await state.inTurn(() => state.engine.close());
  }

  #open(): StoreState {
    if (this.#failure !== null) throw this.#failure;
    invariant(this.#state !== null, 'a store is open when it is used', {});
    return this.#state;
  }

  /** Starts what is due in the background: sweeping, folding, asking for the size. One worker at a time. */
  #work(): void {
    const state = this.#state;
    if (state === null || this.#background !== null || !this.#isWorkDue(state)) return;
    this.#background = this.#workOff(state)
      .catch((error: unknown) => {
        if (state.closed) return;
        this.#failure ??= asError(error);
        this.#waiters.rejectAll(error);
      })
      .finally(() => {
        this.#background = null;
        if (this.#failure === null) this.#work();
      });
  }

  #isWorkDue(state: StoreState): boolean {
    return (
      state.finished_compaction < state.written.compact_revision ||
      isFoldDue(state, this.journal_bytes_before_fold) ||
      this.#size.grown > BYTES_BETWEEN_SIZES
    );
  }

  async #workOff(state: StoreState): Promise<void> {
    await sweep(state, this.clock, (revision) => this.#waiters.reached(revision));
    if (!state.closed && isFoldDue(state, this.journal_bytes_before_fold)) await fold(state, this.clock);
    if (!state.closed && this.#size.grown > BYTES_BETWEEN_SIZES) {
      this.#size.grown = 0;
      this.#size.bytes = await state.engine.size_bytes();
    }
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
