/** How large a request is, by what it would put into the log. */
import type { TxnOperation, TxnRequest } from '../machines/language/commands.js';
import { errorOf, type QuorateError } from '../machines/language/errors.js';
import type { Request } from './ports.js';

export function tooLarge(request: Request, bytes_max: number): QuorateError | null {
  return sizeOf(request) > bytes_max ? errorOf('RequestTooLarge') : null;
}

/** The bytes of keys and values in a request: what it would put into the log, without what frames them. */
function sizeOf(request: Request): number {
  if (request.op === 'kv.put') return request.body.key.length + request.body.value.length;
  if (request.op === 'kv.txn') return sizeOfTxn(request.body);
  return 'range_end' in request.body ? request.body.key.length + request.body.range_end.length : 0;
}

function sizeOfTxn(txn: TxnRequest): number {
  let sum = 0;
  for (const { key, range_end, value } of txn.compare) sum += key.length + range_end.length + value.length;
  for (const operation of txn.success) sum += sizeOfOperation(operation);
  for (const operation of txn.failure) sum += sizeOfOperation(operation);
  return sum;
}

function sizeOfOperation(operation: TxnOperation): number {
  if ('put' in operation) return operation.put.key.length + operation.put.value.length;
  if ('txn' in operation) return sizeOfTxn(operation.txn);
  const { key, range_end } = 'range' in operation ? operation.range : operation.delete;
  return key.length + range_end.length;
}
