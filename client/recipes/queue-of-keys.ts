/** The queue of keys under a prefix that etcd's locks and elections share: the smallest create revision is first. */
import type { Claim, Place } from '../../machines/client/contender.machine.js';
import { fromText, toText } from '../../machines/language/bytes.js';
import { badRequest } from '../../machines/language/errors.js';
import { clockOf } from '../clock.js';
import { compare, op } from '../txn.js';
import type { Bytes, Client, Comparison, GetOptions, GetResponse, KeyValue, OpResponse } from '../types.js';
import { persistently } from './patience.js';
import type { Session } from './session.js';
import { awaitDeletion } from './happening.js';

/** The key of a session's place: etcd's own clients use the same, and contend with ours. */
export const keyUnder = (prefix: string, session: Session): string => `${prefix}/${session.lease.toString(16)}`;

/** Options of a read for the key of a prefix that was created first. */
export const firstCreated: GetOptions = { prefix: true, sortTarget: 'create', sortOrder: 'ascend', limit: 1 };

/** What an operation of a transaction read. */
export function kvsOf(response: OpResponse | undefined): readonly KeyValue[] {
  if (response?.type !== 'get') throw badRequest(`client: ${String(response?.type)} was answered where get was asked`);
  return response.kvs;
}

/** Holds while the key is the one that was put then. */
export const isStill = ({ key, revision }: Place): Comparison => compare.createRevision(key).equals(revision);

/**
 * Puts the session's key, with the value, unless it is there. Asked twice it finds what it did before, so it is asked
 * until its outcome is certain.
 */
export function claim(
  session: Session,
  prefix: string,
  key: string,
  value: Bytes,
  signal: AbortSignal,
): Promise<Claim & { readonly found?: Uint8Array }> {
  const { client, lease } = session;
  return persistently(clockOf(client), signal, async () => {
    const owner = op.get(`${prefix}/`, firstCreated);
    const put = op.put(key, value, { lease });
    const { succeeded, responses, header } = await client.kv
      .txn()
      .if(compare.createRevision(key).equals(0))
      .then(put, owner)
      .else(op.get(key), owner)
      .commit({ signal });
    const own = succeeded ? undefined : kvsOf(responses[0])[0];
    const revision = own?.createRevision ?? header.revision;
    const [first] = kvsOf(responses[1]);
    const place = { key, revision, first: first === undefined || first.createRevision === revision };
    return own === undefined ? place : { ...place, found: own.value };
  });
}

/**
 * Waits until no key under `prefix` is older. Each waits for the deletion of the one just before it: when a holder
 * leaves, one waiter wakes and not all.
 */
export async function awaitOldest(
  client: Client,
  prefix: string,
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { last, revision: asOf } = await lastBefore(client, prefix, revision, signal);
    if (last === undefined) return;
    await awaitDeletion(client, last.key, asOf + 1, signal);
  }
}

/** The youngest key under `prefix` that is older than `revision`, and as of when. */
export async function lastBefore(client: Client, prefix: string, revision: number, signal: AbortSignal) {
  const youngest: GetOptions = { prefix: true, sortTarget: 'create', sortOrder: 'descend', limit: 1 };
  const { kvs, header } = await patientGet(client, prefix, { ...youngest, maxCreateRevision: revision - 1 }, signal);
  return { last: kvs[0], revision: header.revision };
}

/** A read that outlasts the times without a leader. */
export const patientGet = (
  client: Client,
  key: Bytes,
  options: GetOptions,
  signal: AbortSignal,
): Promise<GetResponse> => persistently(clockOf(client), signal, () => client.kv.get(key, { ...options, signal }));

/** The Jepsen rule: after the wait the own key may have gone with its lease, and then nobody waits for us. */
export async function isThere(client: Client, place: Place, signal: AbortSignal): Promise<boolean> {
  const { kvs } = await patientGet(client, place.key, {}, signal);
  return kvs[0]?.createRevision === place.revision;
}

/** Deletes the key, if it is still the one that was put. */
export async function remove(client: Client, place: Place, signal?: AbortSignal): Promise<void> {
  await client.kv.txn().if(isStill(place)).then(op.delete(place.key)).commit({ signal });
}

export const bytesOf = (value: Bytes): Uint8Array => (typeof value === 'string' ? fromText(value) : value);

/** As text where it is text, which the keys of recipes are. */
export const textOf = (bytes: Uint8Array): string => toText(bytes) ?? String.fromCharCode(...bytes);
