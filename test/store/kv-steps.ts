/**
 * Requests with their defaults filled in, entries in order, and a clock that waits for nobody: what store tests say
 * in one line.
 */
import { fromText } from '../../machines/language/bytes.js';
import { encodeCommand } from '../../machines/language/codec.js';
import type {
  Compare,
  Decision,
  DeleteRequest,
  Operation,
  PutRequest,
  RangeRequest,
  RequestId,
  TxnOperation,
  TxnRequest,
} from '../../machines/language/commands.js';
import { plainCompare, plainPut, plainRange } from '../../machines/language/plain.js';
import type { ErrorName } from '../../machines/language/errors.js';
import type { Clock } from '../../machines/language/time.js';
import type { ClusterId, Entry, Index, Member, MemberId, Term } from '../../machines/language/vocabulary.js';
import type { KvStore, Written } from '../../store/ports.js';

const NONE = new Uint8Array(0);
export const ALL = Uint8Array.of(0);

export const bytesOf = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? fromText(value) : value;

type Given<T> = { readonly [K in keyof T]?: T[K] extends Uint8Array ? Uint8Array | string : T[K] };

function fill<T extends object>(defaults: T, given: Given<T>): T {
  const entries = Object.entries(given).map(([name, value]) => [
    name,
    typeof value === 'string' && defaults[name as keyof T] instanceof Uint8Array ? fromText(value) : value,
  ]);
  return { ...defaults, ...(Object.fromEntries(entries) as Partial<T>) };
}

export const rangeRequest = (key: string | Uint8Array, given: Given<RangeRequest> = {}): RangeRequest =>
  fill(plainRange(bytesOf(key)), given);

export const putRequest = (
  key: string | Uint8Array,
  value: string | Uint8Array = '',
  given: Given<PutRequest> = {},
): PutRequest => fill(plainPut(bytesOf(key)), { value, ...given });

export const deleteRequest = (key: string | Uint8Array, given: Given<DeleteRequest> = {}): DeleteRequest =>
  fill<DeleteRequest>({ key: bytesOf(key), range_end: NONE, prev_kv: false }, given);

export const compare = (
  key: string,
  target: Compare['target'],
  result: Compare['result'],
  given: Given<Compare> = {},
): Compare => fill(plainCompare(bytesOf(key)), { target, result, ...given });

export const put = (...given: Parameters<typeof putRequest>): Operation & { type: 'put' } => ({
  type: 'put',
  put: putRequest(...given),
});
export const remove = (...given: Parameters<typeof deleteRequest>): Operation & { type: 'delete' } => ({
  type: 'delete',
  delete: deleteRequest(...given),
});
export const compact = (revision: number): Operation => ({ type: 'compact', revision });
export const txnRequest = (
  compares: readonly Compare[],
  success: readonly TxnOperation[],
  failure: readonly TxnOperation[] = [],
): TxnRequest => ({ compare: compares, success, failure });
export const txn = (...given: Parameters<typeof txnRequest>): Operation & { type: 'txn' } => ({
  type: 'txn',
  txn: txnRequest(...given),
});

/** Time that passes by itself: timers fire in the next turns of the event loop. */
export const eagerClock: Clock = {
  now_ms: () => 0,
  wall_ms: () => 0,
  setTimeout: (fn) => setImmediate(fn),
  clearTimeout: (id) => clearImmediate(id as NodeJS.Immediate),
  soon: (fn) => void setImmediate(fn),
};

export const entryOf = (
  index: number,
  operation: Operation,
  request: RequestId | null = null,
  refused: ErrorName | null = null,
): Entry => ({
  index: index as Index,
  term: 1 as Term,
  kind: 'command',
  data: encodeCommand({ request, refused, operation }).slice(),
});

/** An operation, with its request id where it has one. */
export type Step =
  Operation | { readonly operation: Operation; readonly request?: RequestId; readonly refused?: ErrorName };

/** Drives one store through a log: each operation is the next entry. */
export class Driver {
  index: number;
  readonly entries: Entry[] = [];

  constructor(
    readonly store: KvStore,
    applied = 0,
  ) {
    this.index = applied;
  }

  /** Decides without writing. */
  async decide(...operations: readonly Step[]): Promise<Decision[]> {
    const entries = operations.map((given) => {
      const full = 'type' in given ? { operation: given } : given;
      return entryOf(++this.index, full.operation, full.request ?? null, full.refused ?? null);
    });
    this.entries.push(...entries);
    const decided = await this.store.decide(entries);
    return decided.map(({ decision }) => decision as Decision);
  }

  /** Decides and writes; the decision of the last one. */
  async run(...operations: readonly Step[]): Promise<Decision> {
    const decisions = await this.decide(...operations);
    await this.store.write();
    return decisions.at(-1) as Decision;
  }

  async runForWritten(...operations: readonly Step[]): Promise<Written> {
    await this.decide(...operations);
    return this.store.write();
  }
}

/** A plain view for comparing: text for bytes. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

export const clusterOf = (id: bigint): ClusterId => id as ClusterId;
export const memberOf = (id: bigint, name: string): Member => ({ id: id as MemberId, name });
