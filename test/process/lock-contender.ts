/**
 * A process that takes a lock again and again, and counts up under it: each write guarded by the lock, beside one that
 * no guard protects. It never asks itself whether it still holds the lock: as a program that was paused does not. Run
 * as a program of its own; it tells its parent what it did.
 */
import { connect as connectNats, headers, type NatsConnection } from 'nats';
import { connect, createMutex, op, openSession, type Client } from '../../client/index.js';
import { pause } from '../../deploy/clock.js';
import { type Acknowledged, COUNTER, LOCK, LOOSE, type Written } from './fencing-judge.js';

export interface ContenderTask {
  readonly servers: readonly string[];
  readonly clusterName: string;
  /** The client's mutex, or plain requests to the service of locks. */
  readonly by: 'mutex' | 'service';
  readonly who: string;
  readonly ttl_ms: number;
}

export type ContenderNews =
  | { readonly type: 'entering'; readonly who: string }
  | { readonly type: 'held'; readonly who: string; readonly token: number; readonly key: string }
  | ({ readonly type: 'wrote' } & Acknowledged)
  /** `refused`: a guard did not hold any more. `unknown`: an error, after which nothing more is written. */
  | {
      readonly type: 'over';
      readonly who: string;
      readonly token: number;
      readonly how: 'released' | 'refused' | 'unknown';
    };

/** A lock that is held, as both ways of taking it have it. */
interface Hold {
  readonly key: string;
  readonly token: number;
  count(): Promise<number>;
  /** The revision, or undefined where the guard did not hold. */
  write(value: string): Promise<number | undefined>;
  writeLoosely(value: string): Promise<unknown>;
  release(): Promise<unknown>;
}

type Take = (round: number) => Promise<Hold>;

const WRITES_PER_HOLD = 8;
/** What was sent to a leader that died is not answered: nobody asks again what may have been done. */
const CALL_MAX_MS = 3_000;
const LOCK_MAX_MS = 8_000;
const RETRY_MS = 20;

/* ---- by the client ---------------------------------------------------------------------------------------------- */

const takeByMutex =
  (client: Client, { ttl_ms }: ContenderTask): Take =>
  async () => {
    const session = await openSession(client, { ttlMs: ttl_ms });
    const mutex = createMutex(session, LOCK);
    const token = await mutex.lock().catch(async (error: unknown) => {
      await session.close().catch(() => undefined);
      throw error;
    });
    const guard = mutex.isOwner();
    return {
      key: mutex.key ?? '',
      token,
      count: async () => countIn((await client.kv.get(COUNTER)).kvs[0]?.value),
      write: async (value) => {
        const { succeeded, header } = await client.kv.txn().if(guard).then(op.put(COUNTER, value)).commit();
        return succeeded ? header.revision : undefined;
      },
      writeLoosely: (value) => client.kv.put(LOOSE, value),
      release: () => session.close(),
    };
  };

const countIn = (value: Uint8Array | string | undefined): number =>
  value === undefined ? 0 : (JSON.parse(Buffer.from(value).toString()) as Written).count;

/* ---- by plain requests ------------------------------------------------------------------------------------------ */

interface Said {
  readonly header: { readonly revision: number };
  readonly error?: { readonly message: string };
  readonly id?: string;
  readonly key?: string;
  readonly rev?: number;
  readonly lease?: string;
  readonly succeeded?: boolean;
  readonly kvs?: readonly { readonly value: string }[];
}

/** Asked again only where nobody can have done anything. */
async function ask(nats: NatsConnection, task: ContenderTask, subject: string, body: unknown): Promise<Said> {
  const timeout = subject === 'lock.lock' ? LOCK_MAX_MS : CALL_MAX_MS;
  const given = headers();
  given.set('Quorate-Timeout-Ms', String(timeout));
  for (;;) {
    const answer = await nats
      .request(`${task.clusterName}.${subject}`, JSON.stringify(body), { timeout, headers: given })
      .then(
        (message) => message.json<Said>(),
        (error: unknown) => ({
          header: { revision: 0 },
          error: { message: String((error as { code: unknown }).code) },
        }),
      );
    const { error } = answer as Said;
    if (error === undefined) return answer;
    if (!/^503$|not leader|no leader/.test(error.message)) throw new Error(error.message);
    await pause(RETRY_MS);
  }
}

const takeByService =
  (nats: NatsConnection, task: ContenderTask): Take =>
  async (round) => {
    const say = (subject: string, body: unknown): Promise<Said> => ask(nats, task, subject, body);
    // With a lease of its own, that it keeps alive while it waits, or one that is made for it once it has won.
    const own = round % 2 === 0 ? (await say('lease.grant', { ttl_ms: task.ttl_ms })).id : undefined;
    let lease = own;
    const renew = (): void => {
      if (lease !== undefined) void say('lease.keepalive', { id: lease }).catch(() => undefined);
    };
    const renewals = setInterval(renew, task.ttl_ms / 3);
    const release = async (): Promise<void> => {
      clearInterval(renewals);
      if (lease !== undefined) await say('lease.revoke', { id: lease });
    };
    const by = own === undefined ? { ttl_ms: task.ttl_ms } : { lease: own };
    const won = await say('lock.lock', { name: LOCK, ...by }).catch(async (error: unknown) => {
      await release().catch(() => undefined);
      throw error;
    });
    lease = won.lease;
    const { key = '', rev: token = 0 } = won;
    const compares = [{ key, target: 'create', create_revision: token }];
    return {
      key,
      token,
      count: async () => countIn((await say('kv.range', { key: COUNTER })).kvs?.[0]?.value),
      write: async (value) => {
        const body = { compare: compares, success: [{ put: { key: COUNTER, value } }] };
        const { succeeded, header } = await say('kv.txn', body);
        return succeeded === true ? header.revision : undefined;
      },
      writeLoosely: (value) => say('kv.put', { key: LOOSE, value }),
      release,
    };
  };

/* ---- a hold ----------------------------------------------------------------------------------------------------- */

async function holdOnce(who: string, take: Take, round: number, tell: (news: ContenderNews) => void): Promise<void> {
  tell({ type: 'entering', who });
  const hold = await take(round);
  const { key, token } = hold;
  tell({ type: 'held', who, token, key });
  const over = (how: 'released' | 'refused' | 'unknown'): void => tell({ type: 'over', who, token, how });
  try {
    // Read once: what another wrote in between would be counted over.
    const found = await hold.count();
    for (let n = 1; n <= WRITES_PER_HOLD; n++) {
      const written: Written = { who, token, count: found + n };
      const value = JSON.stringify(written);
      const [revision] = await Promise.all([hold.write(value), hold.writeLoosely(value)]);
      if (revision === undefined) return over('refused');
      tell({ type: 'wrote', key, revision, ...written });
    }
    over('released');
  } catch {
    over('unknown');
  } finally {
    await hold.release().catch(() => undefined);
  }
}

const task = JSON.parse(process.argv[2] ?? '{}') as ContenderTask;
process.once('disconnect', () => process.exit());
const take =
  task.by === 'mutex'
    ? takeByMutex(await connect({ ...task, timeoutMs: CALL_MAX_MS }), task)
    : takeByService(
        await connectNats({ servers: [...task.servers], maxReconnectAttempts: -1, reconnectTimeWait: RETRY_MS }),
        task,
      );
for (let round = 0; ; round++) {
  await holdOnce(task.who, take, round, (news) => process.send?.(news)).catch(() => pause(RETRY_MS));
}
