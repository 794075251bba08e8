/** Transactions as callers write them: operations, comparisons, and the builder that puts them together. */
import { EMPTY, fromText, NUL, prefixEnd } from '../machines/language/bytes.js';
import type { Compare, CompareResult, CompareTarget, TxnOperation, TxnRequest } from '../machines/language/commands.js';
import { badRequest } from '../machines/language/errors.js';
import { deleteRequest, leaseId, putRequest, rangeRequest, toBytes } from './requests.js';
import type {
  Bytes,
  CallOptions,
  Comparison,
  DeleteOptions,
  GetOptions,
  Op,
  PutOptions,
  TxnBuilder,
  TxnResponse,
} from './types.js';

/* ---- operations ------------------------------------------------------------------------------------------------ */

/** What an Op is to this client; callers see it as opaque. */
const operations = new WeakMap<Op, TxnOperation>();

function opOf(operation: TxnOperation): Op {
  const made = Object.freeze({}) as Op;
  operations.set(made, operation);
  return made;
}

function operationOf(made: Op): TxnOperation {
  const operation = operations.get(made);
  if (operation === undefined) throw badRequest('client: an operation of a transaction must be made by op.get, …');
  return operation;
}

/** Makes the operations of a transaction; they take the options that the same calls of `kv` take. */
export const op = {
  get: (key: Bytes, options?: GetOptions): Op => opOf({ range: rangeRequest(key, options) }),
  put: (key: Bytes, value: Bytes, options?: PutOptions): Op => opOf({ put: putRequest(key, value, options) }),
  delete: (key: Bytes, options?: DeleteOptions): Op => opOf({ delete: deleteRequest(key, options) }),
  /** A transaction within the transaction: if all of `comparisons` hold then `success`, else `failure`. */
  txn: (comparisons: readonly Comparison[], success: readonly Op[], failure: readonly Op[] = []): Op =>
    opOf({ txn: txnOf(comparisons, success, failure) }),
} as const;

/* ---- comparisons ----------------------------------------------------------------------------------------------- */

const comparisons = new WeakMap<Comparison, Compare>();

function comparisonOf(compare: Compare): Comparison {
  const withEnd = (range_end: Uint8Array): Comparison => comparisonOf({ ...compare, range_end });
  const made = Object.freeze({
    withRange: (end: Bytes) => withEnd(toBytes('the range end', end)),
    withPrefix: () =>
      compare.key.length === 0
        ? comparisonOf({ ...compare, key: NUL, range_end: NUL })
        : withEnd(prefixEnd(compare.key)),
  }) as unknown as Comparison;
  comparisons.set(made, compare);
  return made;
}

function compareOf(made: Comparison): Compare {
  const found = comparisons.get(made);
  if (found === undefined) throw badRequest('client: a comparison of a transaction must be made by compare.version, …');
  return found;
}

type Given = Pick<Compare, 'version' | 'create_revision' | 'mod_revision' | 'value' | 'lease'>;
const nothing: Given = { version: 0, create_revision: 0, mod_revision: 0, value: EMPTY, lease: 0n };

/** `stored ⟨result⟩ given`: each says what must be true of what is stored. */
export interface Comparable<T> {
  equals(given: T): Comparison;
  greater(given: T): Comparison;
  less(given: T): Comparison;
  notEqual(given: T): Comparison;
}

function comparable<T>(key: Bytes, target: CompareTarget, give: (given: T) => Partial<Given>): Comparable<T> {
  const bytes = toBytes('the key', key);
  const make =
    (result: CompareResult) =>
    (given: T): Comparison =>
      comparisonOf({ key: bytes, range_end: EMPTY, target, result, ...nothing, ...give(given) });
  return { equals: make('equal'), greater: make('greater'), less: make('less'), notEqual: make('not_equal') };
}

/** Makes the comparisons of a transaction. The numbers of a missing key are 0; its value compares false always. */
export const compare = {
  version: (key: Bytes): Comparable<number> => comparable(key, 'version', (version) => ({ version })),
  createRevision: (key: Bytes): Comparable<number> =>
    comparable(key, 'create', (create_revision) => ({ create_revision })),
  modRevision: (key: Bytes): Comparable<number> => comparable(key, 'mod', (mod_revision) => ({ mod_revision })),
  value: (key: Bytes): Comparable<Bytes> =>
    comparable(key, 'value', (value) => ({ value: typeof value === 'string' ? fromText(value) : value })),
  lease: (key: Bytes): Comparable<bigint> => comparable(key, 'lease', (lease) => ({ lease: leaseId(lease) })),
} as const;

export const keyExists = (key: Bytes): Comparison => compare.version(key).greater(0);
export const keyMissing = (key: Bytes): Comparison => compare.version(key).equals(0);

/* ---- the builder ----------------------------------------------------------------------------------------------- */

const txnOf = (all: readonly Comparison[], success: readonly Op[], failure: readonly Op[]): TxnRequest => ({
  compare: all.map(compareOf),
  success: success.map(operationOf),
  failure: failure.map(operationOf),
});

export type Commit = (request: TxnRequest, options: CallOptions | undefined) => Promise<TxnResponse>;

/** The parts in the order in which they may be given. */
const parts = ['if', 'then', 'else', 'commit'] as const;

export function txnBuilder(commit: Commit): TxnBuilder {
  let all: readonly Comparison[] = [];
  let success: readonly Op[] = [];
  let failure: readonly Op[] = [];
  let last = -1;
  const begin = (part: (typeof parts)[number]): void => {
    const at = parts.indexOf(part);
    const before = parts[last];
    if (last === at) throw badRequest(`client: txn: ${part} is given twice`);
    if (before !== undefined && last > at) throw badRequest(`client: txn: ${part} stands after ${before}`);
    last = at;
  };
  const builder: TxnBuilder = {
    if: (...given) => {
      begin('if');
      all = given;
      return builder;
    },
    then: (...given) => {
      // A builder that is awaited by mistake is taken for a promise, and called with two functions.
      if (typeof given[0] === 'function') throw badRequest('client: txn: await its commit(), not the transaction');
      begin('then');
      success = given;
      return builder;
    },
    else: (...given) => {
      begin('else');
      failure = given;
      return builder;
    },
    commit: async (options) => {
      begin('commit');
      return commit(txnOf(all, success, failure), options);
    },
  };
  return builder;
}
