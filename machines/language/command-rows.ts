/** Commands as rows: compact arrays in one fixed order, so that equal commands are equal bytes on every member. */
import type { Command, Operation, RequestId } from './commands.js';
import { type ErrorName, errors } from './errors.js';
import { unreachable } from './invariant.js';
import { isLeaseOperation, leaseFromRow, leaseToRow } from './lease-rows.js';
import {
  deleteFromRow,
  deleteToRow,
  operationKinds as kind,
  putFromRow,
  putToRow,
  txnFromRow,
  txnToRow,
} from './operation-rows.js';
import { makesLease } from './validation.js';
import { bytes, count, integer, list, refuse, type Row, row, text, UnknownVersionError } from './rows.js';

/**
 * [safety] What is logged carries its version first; a member that meets one it does not know stops. Version 2 knows
 * leases; what version 1 can say is said in version 1.
 */
const COMMAND_VERSION = 2;

export function commandToRow(command: Command): Row {
  return [
    versionOf(command.operation),
    requestToRow(command.request),
    command.refused,
    operationToRow(command.operation),
  ];
}

export function commandFromRow(value: unknown): Command {
  const values = list(value, 'command');
  const version = count(values[0], 'command.version');
  if (version < 1 || version > COMMAND_VERSION) throw new UnknownVersionError('command', version, COMMAND_VERSION);
  const [, request, refused, operation] = row(values, 4, 'command');
  return {
    request: requestFromRow(request),
    refused: refused === null ? null : errorNameFrom(refused),
    operation: operationFromRow(operation),
  };
}

function versionOf(operation: Operation): number {
  if (operation.type === 'txn') return makesLease(operation.txn) ? 2 : 1;
  return isLeaseOperation(operation) || (operation.type === 'put' && operation.put.ttl_ms > 0) ? 2 : 1;
}

function errorNameFrom(value: unknown): ErrorName {
  const name = text(value, 'command.refused');
  if (Object.hasOwn(errors, name)) return name as ErrorName;
  return refuse('command.refused', 'the name of an error', value);
}

function requestToRow(request: RequestId | null): Row | null {
  return request === null ? null : [request.client, request.number, request.since];
}

function requestFromRow(value: unknown): RequestId | null {
  if (value === null) return null;
  const [client, number, since] = row(value, 3, 'request');
  return {
    client: bytes(client, 'request.client'),
    number: count(number, 'request.number'),
    since: count(since, 'request.since'),
  };
}

function operationToRow(operation: Operation): Row {
  switch (operation.type) {
    case 'put':
      return putToRow(operation.put);
    case 'delete':
      return deleteToRow(operation.delete);
    case 'txn':
      return txnToRow(operation.txn, 1);
    case 'compact':
      return [kind.compact, operation.revision];
    case 'lease.grant':
    case 'lease.revoke':
    case 'lease.checkpoint':
      return leaseToRow(operation);
    default:
      return unreachable(operation);
  }
}

function operationFromRow(value: unknown): Operation {
  const values = list(value, 'operation');
  switch (values[0]) {
    case kind.put:
      return { type: 'put', put: putFromRow(values) };
    case kind.delete:
      return { type: 'delete', delete: deleteFromRow(values) };
    case kind.txn:
      return { type: 'txn', txn: txnFromRow(values, 1) };
    case kind.compact:
      return { type: 'compact', revision: integer(row(values, 2, 'compact')[1], 'compact.revision') };
    case kind.lease:
      return leaseFromRow(values);
    default:
      return refuse('operation', 'a put, delete, txn, compact or a word on leases', values[0]);
  }
}
