/** What the log carries of leases, as rows. */
import type { Operation } from './commands.js';
import type { LeaseCheckpoint } from './leases.js';
import { unreachable } from './invariant.js';
import { operationKinds } from './operation-rows.js';
import { count, flag, list, refuse, type Row, row, signed64 } from './rows.js';

export type LeaseOperation = Extract<Operation, { readonly type: `lease.${string}` }>;

const what = { grant: 0, revoke: 1, checkpoint: 2 } as const;

export const isLeaseOperation = (operation: Operation): operation is LeaseOperation =>
  operation.type.startsWith('lease.');

export function leaseToRow(operation: LeaseOperation): Row {
  const kind = operationKinds.lease;
  switch (operation.type) {
    case 'lease.grant':
      return [kind, what.grant, operation.grant.id, operation.grant.ttl_ms];
    case 'lease.revoke':
      return [kind, what.revoke, operation.id, operation.expired];
    case 'lease.checkpoint':
      return [kind, what.checkpoint, operation.leases.map(({ id, remaining_ms }) => [id, remaining_ms])];
    default:
      return unreachable(operation);
  }
}

export function leaseFromRow(values: Row): LeaseOperation {
  switch (values[1]) {
    case what.grant: {
      const [, , id, ttl_ms] = row(values, 4, 'lease grant');
      return { type: 'lease.grant', grant: { id: idFrom(id), ttl_ms: count(ttl_ms, 'lease.ttl_ms') } };
    }
    case what.revoke: {
      const [, , id, expired] = row(values, 4, 'lease revoke');
      return { type: 'lease.revoke', id: idFrom(id), expired: flag(expired, 'lease.expired') };
    }
    case what.checkpoint: {
      const leases = list(row(values, 3, 'lease checkpoint')[2], 'lease checkpoint');
      return { type: 'lease.checkpoint', leases: leases.map(checkpointFrom) };
    }
    default:
      return refuse('lease operation', 'a grant, revoke or checkpoint', values[1]);
  }
}

function checkpointFrom(value: unknown): LeaseCheckpoint {
  const [id, remaining_ms] = row(value, 2, 'lease checkpoint');
  return { id: idFrom(id), remaining_ms: count(remaining_ms, 'lease.remaining_ms') };
}

const idFrom = (value: unknown): bigint => signed64(value, 'lease.id');
