/**
 * What leases, and transactions with them, should do: the part of the model that only the replayed log needs. The
 * histories are judged by what it came to (`changes`), so that the checker knows of no lease.
 */
import { toText } from '../../machines/language/bytes.js';
import type { Compare, Operation, PutRequest, TxnOperation } from '../../machines/language/commands.js';
import { changeKeys, type KeyChange, type State } from './model.js';

/** Leases that are there, and which key hangs on which. */
export interface Held {
  readonly leases: Set<string>;
  readonly of: Map<string, string>;
}

export const nothingHeld = (): Held => ({ leases: new Set(), of: new Map() });

export interface ForeignOutcome {
  readonly state: State;
  readonly changes: readonly KeyChange[];
  /** The error's name, or null. */
  readonly error: 'LeaseNotFound' | 'LeaseExist' | null;
  readonly succeeded: boolean;
}

/** Simulated clients of keys and values use keys of one letter; everybody else has longer ones. */
export function isForeign(operation: Operation): boolean {
  switch (operation.type) {
    case 'put':
      return operation.put.key.length > 1;
    case 'delete':
      return operation.delete.key.length > 1;
    case 'txn': {
      const [compare] = operation.txn.compare;
      return (compare?.key.length ?? 0) > 1;
    }
    case 'compact':
      return false;
    default:
      return true;
  }
}

const textOf = (bytes: Uint8Array): string => toText(bytes) ?? '';

/** Changes `held`; gives the next state. */
export function stepForeign(state: State, held: Held, operation: Operation): ForeignOutcome {
  switch (operation.type) {
    case 'put':
      return run(state, held, [operation], true);
    case 'delete':
      return run(state, held, [operation], true);
    case 'txn': {
      const succeeded = operation.txn.compare.every((compare) => holds(state, held, compare));
      return run(state, held, succeeded ? operation.txn.success : operation.txn.failure, succeeded);
    }
    case 'lease.grant': {
      const lease = String(operation.grant.id);
      if (held.leases.has(lease)) return nothing(state, 'LeaseExist');
      held.leases.add(lease);
      return nothing(state, null);
    }
    case 'lease.revoke': {
      const lease = String(operation.id);
      if (!held.leases.delete(lease)) return nothing(state, 'LeaseNotFound');
      const keys = [...held.of].filter(([, of]) => of === lease).map(([key]) => key);
      return made(
        state,
        held,
        keys.sort().map((key) => [key, null] as const),
        true,
      );
    }
    default:
      return nothing(state, null);
  }
}

const nothing = (state: State, error: ForeignOutcome['error']): ForeignOutcome => ({
  state,
  changes: [],
  error,
  succeeded: false,
});

function holds(state: State, held: Held, compare: Compare): boolean {
  const key = textOf(compare.key);
  const found = state.keys.get(key);
  switch (compare.target) {
    case 'mod':
      return (found?.mod ?? 0) === compare.mod_revision;
    case 'create':
      return (found?.create ?? 0) === compare.create_revision;
    case 'lease':
      return (held.of.get(key) ?? '0') === String(compare.lease);
    default:
      throw new Error(`the model of leases does not know what a comparison of ${compare.target} comes to`);
  }
}

function run(state: State, held: Held, operations: readonly TxnOperation[], succeeded: boolean): ForeignOutcome {
  const puts = operations.flatMap((one) => ('put' in one ? [one.put] : []));
  for (const put of puts) {
    const known = held.leases.has(String(put.lease));
    if (put.ttl_ms > 0 && known) return nothing(state, 'LeaseExist');
    if (put.ttl_ms === 0 && put.lease !== 0n && !known) return nothing(state, 'LeaseNotFound');
  }
  const changes = operations.flatMap((one): readonly KeyChange[] => {
    if ('put' in one) return [changeOf(held, one.put)];
    if (!('delete' in one)) return [];
    const key = textOf(one.delete.key);
    return state.keys.has(key) ? [[key, null]] : [];
  });
  return made(state, held, changes, succeeded);
}

function changeOf(held: Held, put: PutRequest): KeyChange {
  const [key, lease] = [textOf(put.key), String(put.lease)];
  if (put.ttl_ms > 0) held.leases.add(lease);
  if (put.lease === 0n) held.of.delete(key);
  else held.of.set(key, lease);
  return [key, textOf(put.value)];
}

function made(state: State, held: Held, changes: readonly KeyChange[], succeeded: boolean): ForeignOutcome {
  for (const [key, value] of changes) if (value === null) held.of.delete(key);
  return { state: changes.length === 0 ? state : changeKeys(state, changes), changes, error: null, succeeded };
}
