/** Keys and values: reads, writes, transactions, compaction. */
import type { CompactRequest, RangeRequest, TxnRequest } from '../machines/language/commands.js';
import { badRequest } from '../machines/language/errors.js';
import type { Operation, Request, Result } from '../transport/ports.js';
import { checkName } from '../transport/subjects.js';
import { toDelete, toGet, toHeader, toPut, toTxn } from './answers.js';
import type { Succeeded } from './call.js';
import type { Connection } from './connection.js';
import type { Destination } from './lane.js';
import { truncatedError } from './outcome.js';
import { deleteRequest, putRequest, rangeRequest } from './requests.js';
import { txnBuilder } from './txn.js';
import type { CallOptions, Kv, ResponseHeader } from './types.js';

export const leader: Destination = { type: 'leader' };
const anyMember: Destination = { type: 'anyMember' };

function destinationOf(options: CallOptions | undefined, serializable: boolean): Destination {
  if (options?.member === undefined) return serializable ? anyMember : leader;
  return { type: 'member', member: checkName('member name', options.member), serializable };
}

/** The member that the options name, else where it would go. */
export const memberOr = (destination: Destination, options: CallOptions | undefined): Destination =>
  options?.member === undefined
    ? destination
    : { type: 'member', member: checkName('member name', options.member), serializable: false };

type BodyOf<Op extends Operation> = Extract<Result, { readonly op: Op }>['body'];

/** Reads an answer to `op`. Throws when the node no longer keeps what it answered. */
export function reading<Op extends Operation, T>(op: Op, make: (header: ResponseHeader, body: BodyOf<Op>) => T) {
  return (answer: Succeeded): T => {
    if ('truncated' in answer) throw truncatedError(answer.header.revision);
    if (answer.result.op !== op) throw badRequest(`client: ${answer.result.op} was answered where ${op} was asked`);
    return make(toHeader(answer.header), answer.result.body as BodyOf<Op>);
  };
}

const readGet = reading('kv.range', toGet);
const readPut = reading('kv.put', toPut);
const readDelete = reading('kv.delete', toDelete);
const readTxn = reading('kv.txn', toTxn);
/** All that a compaction answers is its header, which is always kept; so it is for a put that did not ask for more. */
const readHeader = (answer: Succeeded): { readonly header: ResponseHeader } => ({ header: toHeader(answer.header) });

export function kvOf(connection: Connection): Kv {
  const commit = (body: TxnRequest, options: CallOptions | undefined) =>
    connection.ask(
      { op: 'kv.txn', body },
      !readsOnly(body),
      destinationOf(options, readsLocally(body)),
      options,
      readTxn,
    );
  return {
    get: (key, options) =>
      rejecting(() => {
        const body = rangeRequest(key, options);
        const destination = destinationOf(options, body.serializable);
        return connection.ask({ op: 'kv.range', body }, false, destination, options, readGet);
      }),
    put: (key, value, options) =>
      rejecting(() => {
        const request: Request = { op: 'kv.put', body: putRequest(key, value, options) };
        const read = request.body.prev_kv || request.body.ttl_ms > 0 ? readPut : readHeader;
        return connection.ask(request, true, destinationOf(options, false), options, read);
      }),
    delete: (key, options) =>
      rejecting(() => {
        const request: Request = { op: 'kv.delete', body: deleteRequest(key, options) };
        return connection.ask(request, true, destinationOf(options, false), options, readDelete);
      }),
    txn: () => txnBuilder(commit),
    compact: (revision, options) =>
      rejecting(() => {
        if (!Number.isSafeInteger(revision)) {
          throw badRequest(`client: the revision to compact is ${String(revision)}; it must be a whole number`);
        }
        const body: CompactRequest = { revision, physical: options?.physical === true };
        return connection.ask({ op: 'kv.compact', body }, true, destinationOf(options, false), options, readHeader);
      }),
  };
}

/** What is wrong with a call's arguments rejects its promise, like everything else that goes wrong with it. */
export function rejecting<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return ask();
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

const rangesOf = (txn: TxnRequest): readonly (RangeRequest | undefined)[] =>
  [...txn.success, ...txn.failure].map((operation) => ('range' in operation ? operation.range : undefined));

/** Only ranges on both branches: not replicated, so it needs no request id (reference B-17). */
const readsOnly = (txn: TxnRequest): boolean => rangesOf(txn).every((range) => range !== undefined);

/** Every range says that it may be served locally. One without any range compares, and that must not be stale. */
const readsLocally = (txn: TxnRequest): boolean => {
  const ranges = rangesOf(txn);
  return ranges.length > 0 && ranges.every((range) => range?.serializable === true);
};
