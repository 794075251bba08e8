/**
 * The record of request ids: replicated state by which a write sent twice is done once. What is decided counts at
 * once; what falls out of the window is dropped when the write that covers it is durable.
 */
import type { Decision, RequestId } from '../machines/language/commands.js';
import { limits } from '../machines/language/limits.js';
import { makeReader, makeWriter } from './bytes-writer.js';
import { decisionOf, type Outcome } from './outcome.js';
import { toLatin1 } from './keys.js';

/** [safety] Replicated state, not a flag: this length is part of command version 1. */
const WINDOW = limits.request_window_entries;

export interface RequestRecord {
  /** Of the log entry that was decided. */
  readonly index: number;
  /** The client's random bits as latin-1. */
  readonly client: string;
  readonly number: number;
  readonly digest: number;
  readonly outcome: Outcome;
}

/** What the record says about a request: what it came to, or null where it is to be decided now. */
export type Answer = Decision | null;

export interface RequestTable {
  /** The answer for a request met at log index `index`; `error` decisions carry the store's `revision`. */
  lookup(request: RequestId, digest: number, index: number, revision: number): Answer;
  add(record: RequestRecord): void;
  /** Takes back what was added for entries at `index` and after it. */
  rollback(index: number): void;
  /** Drops what no entry after `applied` can ask for. */
  trim(applied: number): void;
  /** What an entry after `applied` could ask for, decided up to `applied`, oldest first. */
  remembered(applied: number): Iterable<RequestRecord>;
  readonly size: number;
}

/** Records with an index at or below it are forgotten by the entry at `index`. */
export const oldestForgotten = (index: number): number => Math.max(0, index - WINDOW);

export function makeRequestTable(): RequestTable {
  const clients = new Map<string, Map<number, RequestRecord>>();
  let order: RequestRecord[] = [];
  let dropped = 0;

  const forget = (record: RequestRecord): void => {
    const numbers = clients.get(record.client);
    // A number that was used again after it was forgotten has a newer record.
    if (numbers === undefined || numbers.get(record.number) !== record) return;
    numbers.delete(record.number);
    if (numbers.size === 0) clients.delete(record.client);
  };

  return {
    get size() {
      return order.length - dropped;
    },
    lookup(request, digest, index, revision) {
      const oldest = oldestForgotten(index);
      const known = clients.get(toLatin1(request.client))?.get(request.number);
      const error = (name: 'RequestIdReused' | 'RequestExpired'): Decision =>
        ({ type: 'error', error: name, revision }) as Decision;
      if (known !== undefined && known.index > oldest) {
        return known.digest === digest ? decisionOf(known.outcome) : error('RequestIdReused');
      }
      // [safety] First sent when the log stood below what is remembered: it may have been applied and forgotten.
      return request.since < oldest ? error('RequestExpired') : null;
    },
    add(record) {
      let numbers = clients.get(record.client);
      if (numbers === undefined) {
        numbers = new Map();
        clients.set(record.client, numbers);
      }
      numbers.set(record.number, record);
      order.push(record);
    },
    rollback(index) {
      while (order.length > dropped && (order.at(-1) as RequestRecord).index >= index) {
        forget(order.pop() as RequestRecord);
      }
    },
    trim(applied) {
      const oldest = oldestForgotten(applied);
      while (dropped < order.length && (order[dropped] as RequestRecord).index <= oldest) {
        forget(order[dropped++] as RequestRecord);
      }
      if (dropped < 1024 || dropped < order.length / 2) return;
      order = order.slice(dropped);
      dropped = 0;
    },
    *remembered(applied) {
      const oldest = oldestForgotten(applied);
      for (let i = dropped; i < order.length; i++) {
        const record = order[i] as RequestRecord;
        if (record.index > applied) return;
        if (record.index > oldest) yield record;
      }
    },
  };
}

const writer = makeWriter();

/** Many records in one row. */
export function encodeRecords(records: Iterable<RequestRecord>): Buffer {
  for (const record of records) {
    writer.number(record.index);
    writer.latin1(record.client);
    writer.number(record.number);
    writer.number(record.digest);
    if (typeof record.outcome === 'number') {
      writer.number(0);
      writer.number(record.outcome);
    } else {
      writer.number(1);
      writer.bytes(record.outcome);
    }
  }
  return writer.take();
}

export function* decodeRecords(row: Uint8Array): Iterable<RequestRecord> {
  const reader = makeReader(row);
  while (!reader.done) {
    const index = reader.number();
    const client = reader.latin1();
    const number = reader.number();
    const digest = reader.number();
    const outcome = reader.number() === 0 ? reader.number() : reader.bytes().slice();
    yield { index, client, number, digest, outcome };
  }
}
