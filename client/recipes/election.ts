/** An election in etcd's key scheme: campaigners queue under a prefix, the first leads, its value is what it says. */
import { errorOf, QuorateError } from '../../machines/language/errors.js';
import type { Claim } from '../../machines/client/contender.machine.js';
import { compareBytes } from '../../machines/language/bytes.js';
import { clockOf } from '../clock.js';
import { op } from '../txn.js';
import type { Bytes, CallOptions, Client, Comparison, KeyValue, ResponseHeader } from '../types.js';
import { type Contender, contender } from './contending.js';
import { awaitPut, isCompacted } from './happening.js';
import type { RecipeOptions } from './mutex.js';
import { persistently, type WaitOptions } from './patience.js';
import { bytesOf, claim, firstCreated, isStill, keyUnder, patientGet } from './queue-of-keys.js';
import type { Session } from './session.js';

export interface Election {
  /** The own key, while campaigning, leading or deposed; undefined otherwise. */
  readonly key: string | undefined;
  /** The create revision of the own key: greater for each later leader. */
  readonly fencingToken: number | undefined;
  /** Whether it leads, as far as this process knows: a hint, like a mutex's `held`. */
  readonly leading: boolean;
  /** Resolves, to the fencing token, when it leads. Once leading it only changes the value. */
  campaign(value: Bytes, options?: WaitOptions): Promise<number>;
  /** Says something else while leading. Rejects with `election: not leader`. */
  proclaim(value: Bytes, options?: CallOptions): Promise<ResponseHeader>;
  /** Lets the next one lead; nothing happens when it does not lead. */
  resign(): Promise<void>;
  /** Who leads now. Rejects with `election: no leader`. */
  leader(options?: CallOptions): Promise<KeyValue>;
  /** The leader's key with each value it says, then the next one's. Values in between may be left out. */
  observe(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<KeyValue>;
  /** Holds for as long as it leads: the condition of every transaction that needs it. */
  isLeader(): Comparison;
}

export function createElection(session: Session, prefix: string, options: RecipeOptions = {}): Election {
  return electionOf(session, prefix, options).election;
}

/** Takes up a leadership that an earlier life won, on the same lease: `resumed` is its key and fencing token. */
export function resumeElection(
  session: Session,
  prefix: string,
  resumed: { readonly key: string; readonly fencingToken: number },
  options: RecipeOptions = {},
): Election {
  const { election, place } = electionOf(session, prefix, options);
  place.resume({ key: resumed.key, revision: resumed.fencingToken });
  return election;
}

function electionOf(session: Session, prefix: string, options: RecipeOptions) {
  const key = keyUnder(prefix, session);
  let value: Bytes = '';
  const place = contender({
    session,
    id: `election ${prefix}`,
    inspect: options.inspect,
    claim: (signal) => claimOffice(session, prefix, key, value, signal),
    rivals: () => `${prefix}/`,
    tooLate: `the election ${prefix} was not won`,
    expired: () => new QuorateError('Unknown', 'quorate: election: session is expired'),
  });
  const campaign = async (said: Bytes, wait: WaitOptions = {}): Promise<number> => {
    value = said;
    return (await place.contend(true, wait)).revision;
  };
  return { election: electionBy(session, prefix, place, campaign), place };
}

function electionBy(session: Session, prefix: string, place: Contender, campaign: Election['campaign']): Election {
  const { client } = session;
  return {
    get key() {
      return place.place?.key;
    },
    get fencingToken() {
      return place.place?.revision;
    },
    get leading() {
      return place.held;
    },
    campaign,
    proclaim: async (value, options) => {
      const held = place.place;
      if (held === undefined || !place.held) throw errorOf('ElectionNotLeader');
      const put = op.put(held.key, value, { lease: session.lease });
      const { succeeded, header } = await client.kv.txn().if(isStill(held)).then(put).commit(options);
      if (succeeded) return header;
      place.depose();
      throw errorOf('ElectionNotLeader');
    },
    resign: async () => void (await place.leave()),
    leader: (options) => leaderOf(client, prefix, options),
    observe: ({ signal } = {}) => observeLeader(client, prefix, signal),
    isLeader: () => {
      if (place.place === undefined) throw errorOf('ElectionNotLeader');
      return isStill(place.place);
    },
  };
}

/** A place in the queue; one that the session has already gets the value that is said now. */
async function claimOffice(
  session: Session,
  prefix: string,
  key: string,
  value: Bytes,
  signal: AbortSignal,
): Promise<Claim> {
  const { client, lease } = session;
  const place = await claim(session, prefix, key, value, signal);
  if (!place.found || compareBytes(place.found, bytesOf(value)) === 0) return place;
  const { succeeded } = await persistently(clockOf(client), signal, () =>
    client.kv
      .txn()
      .if(isStill(place))
      .then(op.put(key, value, { lease }))
      .commit({ signal }),
  );
  if (!succeeded) throw errorOf('ElectionNotLeader');
  return place;
}

/** Who leads now. Rejects with `election: no leader`. */
export async function leaderOf(client: Client, prefix: string, options: CallOptions = {}): Promise<KeyValue> {
  const { kvs } = await client.kv.get(`${prefix}/`, { ...firstCreated, ...options });
  if (kvs[0] === undefined) throw errorOf('ElectionNoLeader');
  return kvs[0];
}

/** The leader's key with each value it says, then the next leader's, until the signal aborts. */
export async function* observeLeader(client: Client, prefix: string, signal?: AbortSignal): AsyncGenerator<KeyValue> {
  const until = signal ?? new AbortController().signal;
  while (!until.aborted) {
    const { kvs, header } = await patientGet(client, `${prefix}/`, firstCreated, until);
    const [leader] = kvs;
    if (leader === undefined) await awaitPut(client, `${prefix}/`, true, header.revision + 1, until);
    else yield* sayings(client, leader, header.revision + 1, until);
  }
}

/** What one leader says, until its key is gone. */
async function* sayings(
  client: Client,
  leader: KeyValue,
  startRevision: number,
  signal: AbortSignal,
): AsyncGenerator<KeyValue> {
  yield leader;
  const watcher = client.watch(leader.key, { startRevision, signal });
  try {
    for await (const { events } of watcher) {
      for (const { type, kv } of events) {
        if (type === 'delete') return;
        yield kv;
      }
    }
  } catch (error) {
    if (!isCompacted(error)) throw error;
  } finally {
    void watcher.cancel();
  }
}
