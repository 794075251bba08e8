/**
 * Reads on their way: rows that wait for a read index, then for the state to be applied up to it, then for the store.
 */
import type { Header } from '../machines/language/commands.js';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { index, type Index, type ReadId, startsIn } from '../machines/language/vocabulary.js';
import type { Ask, Request, Result } from '../transport/ports.js';
import { headerOf, memberList, statusOf } from './answers.js';
import { countRead } from './counts.js';
import { readHistory } from './history.js';
import type { LeaseQuestion } from './mail.js';
import type { RequestsInput } from './requests.js';
import type { Standing } from './standing.js';
import type { Group } from './writes.js';

interface ReadRow {
  readonly ask: Ask;
  readonly deadline_ms: number;
  /** The write of the same message that came before it. */
  readonly after: Group['last'];
  index: Index;
}

export interface Reads {
  readonly of: RequestsInput & {
    readonly standing: Standing;
    /** A read failed for a reason that is not the reader's: the node ends. */
    readonly failed: (error: unknown) => void;
    /** Renews leases, or says what remains of one. Rejects with what a client is to hear. */
    readonly lessor: (question: LeaseQuestion) => Promise<Result>;
    /** Somebody waits for what is decided to be written. */
    readonly hurry: () => void;
  };
  nextId: number;
  /** The state is written up to here. */
  applied: Index;
  /** The highest index whose decision this member has answered. */
  answered: Index;
  gathered: ReadRow[];
  readonly asked: Map<ReadId, readonly ReadRow[]>;
  waiting: ReadRow[];
  /** Of the last answer. */
  header: Header | null;
  /** With the store at this moment. */
  serving: number;
}

export const openReads = (of: Reads['of']): Reads => ({
  of,
  // [safety] No id of an earlier life of this member is used again: an answer to one may still be on its way.
  nextId: startsIn(of.self.epoch) * 2 ** 32 + 1,
  applied: of.applied,
  // What this node knows committed, an earlier life of it may have answered.
  answered: of.committed,
  gathered: [],
  asked: new Map(),
  waiting: [],
  header: null,
  serving: 0,
});

export const readsWaiting = (reads: Reads): number =>
  [...reads.asked.values()].reduce(
    (sum, rows) => sum + rows.length,
    reads.gathered.length + reads.waiting.length + reads.serving,
  );

export function addRead(reads: Reads, ask: Ask, way: 'readIndex' | 'local', now_ms: number, group: Group): void {
  const row: ReadRow = { ask, deadline_ms: now_ms + ask.timeout_ms, after: group.last, index: index(0) };
  if (way === 'readIndex') reads.gathered.push(row);
  // [safety] A read of any kind is not older than what this member has answered.
  else serveWhenApplied(reads, row, ask.request.op === 'maintenance.status' ? index(0) : reads.answered);
}

/** All reads of one turn share one id, which is never used again. */
export function takeReads(reads: Reads, now_ms: number): ReadId | null {
  const rows = keepWaiting(reads.gathered, now_ms);
  reads.gathered = [];
  if (rows.length === 0) return null;
  const id = reads.nextId++ as ReadId;
  reads.asked.set(id, rows);
  return id;
}

export function serveIndexed(reads: Reads, id: ReadId, upTo: Index): void {
  const rows = reads.asked.get(id) ?? [];
  reads.asked.delete(id);
  for (const row of rows) {
    serveWhenApplied(reads, row, index(Math.max(upTo, row.after?.index ?? 0, reads.answered)));
  }
}

/** A change of leader between question and answer voids the question. */
export function voidReads(reads: Reads, ids: readonly ReadId[]): void {
  const leader = reads.of.standing.announcement?.leader ?? null;
  const error = errorOf(leader === null ? 'NoLeader' : 'LeaderChanged');
  reads.of.ports.vitals.counts.read_indexes_failed += ids.length;
  for (const id of ids) {
    for (const row of reads.asked.get(id) ?? []) refuse(row, error);
    reads.asked.delete(id);
  }
}

export function serveWritten(reads: Reads, upTo: Index): void {
  if (upTo > reads.applied) {
    reads.applied = upTo;
    const ready = reads.waiting.filter((row) => row.index <= upTo);
    reads.waiting = reads.waiting.filter((row) => row.index > upTo);
    for (const row of ready) serve(reads, row);
  }
  if (reads.waiting.length > 0) reads.of.hurry();
}

export function expireReads(reads: Reads, now_ms: number): void {
  reads.waiting = keepWaiting(reads.waiting, now_ms);
  for (const [id, rows] of reads.asked) {
    const kept = keepWaiting(rows, now_ms);
    if (kept.length === 0) {
      reads.asked.delete(id);
      reads.of.ports.vitals.counts.read_indexes_failed++;
    } else if (kept.length < rows.length) reads.asked.set(id, kept);
  }
}

function keepWaiting(rows: readonly ReadRow[], now_ms: number): ReadRow[] {
  return rows.filter((row) => {
    if (row.deadline_ms > now_ms) return true;
    refuse(row, errorOf('Timeout'));
    return false;
  });
}

/** [safety] No read is answered before the state it promises is applied, which means written. */
function serveWhenApplied(reads: Reads, row: ReadRow, upTo: Index): void {
  row.index = upTo;
  if (reads.applied >= upTo) return serve(reads, row);
  if (reads.waiting.length === 0) reads.of.hurry();
  reads.waiting.push(row);
}

function serve(reads: Reads, row: ReadRow): void {
  const at = reads.applied;
  const answer = (result: Result): void => {
    countRead(reads.of.ports.vitals.counts, result);
    row.ask.answer({ ok: true, header: headerAt(reads, at, result), result });
  };
  const fail = (error: unknown): void => {
    if (error instanceof QuorateError) refuse(row, error);
    else reads.of.failed(error);
  };
  const { request } = row.ask;
  const result = attempt(() => readAtHand(reads, request), fail);
  if (result === null) {
    reads.serving++;
    const served = (): void => void reads.serving--;
    fetch(reads, request).finally(served).then(answer, fail);
  } else if (result !== undefined) answer(result);
}

/** What `work` comes to, or undefined once `fail` was told why it comes to nothing. */
function attempt<T>(work: () => T, fail: (error: unknown) => void): T | undefined {
  try {
    return work();
  } catch (error) {
    fail(error);
    return undefined;
  }
}

/** Reads of one turn have one header. */
function headerAt(reads: Reads, at: Index, result: Result): Header {
  const { cluster, self, standing, ports } = reads.of;
  const revision = 'revision' in result.body ? result.body.revision : ports.kv.status.revision;
  const last = reads.header;
  if (last?.revision === revision && last.raft_index === at && last.raft_term === standing.term) return last;
  reads.header = headerOf(cluster, self.member.id, revision, standing.term, at);
  return reads.header;
}

/** The answer that needs no waiting, or null where it has to be fetched. */
function readAtHand({ of, applied }: Reads, request: Request): Result | null {
  switch (request.op) {
    case 'kv.range': {
      const body = of.ports.kv.rangeAtHand(request.body);
      return body === null ? null : { op: 'kv.range', body };
    }
    case 'maintenance.status':
      return { op: 'maintenance.status', body: statusOf({ ...of, applied }) };
    case 'cluster.list':
      return { op: 'cluster.list', body: memberList(of.settings.cluster_name, of.standing) };
    case 'lease.list': {
      const ids = Array.from(of.ports.kv.leases.all(), ({ id }) => id);
      return { op: 'lease.list', body: { leases: ids.sort((a, b) => (a < b ? -1 : 1)) } };
    }
    default:
      return null;
  }
}

async function fetch({ of }: Reads, request: Request): Promise<Result> {
  const { kv } = of.ports;
  switch (request.op) {
    case 'kv.range':
      return { op: 'kv.range', body: await kv.range(request.body) };
    case 'kv.txn':
      return { op: 'kv.txn', body: await kv.read(request.body) };
    case 'maintenance.hashkv':
      return { op: 'maintenance.hashkv', body: await kv.hashKv(request.body.revision) };
    case 'lease.keepalive':
    case 'lease.timetolive':
      return of.lessor(request);
    case 'watch.history':
      return { op: 'watch.history', body: await readHistory(kv, request.body) };
    default:
      throw new QuorateError('Internal', `quorate: ${request.op} is not fetched`);
  }
}

const refuse = (row: ReadRow, error: QuorateError): void => row.ask.answer({ ok: false, error });
