/** What the commands ask of a cluster: the client as they see it, so that they can be tried without one. */
import type {
  CallOptions,
  CompactOptions,
  CompactResponse,
  DeleteOptions,
  DeleteResponse,
  GetOptions,
  GetResponse,
  HashKvResponse,
  MemberListOptions,
  MemberListResponse,
  PutOptions,
  PutResponse,
  StatusResponse,
  TxnResponse,
} from '../../client/types.js';

export type Operation =
  | { readonly type: 'get'; readonly key: Uint8Array; readonly options: GetOptions }
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array; readonly options: PutOptions }
  | { readonly type: 'delete'; readonly key: Uint8Array; readonly options: DeleteOptions };

export type Relation = 'equals' | 'greater' | 'less' | 'notEqual';

/** `stored ⟨relation⟩ given`. */
export type Comparing =
  | {
      readonly target: 'version' | 'create' | 'mod';
      readonly key: Uint8Array;
      readonly relation: Relation;
      readonly given: number;
    }
  | { readonly target: 'value'; readonly key: Uint8Array; readonly relation: Relation; readonly given: Uint8Array }
  | { readonly target: 'lease'; readonly key: Uint8Array; readonly relation: Relation; readonly given: bigint };

export interface Transaction {
  readonly comparisons: readonly Comparing[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

export interface ClusterAccess {
  get(key: Uint8Array, options?: GetOptions & CallOptions): Promise<GetResponse>;
  put(key: Uint8Array, value: Uint8Array, options?: PutOptions): Promise<PutResponse>;
  delete(key: Uint8Array, options?: DeleteOptions): Promise<DeleteResponse>;
  txn(transaction: Transaction): Promise<TxnResponse>;
  compact(revision: number, options?: CompactOptions): Promise<CompactResponse>;
  memberList(options?: MemberListOptions): Promise<MemberListResponse>;
  status(member: string): Promise<StatusResponse>;
  hashKv(member: string, revision: number): Promise<HashKvResponse>;
  close(): Promise<void>;
}
