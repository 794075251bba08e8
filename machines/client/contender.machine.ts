/**
 * A contender for what one holder at a time has, a lock or an office, as a chart. Keys under a prefix are the queue,
 * the smallest create revision owns (etcd's scheme): mutexes and elections run it.
 */
import { assign, fromPromise, setup, stateIn } from 'xstate';
import { InvariantError } from '../language/invariant.js';

/** The contender's key in the queue. */
export interface Place {
  readonly key: string;
  /** Of its creation: the order in the queue, and the fencing token of whoever is first. */
  readonly revision: number;
}

export interface Claim extends Place {
  /** Nobody was there before: no need to wait. */
  readonly first: boolean;
}

export interface ContenderContext {
  readonly place: Place | null;
  /** Whether to wait in the queue, or to leave it at once. */
  readonly patient: boolean;
  /** The session is over: nothing can be claimed any more, and what is held may be another's. */
  readonly sessionOver: boolean;
}

export type ContenderEvent =
  /** Lock, try to lock, campaign. */
  | { readonly type: 'contend'; readonly patient: boolean }
  /** A place that an earlier life won. */
  | { readonly type: 'resume'; readonly place: Place }
  /** The caller no longer waits. */
  | { readonly type: 'giveUp'; readonly error: Error }
  /** Unlock, resign. */
  | { readonly type: 'leave' }
  /** The key was found gone. */
  | { readonly type: 'deposed' }
  | { readonly type: 'sessionEnded' };

const notProvided = (name: string): never => {
  throw new InvariantError('the client provides what a contender does', { name });
};
const errorFrom = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const base = setup({
  types: { context: {} as ContenderContext, events: {} as ContenderEvent },
  actors: {
    /** Puts the own key, or finds it. Ends only when it is certain whether the key is there, or the session is over. */
    claim: fromPromise<Claim>(() => notProvided('claim')),
    /** Waits for the deletion of the key just before, one at a time, until there is none. */
    awaitTurn: fromPromise<void, Place>(() => notProvided('awaitTurn')),
    /** Whether the own key is still there. */
    confirm: fromPromise<boolean, Place>(() => notProvided('confirm')),
    /** Deletes the own key. */
    remove: fromPromise<void, Place>(() => notProvided('remove')),
    /** The same, without end while the session lives: a key that nobody waits behind would block all others. */
    withdraw: fromPromise<void, Place>(() => notProvided('withdraw')),
  },
  actions: {
    setOut: assign((_, patient: boolean) => ({ patient })),
    keepPlace: assign((_, { key, revision }: Place) => ({ place: { key, revision } })),
    forgetPlace: assign({ place: null }),
    noteSessionOver: assign({ sessionOver: true }),
    tellFirst: () => notProvided('tellFirst'),
    tellRefused: (_, _error: Error) => notProvided('tellRefused'),
    tellOccupied: () => notProvided('tellOccupied'),
    tellExpired: () => notProvided('tellExpired'),
    tellLeft: () => notProvided('tellLeft'),
    tellNothingHeld: () => notProvided('tellNothingHeld'),
    tellStays: (_, _error: Error) => notProvided('tellStays'),
  },
  guards: {
    isUnwanted: stateIn('#contender.claiming.unwanted'),
    isFirst: (_, claim: Claim) => claim.first,
    isImpatient: ({ context }) => !context.patient,
    sessionOver: ({ context }) => context.sessionOver,
    stillThere: (_, there: boolean) => there,
  },
});

export const contenderMachine = base.createMachine({
  id: 'contender',
  context: { place: null, patient: true, sessionOver: false },
  on: { sessionEnded: { actions: 'noteSessionOver' } },
  initial: 'out',
  states: {
    out: {
      description: 'No key in the queue.',
      tags: 'settled',
      entry: 'forgetPlace',
      on: {
        contend: [
          { guard: 'sessionOver', actions: 'tellExpired' },
          { target: 'claiming', actions: { type: 'setOut', params: ({ event }) => event.patient } },
        ],
        resume: { target: 'held', actions: { type: 'keepPlace', params: ({ event }) => event.place } },
        leave: { actions: 'tellNothingHeld' },
      },
    },
    claiming: {
      description: 'The own key is being put into the queue. It is waited for also when nobody wants it any more.',
      invoke: {
        src: 'claim',
        id: 'claim',
        onDone: [
          {
            guard: 'isUnwanted',
            target: 'withdrawing',
            actions: { type: 'keepPlace', params: ({ event }) => event.output },
          },
          {
            guard: { type: 'isFirst', params: ({ event }) => event.output },
            target: 'held',
            actions: [{ type: 'keepPlace', params: ({ event }) => event.output }, 'tellFirst'],
          },
          {
            guard: 'isImpatient',
            target: 'withdrawing',
            actions: [{ type: 'keepPlace', params: ({ event }) => event.output }, 'tellOccupied'],
          },
          { target: 'waiting', actions: { type: 'keepPlace', params: ({ event }) => event.output } },
        ],
        onError: [
          { guard: 'isUnwanted', target: 'out' },
          { target: 'out', actions: { type: 'tellRefused', params: ({ event }) => errorFrom(event.error) } },
        ],
      },
      initial: 'wanted',
      states: {
        wanted: {
          description: 'The caller waits for it.',
          always: { guard: 'sessionOver', target: 'unwanted', actions: 'tellExpired' },
          on: {
            giveUp: {
              target: 'unwanted',
              actions: { type: 'tellRefused', params: ({ event }) => event.error },
            },
          },
        },
        unwanted: { description: 'The caller has been told no; the key, once there, is withdrawn.' },
      },
    },
    waiting: {
      description: 'In the queue, behind the one key whose deletion is waited for.',
      invoke: {
        src: 'awaitTurn',
        id: 'awaitTurn',
        input: ({ context }) => placeOf(context),
        onDone: 'confirming',
        onError: {
          target: 'withdrawing',
          actions: { type: 'tellRefused', params: ({ event }) => errorFrom(event.error) },
        },
      },
      always: { guard: 'sessionOver', target: 'withdrawing', actions: 'tellExpired' },
      on: {
        giveUp: { target: 'withdrawing', actions: { type: 'tellRefused', params: ({ event }) => event.error } },
      },
    },
    confirming: {
      description: 'Nobody is before us: but our own key may have gone with its lease while we waited.',
      invoke: {
        src: 'confirm',
        id: 'confirm',
        input: ({ context }) => placeOf(context),
        onDone: [
          {
            guard: { type: 'stillThere', params: ({ event }) => event.output },
            target: 'held',
            actions: 'tellFirst',
          },
          { target: 'out', actions: 'tellExpired' },
        ],
        onError: {
          target: 'withdrawing',
          actions: { type: 'tellRefused', params: ({ event }) => errorFrom(event.error) },
        },
      },
      always: { guard: 'sessionOver', target: 'withdrawing', actions: 'tellExpired' },
      on: {
        giveUp: { target: 'withdrawing', actions: { type: 'tellRefused', params: ({ event }) => event.error } },
      },
    },
    held: {
      description: 'First in the queue, for as long as the session lives and the key stays.',
      tags: 'settled',
      always: { guard: 'sessionOver', target: 'lost' },
      on: {
        contend: { target: 'claiming', actions: { type: 'setOut', params: ({ event }) => event.patient } },
        leave: 'leaving',
        deposed: 'lost',
      },
    },
    leaving: {
      description: 'The own key is being deleted.',
      invoke: {
        src: 'remove',
        id: 'remove',
        input: ({ context }) => placeOf(context),
        onDone: { target: 'out', actions: 'tellLeft' },
        onError: {
          target: 'held',
          actions: { type: 'tellStays', params: ({ event }) => errorFrom(event.error) },
        },
      },
    },
    withdrawing: {
      description: 'The caller has been told no; the own key is being taken out of the queue.',
      invoke: {
        src: 'withdraw',
        id: 'withdraw',
        input: ({ context }) => placeOf(context),
        onDone: 'out',
        onError: 'out',
      },
    },
    lost: {
      description: 'It was held; now another may hold it.',
      tags: 'settled',
      on: {
        contend: [
          { guard: 'sessionOver', actions: 'tellExpired' },
          { target: 'claiming', actions: { type: 'setOut', params: ({ event }) => event.patient } },
        ],
        leave: { target: 'withdrawing', actions: 'tellLeft' },
      },
    },
  },
});

function placeOf({ place }: ContenderContext): Place {
  if (place === null) throw new InvariantError('a contender in the queue has a place', {});
  return place;
}
