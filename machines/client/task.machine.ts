/**
 * One task in a worker's hands as a chart: Scheduled → Starting → Running → Finished, back to Scheduled after an
 * attempt that failed, and Failed when none is left. What a worker whose claim is gone brings is not counted.
 */
import { assign, fromPromise, setup } from 'xstate';
import { InvariantError } from '../language/invariant.js';

/** What the states of a task are called where everybody can read them. */
export type TaskState = 'Scheduled' | 'Starting' | 'Running' | 'Finished' | 'Failed';

/** The worker's hold on the task: greater for each later attempt. */
export interface TaskClaim {
  readonly fencingToken: number;
  readonly attempt: number;
}

export type TaskOutcome =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: string };

export interface TaskContext {
  readonly claim: TaskClaim | null;
  readonly outcome: TaskOutcome | null;
  /** Why it could not be asked for. */
  readonly refusal: Error | null;
}

/** The worker's session is over: the claim may be another's. */
export interface TaskEvent {
  readonly type: 'sessionEnded';
}

const notProvided = (name: string) => (): never => {
  throw new InvariantError('the client provides what is done with a task', { name });
};
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const taskMachine = setup({
  types: { context: {} as TaskContext, events: {} as TaskEvent },
  actors: {
    /** Makes the task ours and `Starting`; null where another was faster. */
    claim: fromPromise<TaskClaim | null>(notProvided('claim')),
    /** Makes it `Running`; false where the claim is gone. */
    begin: fromPromise<boolean, TaskClaim>(notProvided('begin')),
    /** The work itself. */
    run: fromPromise<{ readonly result: unknown }, TaskClaim>(notProvided('run')),
    /** Writes down what it came to; null where the claim is gone, else what the task is now. */
    record: fromPromise<TaskState | null, { readonly claim: TaskClaim; readonly outcome: TaskOutcome }>(
      notProvided('record'),
    ),
  },
  actions: {
    keepClaim: assign((_, claim: TaskClaim | null) => ({ claim })),
    keepRefusal: assign((_, { error }: { readonly error: unknown }) => ({
      refusal: error instanceof Error ? error : new Error(String(error)),
    })),
    keepResult: assign((_, { result }: { readonly result: unknown }) => ({ outcome: { ok: true as const, result } })),
    keepError: assign((_, { error }: { readonly error: unknown }) => ({
      outcome: { ok: false as const, error: wordsOf(error) },
    })),
  },
  guards: {
    isClaimed: (_, claim: TaskClaim | null) => claim !== null,
    isOurs: (_, ours: boolean) => ours,
    is: (_, { state, wanted }: { readonly state: TaskState | null; readonly wanted: TaskState }) => state === wanted,
  },
}).createMachine({
  id: 'task',
  context: { claim: null, outcome: null, refusal: null },
  initial: 'scheduled',
  states: {
    scheduled: {
      description: 'It waits for a worker, and this one asks for it.',
      invoke: {
        src: 'claim',
        id: 'claim',
        onDone: [
          {
            guard: { type: 'isClaimed', params: ({ event }) => event.output },
            target: 'starting',
            actions: { type: 'keepClaim', params: ({ event }) => event.output },
          },
          { target: 'taken' },
        ],
        onError: {
          target: 'refused',
          actions: { type: 'keepRefusal', params: ({ event }) => ({ error: event.error }) },
        },
      },
      on: { sessionEnded: 'taken' },
    },
    starting: {
      description: 'It is ours, and everybody can read so; the work has not begun.',
      invoke: {
        src: 'begin',
        id: 'begin',
        input: ({ context }) => claimOf(context),
        onDone: [
          { guard: { type: 'isOurs', params: ({ event }) => event.output }, target: 'running' },
          { target: 'lost' },
        ],
        onError: 'lost',
      },
      on: { sessionEnded: 'lost' },
    },
    running: {
      description: 'The work is under way. The end of the session ends it.',
      invoke: {
        src: 'run',
        id: 'run',
        input: ({ context }) => claimOf(context),
        onDone: {
          target: 'recording',
          actions: { type: 'keepResult', params: ({ event }) => event.output },
        },
        onError: {
          target: 'recording',
          actions: { type: 'keepError', params: ({ event }) => ({ error: event.error }) },
        },
      },
      on: { sessionEnded: 'lost' },
    },
    recording: {
      description: 'The attempt is over; what it came to is written down, if the claim still stands.',
      invoke: {
        src: 'record',
        id: 'record',
        input: ({ context }) => ({ claim: claimOf(context), outcome: outcomeOf(context) }),
        onDone: [
          {
            guard: { type: 'is', params: ({ event }) => ({ state: event.output, wanted: 'Finished' as const }) },
            target: 'finished',
          },
          {
            guard: { type: 'is', params: ({ event }) => ({ state: event.output, wanted: 'Scheduled' as const }) },
            target: 'rescheduled',
          },
          {
            guard: { type: 'is', params: ({ event }) => ({ state: event.output, wanted: 'Failed' as const }) },
            target: 'failed',
          },
          { target: 'lost' },
        ],
        onError: 'lost',
      },
      on: { sessionEnded: 'lost' },
    },
    refused: { type: 'final', description: 'It could not even be asked for.' },
    taken: { type: 'final', description: 'Another worker was faster.' },
    finished: { type: 'final', description: 'Done, once and for all.' },
    rescheduled: { type: 'final', description: 'This attempt failed; another follows, here or elsewhere.' },
    failed: { type: 'final', description: 'This attempt failed, and it was the last.' },
    lost: { type: 'final', description: 'The claim is gone: another worker takes the task up, or has done so.' },
  },
});

function claimOf({ claim }: TaskContext): TaskClaim {
  if (claim === null) throw new InvariantError('a task in work is claimed', {});
  return claim;
}

function outcomeOf({ outcome }: TaskContext): TaskOutcome {
  if (outcome === null) throw new InvariantError('what is recorded has come to something', {});
  return outcome;
}
