/**
 * What a store must offer so that the conformance cases can ask it: the reference's requests (1.1) in its own words.
 * Bytes are strings here, one character a byte, so that cases read well; `\xff` is the byte 255.
 */

export type Text = string;

export interface RangeAsked {
  readonly key: Text;
  readonly range_end?: Text;
  readonly limit?: number;
  readonly revision?: number;
  readonly sort_order?: string;
  readonly sort_target?: string;
  readonly serializable?: boolean;
  readonly keys_only?: boolean;
  readonly count_only?: boolean;
  readonly min_mod_revision?: number;
  readonly max_mod_revision?: number;
  readonly min_create_revision?: number;
  readonly max_create_revision?: number;
}

export interface PutAsked {
  readonly key: Text;
  readonly value?: Text;
  readonly lease?: bigint;
  readonly prev_kv?: boolean;
  readonly ignore_value?: boolean;
  readonly ignore_lease?: boolean;
}

export interface DeleteAsked {
  readonly key: Text;
  readonly range_end?: Text;
  readonly prev_kv?: boolean;
}

export type CompareAsked = {
  readonly key: Text;
  readonly range_end?: Text;
  readonly result: 'equal' | 'greater' | 'less' | 'not_equal';
} & (
  | { readonly target: 'version' | 'create' | 'mod'; readonly given: number }
  | { readonly target: 'value'; readonly given: Text }
  | { readonly target: 'lease'; readonly given: bigint }
);

export type OpAsked =
  | { readonly range: RangeAsked }
  | { readonly put: PutAsked }
  | { readonly delete: DeleteAsked }
  | { readonly txn: TxnAsked };

export interface TxnAsked {
  readonly compare?: readonly CompareAsked[];
  readonly success?: readonly OpAsked[];
  readonly failure?: readonly OpAsked[];
}

export interface Pair {
  readonly key: Text;
  readonly value: Text;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly lease: bigint;
}

export interface RangeAnswer {
  readonly kvs: readonly Pair[];
  readonly more: boolean;
  readonly count: number;
}
export interface PutAnswer {
  readonly prev_kv: Pair | null;
}
export interface DeleteAnswer {
  readonly deleted: number;
  readonly prev_kvs: readonly Pair[];
}
export interface TxnAnswer {
  readonly succeeded: boolean;
  readonly responses: readonly OpAnswer[];
}
export type OpAnswer =
  | { readonly range: RangeAnswer }
  | { readonly put: PutAnswer }
  | { readonly delete: DeleteAnswer }
  | { readonly txn: TxnAnswer };

/** The header's revision stands beside every answer. */
export type At<T> = T & { readonly revision: number };

export interface HashAnswer {
  readonly hash: number;
  readonly compact_revision: number;
}

export interface TimeToLiveAnswer {
  /** Whole seconds; -1 where there is no such lease. */
  readonly ttl: number;
  readonly granted: number;
  readonly keys: readonly Text[];
}

export interface Driver {
  readonly name: string;
  /** etcd's minor version whose behaviour is expected, such as '3.6'. */
  readonly version: string;
  readonly product: 'quorate' | 'etcd';
  readonly range: (asked: RangeAsked) => Promise<At<RangeAnswer>>;
  readonly put: (asked: PutAsked) => Promise<At<PutAnswer>>;
  readonly delete: (asked: DeleteAsked) => Promise<At<DeleteAnswer>>;
  readonly txn: (asked: TxnAsked) => Promise<At<TxnAnswer>>;
  readonly compact: (revision: number, physical?: boolean) => Promise<{ readonly revision: number }>;
  readonly hashKv: (revision?: number) => Promise<HashAnswer>;
  /** Whole seconds. */
  readonly grant: (ttl: number, id?: bigint) => Promise<At<{ readonly id: bigint; readonly ttl: number }>>;
  readonly revoke: (id: bigint) => Promise<{ readonly revision: number }>;
  /** The TTL after one renewal; 0 where there is no such lease. */
  readonly keepAlive: (id: bigint) => Promise<number>;
  readonly timeToLive: (id: bigint, keys?: boolean) => Promise<TimeToLiveAnswer>;
  readonly leases: () => Promise<readonly bigint[]>;
  readonly close: () => Promise<void>;
}

/** How a store says no. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly text: string,
    /** gRPC's name for the code, where the driver can see one. */
    readonly code?: string,
  ) {
    super(`${code ?? 'no code'}: ${text}`);
  }
}
