/** Between the model's words and the system's: operations as requests, results as outputs. */
import { EMPTY, fromText, NUL, toHex, toText } from '../../machines/language/bytes.js';
import type {
  Command,
  Decision,
  KeyValue,
  OperationResult,
  PutRequest,
  RangeRequest,
  RequestId,
  TxnRequest,
} from '../../machines/language/commands.js';
import { errors, type QuorateError } from '../../machines/language/errors.js';
import { plainCompare, plainPut, plainRange } from '../../machines/language/plain.js';
import { isOutcome } from '../../client/outcome.js';
import type { Request, Result } from '../../transport/ports.js';
import type { Input, ModelKv, Output } from './model.js';

const range = (key: string | null, revision: number, serializable: boolean): RangeRequest => ({
  ...plainRange(key === null ? NUL : fromText(key)),
  range_end: key === null ? NUL : EMPTY,
  revision,
  serializable,
});

const put = (key: string, value: string): PutRequest => ({ ...plainPut(fromText(key)), value: fromText(value) });

const swap = (key: string, expected: number, value: string): TxnRequest => ({
  compare: [{ ...plainCompare(fromText(key)), target: 'mod', mod_revision: expected }],
  success: [{ put: put(key, value) }],
  failure: [{ range: range(key, 0, false) }],
});

export function requestOf(input: Input): Request {
  switch (input.type) {
    case 'read':
      return { op: 'kv.range', body: range(input.key, input.revision, input.serializable) };
    case 'readBoth': {
      const success = input.keys.map((key) => ({ range: range(key, 0, input.serializable) }));
      return { op: 'kv.txn', body: { compare: [], success, failure: [] } };
    }
    case 'put':
      return { op: 'kv.put', body: put(input.key, input.value) };
    case 'putBoth': {
      const success = input.keys.map((key) => ({ put: put(key, input.value) }));
      return { op: 'kv.txn', body: { compare: [], success, failure: [] } };
    }
    case 'delete':
      return { op: 'kv.delete', body: { key: fromText(input.key), range_end: EMPTY, prev_kv: false } };
    case 'swap':
      return { op: 'kv.txn', body: swap(input.key, input.expected, input.value) };
    case 'compact':
      return { op: 'kv.compact', body: { revision: input.revision, physical: false } };
    case 'others':
      throw new Error('what others did is asked by nobody');
  }
}

/** The name under which the log knows a change: its request id, or its unique value. */
export function tagOf(input: Input, request: RequestId | null): string | null {
  if (input.type === 'read' || input.type === 'readBoth' || input.type === 'others') return null;
  if (request !== null) return `${toHex(request.client)}/${request.number}`;
  return input.type === 'delete' || input.type === 'compact' ? null : `value ${input.value}`;
}

/** What a client understands of a result. Only the simulation's own operations come back here. */
export function outputOf(input: Input, result: Result): Output {
  const { revision } = result.body as { readonly revision: number };
  switch (result.op) {
    case 'kv.range':
      return { type: 'kvs', revision, kvs: result.body.kvs.map(modelKv) };
    case 'kv.delete':
      return { type: 'deleted', revision, count: result.body.deleted };
    case 'kv.txn':
      if (input.type === 'putBoth') return { type: 'done', revision };
      if (input.type === 'readBoth') return { type: 'kvs', revision, kvs: result.body.responses.flatMap(kvsOf) };
      return {
        type: 'swapped',
        revision,
        succeeded: result.body.succeeded,
        kvs: result.body.succeeded ? [] : kvsOf(result.body.responses[0]),
      };
    default:
      return { type: 'done', revision };
  }
}

const kvsOf = (response: OperationResult | undefined): readonly ModelKv[] =>
  response !== undefined && 'range' in response ? response.range.kvs.map(modelKv) : [];

const modelKv = (kv: KeyValue): ModelKv => ({
  key: toText(kv.key) ?? '',
  value: toText(kv.value) ?? '',
  create: kv.create_revision,
  mod: kv.mod_revision,
  version: kv.version,
});

/** An error that settles what happened: the store decided it. Null: anything may have happened. */
export function outputOfError(error: QuorateError): Output | null {
  if (error.message === errors.Compacted.message) return { type: 'error', name: 'compacted' };
  if (error.message === errors.FutureRev.message) return { type: 'error', name: 'future' };
  return null;
}

/** An error that settles it for a client of the product: nothing was done, and nothing will be. */
export const isRefusal = (error: QuorateError): boolean =>
  isOutcome(error) && !error.maybe_applied && error.message !== errors.RequestExpired.message;

/** The operation that a command in the log carries. */
export function inputOf(command: Command): Input {
  const { operation } = command;
  switch (operation.type) {
    case 'put':
      return { type: 'put', key: toText(operation.put.key) ?? '', value: toText(operation.put.value) ?? '' };
    case 'delete':
      return { type: 'delete', key: toText(operation.delete.key) ?? '' };
    case 'compact':
      return { type: 'compact', revision: operation.revision };
    case 'txn':
      return inputOfTxn(operation.txn);
    case 'lease.grant':
    case 'lease.revoke':
    case 'lease.checkpoint':
      throw new Error(`${operation.type} is not the model's`);
  }
}

function inputOfTxn(txn: TxnRequest): Input {
  const puts = txn.success.flatMap((one) => ('put' in one ? [one.put] : []));
  const [first, second] = puts.map((one) => toText(one.key) ?? '');
  const value = toText(puts[0]?.value ?? EMPTY) ?? '';
  const compare = txn.compare[0];
  if (compare === undefined) return { type: 'putBoth', keys: [first ?? '', second ?? ''], value };
  return { type: 'swap', key: first ?? '', expected: compare.mod_revision, value };
}

/** What the store decided, in the model's words. */
export function outputOfDecision(input: Input, decision: Decision): Output | null {
  switch (decision.type) {
    case 'put':
      return { type: 'done', revision: decision.put.revision };
    case 'delete':
      return outputOf(input, { op: 'kv.delete', body: decision.delete });
    case 'txn':
      return outputOf(input, { op: 'kv.txn', body: decision.txn });
    case 'compact':
      return { type: 'done', revision: decision.compact.revision };
    case 'error':
      if (decision.error === 'Compacted') return { type: 'error', name: 'compacted' };
      return decision.error === 'FutureRev' ? { type: 'error', name: 'future' } : null;
    case 'lease.grant':
    case 'lease.revoke':
    case 'lease.checkpoint':
    case 'truncated':
      return null;
  }
}
