/** What becomes of leases (reference 1.3, 2.6). Time is not read here: the leader counts it and says when it ends. */
import type { Decision, PutRequest } from '../machines/language/commands.js';
import type { LeaseCheckpoint, LeaseGrantRequest } from '../machines/language/leases.js';
import type { ErrorName } from '../machines/language/errors.js';
import type { Revision } from '../machines/language/vocabulary.js';
import { type Draft, refuse } from './draft.js';
import { fromLatin1 } from './keys.js';
import { tombstoneOf } from './revision.js';

export function decideGrant(draft: Draft, { id, ttl_ms }: LeaseGrantRequest): Decision {
  if (draft.leases.get(id) !== undefined) return refuse(draft, 'LeaseExist');
  draft.setLease(id, { id, ttl_ms, remaining_ms: 0 });
  return { type: 'lease.grant', grant: { revision: draft.revision as Revision, id, ttl_ms } };
}

/** All its keys go in one revision, in their order, and the lease with them (B-52). */
export function decideRevoke(draft: Draft, id: bigint, expired: boolean): Decision {
  if (draft.leases.get(id) === undefined) return refuse(draft, 'LeaseNotFound');
  const main = draft.revision + 1;
  for (const key of draft.leases.keysOf(id)) {
    const kv = tombstoneOf(fromLatin1(key), main);
    const cause = expired ? 'lease expired' : 'lease revoked';
    draft.add({ key, main, sub: draft.changes.length, tombstone: true, kv, cause });
  }
  draft.setLease(id, null);
  return { type: 'lease.revoke', revoke: { revision: draft.visibleRevision() as Revision } };
}

/** A lease that has gone meanwhile has nothing to note. */
export function decideCheckpoint(draft: Draft, checkpoints: readonly LeaseCheckpoint[]): Decision {
  for (const { id, remaining_ms } of checkpoints) {
    const lease = draft.leases.get(id);
    if (lease !== undefined) draft.setLease(id, { ...lease, remaining_ms });
  }
  return { type: 'lease.checkpoint', revision: draft.revision as Revision };
}

/** Null when the lease that a put names is there, or is to be made and is not there. */
export function errorInLease(draft: Draft, { lease, ttl_ms }: PutRequest): ErrorName | null {
  if (ttl_ms > 0) return draft.leases.get(lease) === undefined ? null : 'LeaseExist';
  return lease === 0n || draft.leases.get(lease) !== undefined ? null : 'LeaseNotFound';
}

/** Makes the lease of a put with a TTL; where two puts of a transaction name the same, both hang on it. */
export function makeOwnLease(draft: Draft, { lease, ttl_ms }: PutRequest): bigint {
  if (ttl_ms === 0) return 0n;
  if (draft.leases.get(lease) === undefined) draft.setLease(lease, { id: lease, ttl_ms, remaining_ms: 0 });
  return lease;
}
