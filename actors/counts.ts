/** What the rooms count: where a count begins, and what the decided commands add to it. */
import type { TxnResult } from '../machines/language/commands.js';
import { count, doubling } from '../machines/language/buckets.js';
import type { Decided } from '../store/ports.js';
import type { Result } from '../transport/ports.js';
import type { Counts } from './ports.js';

export const newCounts = (): Counts => ({
  leader_changes: 0,
  proposals_failed: 0,
  read_indexes_failed: 0,
  puts: 0,
  deletes: 0,
  txns: 0,
  ranges: 0,
  leases_granted: 0,
  leases_revoked: 0,
  leases_renewed: 0,
  leases_expired: 0,
  lease_ttls: doubling(1, 24),
  took: { log: doubling(0.001, 14), store: doubling(0.001, 14), apply: doubling(0.0001, 20) },
  slow_applies: 0,
});

export function countDecided(counts: Counts, decided: readonly Decided[]): void {
  for (const { decision, leases } of decided) {
    if (decision?.type === 'put') counts.puts++;
    else if (decision?.type === 'delete') counts.deletes++;
    else if (decision?.type === 'txn') countTxn(counts, decision.txn);
    for (const { before, after } of leases) {
      if (before === null && after !== null) {
        counts.leases_granted++;
        count(counts.lease_ttls, after.ttl_ms / 1_000);
      } else if (before !== null && after === null) counts.leases_revoked++;
    }
  }
}

export function countRead(counts: Counts, result: Result): void {
  if (result.op === 'kv.range') counts.ranges++;
  else if (result.op === 'kv.txn') countTxn(counts, result.body);
}

function countTxn(counts: Counts, txn: TxnResult): void {
  const operations = countOperations(counts, txn);
  if (operations > 1) counts.txns++;
}

function countOperations(counts: Counts, txn: TxnResult): number {
  let operations = 0;
  for (const response of txn.responses) {
    if ('txn' in response) operations += countOperations(counts, response.txn);
    else {
      operations++;
      if ('put' in response) counts.puts++;
      else if ('delete' in response) counts.deletes++;
      else counts.ranges++;
    }
  }
  return operations;
}
