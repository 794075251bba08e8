/** Reads on their way: rows that wait for a read index, then for the state to be applied up to it, then for the store. */
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { index, type Index, type ReadId } from '../machines/language/vocabulary.js';
import type { Ask, Request, Result } from '../transport/ports.js';
import { headerOf, memberList, statusOf } from './answers.js';
import type { RequestsInput, Standing } from './requests.js';
import type { Group, WriteRow } from './writes.js';

interface ReadRow {
  readonly ask: Ask;
  readonly deadline_ms: number;
  /** The write of the same message that came before it. */
  readonly after: WriteRow | null;
  index: Index;
}

export interface ReadsInput extends RequestsInput {
  readonly standing: Standing;
  /** A read failed for a reason that is not the reader's: the node ends. */
  failed(error: unknown): void;
}

export function createReads({ ports, cluster, self, settings, standing, applied: start, failed }: ReadsInput) {
  let nextId = 1;
  let applied = start;
  /** The highest index whose decision this member has answered. */
  let answered = index(0);
  let gathered: ReadRow[] = [];
  const asked = new Map<ReadId, readonly ReadRow[]>();
  let waiting: ReadRow[] = [];

  const result = async (request: Request): Promise<Result> => {
    switch (request.op) {
      case 'kv.range':
        return { op: 'kv.range', body: await ports.kv.range(request.body) };
      case 'kv.txn':
        return { op: 'kv.txn', body: await ports.kv.read(request.body) };
      case 'maintenance.hashkv':
        return { op: 'maintenance.hashkv', body: await ports.kv.hashKv(request.body.revision) };
      case 'maintenance.status':
        return { op: 'maintenance.status', body: statusOf({ ports, settings, standing, applied }) };
      case 'cluster.list':
        return { op: 'cluster.list', body: memberList(settings.cluster_name, standing) };
      default:
        throw new QuorateError('Internal', `quorate: ${request.op} is not a read`);
    }
  };

  const refuse = (row: ReadRow, error: QuorateError): void => row.ask.answer({ ok: false, error });

  const serve = (row: ReadRow): void => {
    const at = applied;
    result(row.ask.request).then(
      (read) => {
        const revision = 'revision' in read.body ? read.body.revision : ports.kv.status.revision;
        const header = headerOf(cluster, self.member.id, revision, standing.term, at);
        row.ask.answer({ ok: true, header, result: read });
      },
      (error: unknown) => (error instanceof QuorateError ? refuse(row, error) : failed(error)),
    );
  };

  /** [safety] No read is answered before the state it promises is applied, which means written. */
  const serveWhenApplied = (row: ReadRow, upTo: Index): void => {
    row.index = upTo;
    if (applied >= upTo) serve(row);
    else waiting.push(row);
  };

  const keepWhile = (rows: readonly ReadRow[], now_ms: number): ReadRow[] =>
    rows.filter((row) => {
      if (row.deadline_ms > now_ms) return true;
      refuse(row, errorOf('Timeout'));
      return false;
    });

  return {
    get size(): number {
      return gathered.length + waiting.length + asked.size;
    },
    /** The state is written up to here. */
    get applied(): Index {
      return applied;
    },
    get gathered(): number {
      return gathered.length;
    },

    add(ask: Ask, way: 'readIndex' | 'local', now_ms: number, group: Group): void {
      const row: ReadRow = { ask, deadline_ms: now_ms + ask.timeout_ms, after: group.last, index: index(0) };
      if (way === 'readIndex') gathered.push(row);
      // [safety] A read of any kind is not older than what this member has answered.
      else serveWhenApplied(row, ask.request.op === 'maintenance.status' ? index(0) : answered);
    },

    /** All reads of one turn share one id, which is never used again. */
    takeGathered(now_ms: number): ReadId | null {
      const rows = keepWhile(gathered, now_ms);
      gathered = [];
      if (rows.length === 0) return null;
      const id = nextId++ as ReadId;
      asked.set(id, rows);
      return id;
    },

    indexed(id: ReadId, upTo: Index): void {
      const rows = asked.get(id) ?? [];
      asked.delete(id);
      for (const row of rows) serveWhenApplied(row, index(Math.max(upTo, row.after?.index ?? 0, answered)));
    },

    voided(ids: readonly ReadId[]): void {
      const error = errorOf(standing.announcement?.leader == null ? 'NoLeader' : 'LeaderChanged');
      for (const id of ids) {
        for (const row of asked.get(id) ?? []) refuse(row, error);
        asked.delete(id);
      }
    },

    answeredAt(upTo: Index): void {
      if (upTo > answered) answered = upTo;
    },

    written(upTo: Index): void {
      if (upTo <= applied) return;
      applied = upTo;
      const ready = waiting.filter((row) => row.index <= upTo);
      if (ready.length === 0) return;
      waiting = waiting.filter((row) => row.index > upTo);
      for (const row of ready) serve(row);
    },

    expire(now_ms: number): void {
      waiting = keepWhile(waiting, now_ms);
      for (const [id, rows] of asked) {
        const kept = keepWhile(rows, now_ms);
        if (kept.length === 0) asked.delete(id);
        else if (kept.length < rows.length) asked.set(id, kept);
      }
    },
  };
}
