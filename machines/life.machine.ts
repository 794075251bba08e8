/** A node's life as a chart: recovering → joining → running (serving, draining) → closing → closed, or failed. */
import { assign, fromPromise, setup, type AnyStateMachine } from 'xstate';
import { limits } from './language/limits.js';

export type LifeEvent =
  /** SIGTERM, or the owner of the process asks: leave in good order. */
  | { readonly type: 'stop' }
  /** Raft says this member was removed from the cluster. */
  | { readonly type: 'retired' }
  /** Leadership is handed over and the last answer is out. */
  | { readonly type: 'drained' };

/** How a life ended. */
export type Ending = { readonly ok: true; readonly retired: boolean } | { readonly ok: false; readonly error: unknown };

export interface LifeContext<Recovered, Joined> {
  readonly recovered: Recovered | null;
  readonly joined: Joined | null;
  readonly failure: { readonly error: unknown } | null;
  readonly retired: boolean;
}

const notProvided = (name: string) => (): never => {
  throw new Error(`life: '${name}' is not provided`);
};

/**
 * The chart alone; what its states do is provided by actors/node.ts. `Recovered` is what was found on disk, `Joined`
 * what
 * `rooms`, the actors of a member of a cluster, are opened with.
 */
export function lifeMachine<Recovered, Joined>(rooms: AnyStateMachine) {
  return setup({
    types: {
      context: {} as LifeContext<Recovered, Joined>,
      events: {} as LifeEvent,
      output: {} as Ending,
    },
    actors: {
      recover: fromPromise<Recovered>(notProvided('recover')),
      join: fromPromise<Joined, { readonly recovered: Recovered | null }>(notProvided('join')),
      close: fromPromise<void>(notProvided('close')),
      rooms,
    },
    actions: {
      leave: () => notProvided('leave')(),
      keep: assign((_, found: Partial<LifeContext<Recovered, Joined>>) => found),
      keepFailure: assign(({ context }, failure: { readonly error: unknown }) => ({
        failure: context.failure ?? failure,
      })),
      keepRetired: assign({ retired: true }),
    },
    guards: { broken: ({ context }) => context.failure !== null },
    delays: { drainMax: limits.drain_max_ms },
  }).createMachine({
    id: 'life',
    context: { recovered: null, joined: null, failure: null, retired: false },
    initial: 'recovering',
    states: {
      recovering: {
        description: 'Opens identity, log and state. Nothing is heard and nothing said.',
        invoke: {
          src: 'recover',
          onDone: {
            target: 'joining',
            actions: {
              type: 'keep',
              params: ({ event }) => ({ recovered: event.output }),
            },
          },
          onError: {
            target: 'closing',
            actions: { type: 'keepFailure', params: ({ event }) => ({ error: event.error }) },
          },
        },
        on: { stop: 'closing' },
      },
      joining: {
        description: 'Hears its peers; waits until its cluster is born, or is in it already.',
        invoke: {
          src: 'join',
          input: ({ context }) => ({ recovered: context.recovered }),
          onDone: {
            target: 'running',
            actions: { type: 'keep', params: ({ event }) => ({ joined: event.output }) },
          },
          onError: {
            target: 'closing',
            actions: { type: 'keepFailure', params: ({ event }) => ({ error: event.error }) },
          },
        },
        on: { stop: 'closing' },
      },
      running: {
        description: 'A member of a cluster: all rooms are open.',
        invoke: {
          src: 'rooms',
          id: 'rooms',
          input: ({ context }: { context: LifeContext<Recovered, Joined> }) => context.joined,
          onError: {
            target: 'closing',
            actions: { type: 'keepFailure', params: ({ event }) => ({ error: event.error }) },
          },
        },
        initial: 'serving',
        on: { retired: { target: 'closing', actions: 'keepRetired' } },
        states: {
          serving: {
            description: 'Takes requests.',
            on: { stop: 'draining' },
          },
          draining: {
            description: 'Hands leadership over, takes nothing new, answers what it has taken.',
            entry: 'leave',
            on: { drained: '#life.closing' },
            after: { drainMax: '#life.closing' },
          },
        },
      },
      closing: {
        description: 'Closes what was opened, in the order in which nothing is promised any more.',
        invoke: {
          src: 'close',
          onDone: [{ guard: 'broken', target: 'failed' }, { target: 'closed' }],
          onError: {
            target: 'failed',
            actions: { type: 'keepFailure', params: ({ event }) => ({ error: event.error }) },
          },
        },
      },
      closed: { type: 'final', description: 'Stopped in good order.' },
      failed: { type: 'final', description: 'Stopped because going on could lose or corrupt data.' },
    },
    output: ({ context }): Ending =>
      context.failure === null ? { ok: true, retired: context.retired } : { ok: false, error: context.failure.error },
  });
}
