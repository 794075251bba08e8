/** Makes calls: numbers them, bounds their time, and puts them into their lane. */
import type { Compare, TxnOperation, TxnRequest } from '../machines/language/commands.js';
import { badRequest, type QuorateError } from '../machines/language/errors.js';
import type { Request } from '../transport/ports.js';
import { onAbort } from './aborting.js';
import type { Call, Succeeded } from './call.js';
import { type Core, fail, hold, laneTo } from './core.js';
import type { Destination } from './lane.js';
import { abortError } from './outcome.js';
import type { CallOptions } from './types.js';

/** More than field names and numbers of one request or operation take on the wire. */
const FRAME_BYTES = 192;

export interface Wanted {
  readonly request: Request;
  readonly write: boolean;
  readonly destination: Destination;
  readonly options: CallOptions | undefined;
  readonly succeed: (answer: Succeeded) => void;
  readonly fail: (error: QuorateError) => void;
}

/** Throws what is wrong with the call itself; everything later goes to `fail`. */
export function issue(core: Core, wanted: Wanted): Call {
  const budget_ms = wanted.options?.timeoutMs ?? core.timeout_ms;
  if (!(budget_ms > 0)) throw badRequest(`client: timeoutMs is ${String(budget_ms)}; it must be above 0`);
  const call: Call = {
    number: ++core.lastNumber,
    request: wanted.request,
    write: wanted.write,
    lane: laneTo(core, wanted.destination),
    bytes: bytesOf(wanted.request),
    budget_ms,
    deadline_ms: core.clock.now_ms() + budget_ms,
    overdue_ms: Infinity,
    since: -1,
    attempt: null,
    attempts: 0,
    reached: 0,
    trouble: undefined,
    settled: false,
    succeed: wanted.succeed,
    fail: wanted.fail,
    unhook: undefined,
  };
  const signal = wanted.options?.signal;
  if (signal?.aborted) throw abortError(call, signal.reason);
  hold(core, call);
  if (signal !== undefined) call.unhook = onAbort(signal, () => fail(core, call, abortError(call, signal.reason)));
  return call;
}

/* ---- sizes, a little too large rather than too small ----------------------------------------------------------- */

function bytesOf(request: Request): number {
  switch (request.op) {
    case 'kv.put':
      return FRAME_BYTES + request.body.key.length + request.body.value.length;
    case 'kv.range':
    case 'kv.delete':
      return FRAME_BYTES + request.body.key.length + request.body.range_end.length;
    case 'kv.txn':
      return FRAME_BYTES + txnBytes(request.body);
    case 'kv.compact':
    case 'cluster.list':
    case 'maintenance.status':
    case 'maintenance.hashkv':
    case 'watch.history':
      return FRAME_BYTES;
  }
}

function txnBytes(txn: TxnRequest): number {
  const compares = txn.compare.reduce((sum, compare) => sum + compareBytes(compare), 0);
  const operations = [...txn.success, ...txn.failure].reduce((sum, operation) => sum + operationBytes(operation), 0);
  return FRAME_BYTES + compares + operations;
}

const compareBytes = (compare: Compare): number =>
  FRAME_BYTES + compare.key.length + compare.range_end.length + compare.value.length;

function operationBytes(operation: TxnOperation): number {
  if ('txn' in operation) return txnBytes(operation.txn);
  if ('put' in operation) return FRAME_BYTES + operation.put.key.length + operation.put.value.length;
  const range = 'range' in operation ? operation.range : operation.delete;
  return FRAME_BYTES + range.key.length + range.range_end.length;
}
