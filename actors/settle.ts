/**
 * What a command says that depends on the leader's flags or on chance: settled before it is proposed, so that every
 * member comes to the same.
 */
import type { Operation, PutRequest, TxnOperation, TxnRequest } from '../machines/language/commands.js';
import { makesLease } from '../machines/language/validation.js';
import type { Random } from '../machines/language/time.js';
import type { NodeSettings } from './ports.js';

type Settings = Pick<NodeSettings, 'min_lease_ttl_ms'>;

/** Leases get an id where they were given none, and no less than the smallest TTL. */
export function settle(operation: Operation, settings: Settings, random: Random): Operation {
  switch (operation.type) {
    case 'put':
      return operation.put.ttl_ms === 0 ? operation : { type: 'put', put: settlePut(operation.put, settings, random) };
    case 'txn':
      return makesLease(operation.txn) ? { type: 'txn', txn: settleTxn(operation.txn, settings, random) } : operation;
    case 'lease.grant': {
      const { id, ttl_ms } = operation.grant;
      const grant = { id: id === 0n ? drawLeaseId(random) : id, ttl_ms: atLeast(ttl_ms, settings) };
      return { type: 'lease.grant', grant };
    }
    case 'delete':
    case 'compact':
    case 'lease.revoke':
    case 'lease.checkpoint':
      return operation;
  }
}

function settleTxn(txn: TxnRequest, settings: Settings, random: Random): TxnRequest {
  const settleOne = (operation: TxnOperation): TxnOperation => {
    if ('txn' in operation) return { txn: settleTxn(operation.txn, settings, random) };
    return 'put' in operation ? { put: settlePut(operation.put, settings, random) } : operation;
  };
  return { ...txn, success: txn.success.map(settleOne), failure: txn.failure.map(settleOne) };
}

function settlePut(put: PutRequest, settings: Settings, random: Random): PutRequest {
  if (put.ttl_ms === 0) return put;
  return { ...put, lease: put.lease === 0n ? drawLeaseId(random) : put.lease, ttl_ms: atLeast(put.ttl_ms, settings) };
}

const atLeast = (ttl_ms: number, { min_lease_ttl_ms }: Settings): number => Math.max(ttl_ms, min_lease_ttl_ms);

/** 63 bits, never 0: positive, as etcd's are. */
export function drawLeaseId(random: Random): bigint {
  const bytes = random.bytes(8);
  const id = BigInt.asUintN(63, new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  return id === 0n ? 1n : id;
}
