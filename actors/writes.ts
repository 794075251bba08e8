/** Writes on their way: rows that are gathered, proposed, appended, and answered when their entry is decided. */
import { errorOf, type QuorateError } from '../machines/language/errors.js';
import { index, type Index, type Proposal, type ProposalId, type Term } from '../machines/language/vocabulary.js';
import type { Decided } from '../store/ports.js';
import type { Ask } from '../transport/ports.js';

export interface WriteRow {
  readonly ask: Ask;
  readonly id: ProposalId;
  readonly term: Term;
  readonly data: Uint8Array;
  readonly deadline_ms: number;
  /** Where it stands in the log; null until raft has appended it. */
  index: Index | null;
}

/** The requests of one message: a read in it is not answered from before the writes that came ahead of it. */
export interface Group {
  last: WriteRow | null;
}

interface Batch {
  readonly term: Term;
  readonly batch: readonly Proposal[];
}

export type Writes = ReturnType<typeof createWrites>;

export function createWrites() {
  let next = 1;
  let gathered: WriteRow[] = [];
  const proposed = new Map<ProposalId, WriteRow>();
  const appended = new Map<Index, WriteRow>();

  const timedOut = (row: WriteRow, maybe_applied: boolean): void =>
    row.ask.answer({ ok: false, error: errorOf('Timeout', maybe_applied) });

  const expireIn = <K>(rows: Map<K, WriteRow>, now_ms: number): void => {
    for (const [key, row] of rows) {
      if (row.deadline_ms > now_ms) continue;
      rows.delete(key);
      timedOut(row, true);
    }
  };

  return {
    get size(): number {
      return gathered.length + proposed.size + appended.size;
    },
    get gathered(): number {
      return gathered.length;
    },
    /** Appended, and not yet decided. */
    get undecided(): number {
      return appended.size;
    },

    gather(ask: Ask, term: Term, data: Uint8Array, now_ms: number, group: Group): void {
      const id = next++ as ProposalId;
      const row: WriteRow = { ask, id, term, data, deadline_ms: now_ms + ask.timeout_ms, index: null };
      gathered.push(row);
      group.last = row;
    },

    /** What was gathered, by term; what a stall has made too old is dropped rather than run. */
    takeGathered(now_ms: number): readonly Batch[] {
      const byTerm = new Map<Term, Proposal[]>();
      for (const row of gathered) {
        if (row.deadline_ms <= now_ms) {
          timedOut(row, false);
          continue;
        }
        proposed.set(row.id, row);
        const batch = byTerm.get(row.term);
        if (batch) batch.push({ id: row.id, data: row.data });
        else byTerm.set(row.term, [{ id: row.id, data: row.data }]);
      }
      gathered = [];
      return [...byTerm].map(([term, batch]) => ({ term, batch }));
    },

    appended(ids: readonly ProposalId[], first: Index): void {
      ids.forEach((id, offset) => {
        const row = proposed.get(id);
        if (!row) return;
        proposed.delete(id);
        row.index = index(first + offset);
        const overwritten = appended.get(row.index);
        if (overwritten) overwritten.ask.answer({ ok: false, error: errorOf('LeaderChanged', true) });
        appended.set(row.index, row);
      });
    },

    refused(ids: readonly ProposalId[], error: QuorateError): void {
      for (const id of ids) {
        const row = proposed.get(id);
        if (!row) continue;
        proposed.delete(id);
        row.ask.answer({ ok: false, error });
      }
    },

    /**
     * [safety] An answer is matched by index and term, never by index alone: another leader's entry may stand where ours was
     * appended. What was appended and dropped ends as "may have been applied".
     */
    decided(entries: readonly Decided[], answer: (ask: Ask, entry: Decided) => void): void {
      if (appended.size === 0) return;
      for (const entry of entries) {
        const row = appended.get(entry.index);
        if (!row) continue;
        appended.delete(entry.index);
        if (row.term === entry.term) answer(row.ask, entry);
        else row.ask.answer({ ok: false, error: errorOf('LeaderChanged', true) });
      }
    },

    expire(now_ms: number): void {
      expireIn(proposed, now_ms);
      expireIn(appended, now_ms);
    },
  };
}
