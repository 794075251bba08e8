/**
 * Locks and elections as rows: those who contend for a name, each with a key below it (`<name>/<lease in hex>`). The
 * key with the smallest create revision holds the name; every other waits for the end of the one just before it, so
 * that an end wakes one contender and no herd (reference 1.7, 4.2).
 *
 * A key that waits hangs on a short lease of its own, which the leader renews: whatever happens to the leader or the
 * asker, it is gone soon. Only who has won is moved to the lease it came with, in a transaction that fails where that
 * lease is over: so nobody wins with a session that has expired.
 */
import { compareBytes, concatBytes, EMPTY, fromText, prefixEnd } from './language/bytes.js';
import type { Compare, KeyValue, RangeRequest, TxnRequest, TxnResult } from './language/commands.js';
import type { CampaignRequest } from './language/coordination.js';
import { plainCompare, plainPut, plainRange } from './language/plain.js';

export interface Contender {
  readonly name: Uint8Array;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** The lease it came with, or the id of the one that is made for it once it has won. */
  readonly lease: bigint;
  /** Above 0: that lease is to be made, with so much time. */
  readonly makes_ttl_ms: number;
  /** The short lease that its key hangs on while it waits. */
  readonly waiting_lease: bigint;
}

/** How long a key that waits outlives the leader that renews it. */
export const WAITING_TTL_MS = 10_000;
/** Of a lease that nobody brought along (reference 1.7). */
const PRESET_TTL_MS = 60_000;

const SLASH = 0x2f;

const prefixOf = (name: Uint8Array): Uint8Array => concatBytes([name, Uint8Array.of(SLASH)]);
const keyOf = (name: Uint8Array, lease: bigint): Uint8Array =>
  concatBytes([prefixOf(name), fromText(BigInt.asUintN(64, lease).toString(16))]);

const below = (name: Uint8Array): RangeRequest => ({
  ...plainRange(prefixOf(name)),
  range_end: prefixEnd(prefixOf(name)),
});

/** `draw` makes an id for a lease. */
export function contenderFor(request: CampaignRequest, draw: () => bigint): Contender {
  const made = request.lease === 0n;
  const lease = made ? draw() : request.lease;
  return {
    name: request.name,
    key: keyOf(request.name, lease),
    value: request.value,
    lease,
    makes_ttl_ms: made ? request.ttl_ms || PRESET_TTL_MS : 0,
    waiting_lease: draw(),
  };
}

/* ---- what a contender asks the store --------------------------------------------------------------------------- */

const createdAt = (key: Uint8Array, create_revision: number): Compare => ({
  ...plainCompare(key),
  target: 'create',
  create_revision,
});

/**
 * Its key, hanging on a lease of its own, where it is as it was `found`: not there, or left over from an earlier
 * leader.
 * Else what it is.
 */
export function enter(contender: Contender, found: KeyValue | null): TxnRequest {
  const { key, value, waiting_lease } = contender;
  return {
    compare: [{ ...plainCompare(key), target: 'mod', mod_revision: found?.mod_revision ?? 0 }],
    success: [{ put: { ...plainPut(key), value, lease: waiting_lease, ttl_ms: WAITING_TTL_MS } }],
    failure: [{ range: plainRange(key) }],
  };
}

/** Its own key, and the one just before it. */
export const look = (contender: Contender, rev: number): TxnRequest => ({
  compare: [],
  success: [
    { range: { ...plainRange(contender.key), keys_only: true } },
    {
      range: {
        ...below(contender.name),
        keys_only: true,
        limit: 1,
        sort_order: 'descend',
        sort_target: 'create',
        max_create_revision: rev - 1,
      },
    },
  ],
  failure: [],
});

/** From the waiting lease to the one it came with. */
export const take = (contender: Contender, rev: number): TxnRequest => ({
  compare: [createdAt(contender.key, rev)],
  success: [
    {
      put: {
        ...plainPut(contender.key),
        value: contender.value,
        lease: contender.lease,
        ttl_ms: contender.makes_ttl_ms,
      },
    },
  ],
  failure: [],
});

const deleteWhere = (compare: Compare): TxnRequest => ({
  compare: [compare],
  success: [{ delete: { key: compare.key, range_end: EMPTY, prev_kv: false } }],
  failure: [],
});

/** The key goes, unless somebody made it anew. */
export const leave = (key: Uint8Array, rev: number): TxnRequest => deleteWhere(createdAt(key, rev));

/** The same where it was not heard when it entered: on the waiting lease there is no other key. */
export const leaveUnheard = ({ key, waiting_lease }: Contender): TxnRequest =>
  deleteWhere({ ...plainCompare(key), target: 'lease', lease: waiting_lease });

/** A new value, for the leader of that revision alone. */
export const proclaim = (key: Uint8Array, rev: number, value: Uint8Array): TxnRequest => ({
  compare: [createdAt(key, rev)],
  success: [{ put: { ...plainPut(key), value, ignore_lease: true } }],
  failure: [],
});

/** Whether it is the key of one who contends for the name. */
export const isBelow = (name: Uint8Array, key: Uint8Array): boolean =>
  compareBytes(key.subarray(0, name.length + 1), prefixOf(name)) === 0;

/** The one who holds the name; `revision` above 0: who held it then. */
export const holder = (name: Uint8Array, revision = 0): RangeRequest => ({
  ...below(name),
  revision,
  limit: 1,
  sort_order: 'ascend',
  sort_target: 'create',
});

/* ---- what the store's answers mean ------------------------------------------------------------------------------ */

export type Entered =
  | { readonly type: 'in'; readonly rev: number }
  /** The key is there, and hangs on the lease it came with: the same acquisition once more. */
  | { readonly type: 'held'; readonly rev: number }
  /** The key is there, on another lease, or has gone this moment (null): to be entered anew. */
  | { readonly type: 'found'; readonly kv: KeyValue | null };

export function entered(contender: Contender, result: TxnResult, found: KeyValue | null): Entered {
  if (result.succeeded) return { type: 'in', rev: found?.create_revision ?? result.revision };
  const [response] = result.responses;
  const kv = response !== undefined && 'range' in response ? response.range.kvs[0] : undefined;
  if (kv?.lease === contender.lease) return { type: 'held', rev: kv.create_revision };
  return { type: 'found', kv: kv ?? null };
}

export type Looked =
  { readonly type: 'first' } | { readonly type: 'behind'; readonly key: Uint8Array } | { readonly type: 'gone' };

export function looked(result: TxnResult, rev: number): Looked {
  const [own, before] = result.responses.map((response) => ('range' in response ? response.range.kvs[0] : undefined));
  // [safety] Who waited may have lost its key meanwhile: it has not won then.
  if (own?.create_revision !== rev) return { type: 'gone' };
  return before === undefined ? { type: 'first' } : { type: 'behind', key: before.key };
}
