/** What a client can ask of the lock and election services, and what they answer (reference 1.7). */
import type { KeyValue } from './commands.js';
import type { Revision } from './vocabulary.js';

/** `lease` 0: one is made for it, of `ttl_ms` (0: the preset), and answered. */
export interface LockRequest {
  readonly name: Uint8Array;
  readonly lease: bigint;
  readonly ttl_ms: number;
}

export interface UnlockRequest {
  readonly key: Uint8Array;
}

export interface CampaignRequest extends LockRequest {
  readonly value: Uint8Array;
}

/** What a leader shows to act as one. */
export interface LeaderKey {
  readonly name: Uint8Array;
  readonly key: Uint8Array;
  /** The create revision of its key: the fencing token. */
  readonly rev: number;
  readonly lease: bigint;
}

export interface ProclaimRequest {
  readonly leader: LeaderKey;
  readonly value: Uint8Array;
}

export interface LeaderRequest {
  readonly name: Uint8Array;
}

export interface ObserveRequest extends LeaderRequest {
  /** The next leader, or the next value of the one there was at this revision; 0: whoever leads. */
  readonly after_revision: number;
}

export interface ResignRequest {
  readonly leader: LeaderKey;
}

export type CoordinationRequest =
  | { readonly op: 'lock.lock'; readonly body: LockRequest }
  | { readonly op: 'lock.unlock'; readonly body: UnlockRequest }
  | { readonly op: 'election.campaign'; readonly body: CampaignRequest }
  | { readonly op: 'election.proclaim'; readonly body: ProclaimRequest }
  | { readonly op: 'election.leader'; readonly body: LeaderRequest }
  | { readonly op: 'election.observe'; readonly body: ObserveRequest }
  | { readonly op: 'election.resign'; readonly body: ResignRequest };

export interface LockResult {
  readonly revision: Revision;
  readonly key: Uint8Array;
  /** The fencing token: greater than that of every holder before. */
  readonly rev: number;
  readonly lease: bigint;
}

export interface LeaderResult {
  readonly revision: Revision;
  readonly kv: KeyValue;
}

export type CoordinationResult =
  | { readonly op: 'lock.lock'; readonly body: LockResult }
  | { readonly op: 'lock.unlock'; readonly body: { readonly revision: Revision } }
  | { readonly op: 'election.campaign'; readonly body: { readonly revision: Revision; readonly leader: LeaderKey } }
  | { readonly op: 'election.proclaim'; readonly body: { readonly revision: Revision } }
  | { readonly op: 'election.leader'; readonly body: LeaderResult }
  | { readonly op: 'election.observe'; readonly body: LeaderResult }
  | { readonly op: 'election.resign'; readonly body: { readonly revision: Revision } };

export const isCoordination = (request: { readonly op: string }): request is CoordinationRequest =>
  request.op.startsWith('lock.') || request.op.startsWith('election.');
