/** Keys that nobody else has: with the moment in their name, as etcd's recipes do it. */
import { clockOf } from '../clock.js';
import { compare, op } from '../txn.js';
import type { Bytes, CallOptions, Client } from '../types.js';
import { persistently } from './patience.js';
import { kvsOf } from './queue-of-keys.js';
import type { Session } from './session.js';

export interface UniqueKey {
  readonly key: string;
  /** Of its creation. */
  readonly revision: number;
}

const NANOSECONDS = 1_000_000n;
let last = 0n;

/** Nanoseconds since 1970, never the same twice in one process. */
function nextMoment(client: Client): bigint {
  const now = BigInt(Math.trunc(clockOf(client).wall_ms())) * NANOSECONDS;
  last = now > last ? now : last + 1n;
  return last;
}

/** Puts `value` under `prefix/<moment>`. Rejects when the answer is lost: then the key may be there. */
export async function putUnique(
  client: Client,
  prefix: string,
  value: Bytes,
  options?: CallOptions,
): Promise<UniqueKey> {
  for (;;) {
    const key = `${prefix}/${nextMoment(client)}`;
    const put = op.put(key, value);
    const { succeeded, header } = await client.kv
      .txn()
      .if(compare.createRevision(key).equals(0))
      .then(put)
      .commit(options);
    if (succeeded) return { key, revision: header.revision };
  }
}

/**
 * The same on the session's lease, until the outcome is certain: a key of this lease is ours, since no moment comes
 * twice in the process that a lease belongs to.
 */
export async function putUniqueOf(
  session: Session,
  prefix: string,
  value: Bytes,
  signal: AbortSignal,
): Promise<UniqueKey> {
  const { client, lease } = session;
  for (;;) {
    const key = `${prefix}/${nextMoment(client)}`;
    const { succeeded, header, responses } = await persistently(clockOf(client), signal, () =>
      client.kv
        .txn()
        .if(compare.createRevision(key).equals(0))
        .then(op.put(key, value, { lease }))
        .else(op.get(key))
        .commit({ signal }),
    );
    if (succeeded) return { key, revision: header.revision };
    const [found] = kvsOf(responses[0]);
    if (found?.lease === lease) return { key, revision: found.createRevision };
  }
}
