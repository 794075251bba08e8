/** Writes on their way: rows that are gathered, proposed, appended, and answered when their entry is decided. */
import { errorOf, type QuorateError } from '../machines/language/errors.js';
import { index, type Index, type Proposal, type ProposalId, type Term } from '../machines/language/vocabulary.js';
import type { Decided } from '../store/ports.js';
import type { Outcome } from './mail.js';
import type { Counts } from './ports.js';

/** Whose write it is: a client's, or the node's own. */
export interface Writer {
  readonly timeout_ms: number;
  done(outcome: Outcome): void;
}

interface WriteRow {
  readonly writer: Writer;
  readonly id: ProposalId;
  readonly term: Term;
  readonly data: Uint8Array;
  readonly deadline_ms: number;
  /** Where it stands in the log; null until raft has appended it. */
  index: Index | null;
}

/** The requests of one message: a read in it is not answered from before the writes that came ahead of it. */
export interface Group {
  last: { readonly index: Index | null } | null;
}

export interface Writes {
  next: number;
  gathered: WriteRow[];
  readonly proposed: Map<ProposalId, WriteRow>;
  /** Bytes of the commands that wait for their decision. */
  bytes: number;
  /** Appended, and not yet decided. */
  readonly appended: Map<Index, WriteRow>;
  readonly counts: Pick<Counts, 'proposals_failed'>;
}

export const openWrites = (counts: Writes['counts']): Writes => ({
  next: 1,
  gathered: [],
  bytes: 0,
  proposed: new Map(),
  appended: new Map(),
  counts,
});

export const writesWaiting = (writes: Writes): number =>
  writes.gathered.length + writes.proposed.size + writes.appended.size;

export function gatherWrite(writes: Writes, writer: Writer, term: Term, data: Uint8Array, now_ms: number): WriteRow {
  const id = writes.next++ as ProposalId;
  const row: WriteRow = { writer, id, term, data, deadline_ms: now_ms + writer.timeout_ms, index: null };
  writes.gathered.push(row);
  writes.bytes += data.length;
  return row;
}

/** What was gathered, by term; what a stall has made too old is dropped rather than run. */
export function takeWrites(writes: Writes, now_ms: number): ReadonlyMap<Term, readonly Proposal[]> {
  const batches = new Map<Term, Proposal[]>();
  for (const row of writes.gathered) {
    if (row.deadline_ms <= now_ms) {
      end(writes, row, timedOut(false));
      continue;
    }
    writes.proposed.set(row.id, row);
    const proposal = { id: row.id, data: row.data };
    const batch = batches.get(row.term);
    if (batch) batch.push(proposal);
    else batches.set(row.term, [proposal]);
  }
  writes.gathered = [];
  return batches;
}

export function markAppended(writes: Writes, ids: readonly ProposalId[], first: Index): void {
  ids.forEach((id, offset) => {
    const row = writes.proposed.get(id);
    if (!row) return;
    writes.proposed.delete(id);
    row.index = index(first + offset);
    const overwritten = writes.appended.get(row.index);
    if (overwritten) end(writes, overwritten, lost);
    writes.appended.set(row.index, row);
  });
}

/** Not appended, and never will be by this node. */
export function refuseWrites(writes: Writes, ids: readonly ProposalId[], error: QuorateError): void {
  for (const id of ids) {
    const row = writes.proposed.get(id);
    writes.proposed.delete(id);
    if (row) end(writes, row, error);
  }
}

/**
 * [safety] An answer is matched by index and term, never by index alone: another leader's entry may stand where ours
 * was appended. What was appended and dropped ends as "may have been applied".
 */
export function answerWrites(writes: Writes, entries: readonly Decided[]): void {
  if (writes.appended.size === 0) return;
  for (const entry of entries) {
    const row = writes.appended.get(entry.index);
    if (!row) continue;
    writes.appended.delete(entry.index);
    if (row.term !== entry.term) end(writes, row, lost);
    else {
      writes.bytes -= row.data.length;
      row.writer.done({ ok: true, entry });
    }
  }
}

export function expireWrites(writes: Writes, now_ms: number): void {
  expireIn(writes, writes.proposed, now_ms);
  expireIn(writes, writes.appended, now_ms);
}

function expireIn<K>(writes: Writes, rows: Map<K, WriteRow>, now_ms: number): void {
  for (const [key, row] of rows) {
    if (row.deadline_ms > now_ms) continue;
    rows.delete(key);
    end(writes, row, timedOut(true));
  }
}

function end(writes: Writes, row: WriteRow, error: QuorateError): void {
  writes.bytes -= row.data.length;
  writes.counts.proposals_failed++;
  row.writer.done({ ok: false, error });
}

const timedOut = (maybe_applied: boolean): QuorateError => errorOf('Timeout', maybe_applied);

const lost = errorOf('LeaderChanged', true);
