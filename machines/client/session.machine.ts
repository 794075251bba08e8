/** A client's session as a chart: a lease that is kept alive, and the one end that it comes to. */
import { assign, fromCallback, fromPromise, setup, stateIn } from 'xstate';
import { InvariantError } from '../language/invariant.js';

/** The lease of a session, as it was granted or found. */
export interface SessionLease {
  readonly id: bigint;
  readonly ttl_ms: number;
}

export interface SessionContext {
  readonly lease: SessionLease | null;
  /** Why it was lost, could not be opened, or could not be closed in good order. */
  readonly failure: Error | null;
}

export type SessionEvent =
  /** The lease is gone, or its time has passed without a renewal. */
  | { readonly type: 'lost'; readonly error: Error }
  /** The caller is done with it and with its keys. */
  | { readonly type: 'close' }
  /** The caller lets the lease live for what remains of its time. */
  | { readonly type: 'orphan' };

const notProvided = (name: string) => (): never => {
  throw new InvariantError('the client provides every actor of its session', { name });
};

const errorFrom = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

export const sessionMachine = setup({
  types: { context: {} as SessionContext, events: {} as SessionEvent },
  actors: {
    /** Grants a lease, or finds the one that is given. */
    open: fromPromise<SessionLease>(notProvided('open')),
    /** Renews the lease for as long as it runs; says `lost`. */
    keepAlive: fromCallback<SessionEvent, SessionLease>(notProvided('keepAlive')),
    /** Ends the lease; one that is gone already is no failure. */
    revoke: fromPromise<void, SessionLease>(notProvided('revoke')),
  },
  actions: {
    keepLease: assign((_, lease: SessionLease) => ({ lease })),
    keepFailure: assign((_, failure: Error) => ({ failure })),
  },
  guards: { isUnwanted: stateIn('#session.opening.unwanted') },
}).createMachine({
  id: 'session',
  context: { lease: null, failure: null },
  initial: 'opening',
  states: {
    opening: {
      description: 'The lease is being granted.',
      invoke: {
        src: 'open',
        id: 'open',
        onDone: [
          {
            guard: 'isUnwanted',
            target: 'closing',
            actions: { type: 'keepLease', params: ({ event }) => event.output },
          },
          { target: 'alive', actions: { type: 'keepLease', params: ({ event }) => event.output } },
        ],
        onError: {
          target: 'failed',
          actions: { type: 'keepFailure', params: ({ event }) => errorFrom(event.error) },
        },
      },
      initial: 'wanted',
      states: {
        wanted: {
          description: 'Somebody waits for it.',
          on: { close: 'unwanted', orphan: 'unwanted' },
        },
        unwanted: { description: 'Nobody does any more: what was granted all the same is revoked at once.' },
      },
    },
    alive: {
      description: 'The lease is renewed, and the keys on it stay.',
      invoke: { src: 'keepAlive', id: 'keepAlive', input: ({ context }) => leaseOf(context) },
      on: {
        lost: { target: 'lost', actions: { type: 'keepFailure', params: ({ event }) => event.error } },
        close: 'closing',
        orphan: 'orphaned',
      },
    },
    closing: {
      description: 'The lease is being revoked, with all its keys.',
      invoke: {
        src: 'revoke',
        id: 'revoke',
        input: ({ context }) => leaseOf(context),
        onDone: 'closed',
        onError: {
          target: 'orphaned',
          actions: { type: 'keepFailure', params: ({ event }) => errorFrom(event.error) },
        },
      },
    },
    closed: { type: 'final', description: 'The lease and its keys are gone.' },
    orphaned: {
      description: 'The lease is no longer renewed: its keys go when its time is over.',
      on: { close: 'closing' },
    },
    lost: { type: 'final', description: 'The lease is gone or may be: what stood on it may be somebody else’s now.' },
    failed: { type: 'final', description: 'There never was a lease.' },
  },
});

function leaseOf({ lease }: SessionContext): SessionLease {
  if (lease === null) throw new InvariantError('a session that was opened has a lease', {});
  return lease;
}
