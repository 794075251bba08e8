/** A session: a lease that is kept alive for as long as its holder lives, and the news when it is over. */
import { createActor, fromCallback, fromPromise, type InspectionEvent, waitFor } from 'xstate';
import { type SessionEvent, type SessionLease, sessionMachine } from '../../machines/client/session.machine.js';
import { errorOf, errors, QuorateError } from '../../machines/language/errors.js';
import { onAbort } from '../aborting.js';
import type { KeepAlive } from '../lease-types.js';
import type { Client } from '../types.js';
import { canceledError } from './patience.js';

const DEFAULT_TTL_MS = 60_000;

/** Shows a recipe's chart at work, to XState's inspector or to a function. */
export type Inspect = (event: InspectionEvent) => void;

export interface SessionOptions {
  /** How long the lease outlives its last renewal; default 60,000. */
  readonly ttlMs?: number | undefined;
  /** A lease that exists already, in place of a new one. */
  readonly lease?: bigint | undefined;
  /** Closes it. */
  readonly signal?: AbortSignal | undefined;
  readonly inspect?: Inspect | undefined;
}

export interface Session {
  readonly client: Client;
  readonly lease: bigint;
  /** As granted. */
  readonly ttlMs: number;
  /**
   * False once the session is over, or its time has passed since the last renewal that was answered: a holder that was
   * paused sees it before anything else.
   */
  readonly alive: boolean;
  /** Resolves when the lease is lost, with the reason; never after `orphan` or `close`. Never rejects. */
  readonly lost: Promise<Error>;
  /** Aborts when the session is over, however: work that needs it takes this signal. */
  readonly signal: AbortSignal;
  /** Stops the renewals: the lease and its keys live on for what remains of their time. */
  orphan(): void;
  /** Revokes the lease, which deletes its keys. */
  close(): Promise<void>;
}

/** How the client runs its charts. */
export const actorOptions = (id: string, inspect: Inspect | undefined) =>
  inspect === undefined ? { id } : { id, inspect };

/** Grants a lease and keeps it alive. Rejects when it cannot be granted. */
export function openSession(client: Client, options: SessionOptions = {}): Promise<Session> {
  const { signal } = options;
  if (signal?.aborted === true) return Promise.reject(canceledError(signal.reason));
  const over = new AbortController();
  let renewals: KeepAlive | undefined;
  const actor = createActor(
    sessionMachine.provide({
      actors: {
        open: fromPromise(() => open(client, options)),
        keepAlive: fromCallback<SessionEvent, SessionLease>(({ input, sendBack }) => {
          renewals = client.lease.keepAlive(input.id, { ttlMs: input.ttl_ms });
          void renewals.lost.then((error) => sendBack({ type: 'lost', error }));
          return () => renewals?.stop();
        }),
        revoke: fromPromise(({ input }) => revoke(client, input.id)),
      },
    }),
    actorOptions('session', options.inspect),
  );
  const send = (event: SessionEvent): void => {
    if (actor.getSnapshot().status === 'active') actor.send(event);
  };
  return new Promise((resolve, reject: (error: Error) => void) => {
    const unhook = signal === undefined ? undefined : onAbort(signal, () => send({ type: 'close' }));
    let tellLost: (error: Error) => void;
    const lost = new Promise<Error>((tell) => (tellLost = tell));
    actor.subscribe((snapshot) => {
      const { lease, failure } = snapshot.context;
      if (snapshot.matches('alive') && lease !== null) {
        resolve(sessionOver(client, lease, lost, over.signal, () => renewals?.alive === true, send, closing));
      } else if (snapshot.matches({ opening: 'unwanted' })) reject(canceledError(signal?.reason));
      else if (snapshot.matches('failed')) reject(failure ?? errorOf('LeaseNotFound'));
      else if (!snapshot.matches('opening')) {
        over.abort(failure ?? new QuorateError('Canceled', 'quorate: the session is closed'));
        if (snapshot.matches('lost') && failure !== null) tellLost(failure);
      }
      if (over.signal.aborted || snapshot.status !== 'active') unhook?.();
    });
    const closing = async (): Promise<void> => {
      send({ type: 'close' });
      const end = await waitFor(actor, (snapshot) => !snapshot.matches('closing'));
      if (end.matches('orphaned') && end.context.failure !== null) throw end.context.failure;
    };
    actor.start();
  });
}

async function open(client: Client, { ttlMs = DEFAULT_TTL_MS, lease, signal }: SessionOptions): Promise<SessionLease> {
  if (lease === undefined) {
    const granted = await client.lease.grant(ttlMs);
    return { id: granted.id, ttl_ms: granted.ttlMs };
  }
  const found = await client.lease.timeToLive(lease, { signal });
  if (found.ttlMs < 0) throw errorOf('LeaseNotFound');
  return { id: lease, ttl_ms: found.grantedTtlMs };
}

async function revoke(client: Client, lease: bigint): Promise<void> {
  try {
    await client.lease.revoke(lease);
  } catch (error) {
    if (!(error instanceof Error) || error.message !== errors.LeaseNotFound.message) throw error;
  }
}

function sessionOver(
  client: Client,
  lease: SessionLease,
  lost: Promise<Error>,
  signal: AbortSignal,
  isRenewed: () => boolean,
  send: (event: SessionEvent) => void,
  close: () => Promise<void>,
): Session {
  return {
    client,
    lease: lease.id,
    ttlMs: lease.ttl_ms,
    get alive() {
      return !signal.aborted && isRenewed();
    },
    lost,
    signal,
    orphan: () => send({ type: 'orphan' }),
    close,
  };
}
