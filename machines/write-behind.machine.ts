/**
 * The state's writes as a chart: what is decided is in the log and answered already, so its write waits a little and
 * takes more with it. A reader that needs it, its bulk, or the beat ends the waiting.
 */
import { assign, sendTo, setup } from 'xstate';
import { type WriteOrder, writer } from './gather.machine.js';
import { limits } from './language/limits.js';

export interface WriteBehindContext {
  /** Batches decided that no write has taken yet. */
  readonly waiting: number;
  /** Batches that the write under way takes. */
  readonly writing: number;
  /** Somebody waits for more than the write under way takes. */
  readonly hurried: boolean;
}

type WriteBehindEvent<Written> =
  /** Another batch is decided; so many bytes wait in all. */
  | { readonly type: 'decided'; readonly undecided_bytes: number }
  /** Somebody waits for the next write. */
  | { readonly type: 'hurried' }
  | { readonly type: 'tick' }
  | { readonly type: 'writeDone'; readonly outcome: Written }
  | { readonly type: 'writeFailed'; readonly error: unknown };

const notProvided = (name: string) => (): never => {
  throw new Error(`write-behind: '${name}' is not provided`);
};

/** `Written` is what a write comes to; the action `written` gets it with the number of batches that it took. */
export function writeBehindMachine<Written>() {
  return setup({
    types: { context: {} as WriteBehindContext, events: {} as WriteBehindEvent<Written> },
    actors: { writer: writer<never, Written>(notProvided('writer')) },
    actions: {
      count: assign(({ context }) => ({ waiting: context.waiting + 1 })),
      remember: assign({ hurried: true }),
      takeAll: assign(({ context }) => ({ writing: context.waiting, waiting: 0, hurried: false })),
      write: sendTo('writer', { type: 'write', items: [] } satisfies WriteOrder<never>),
      written: (_, _done: { readonly batches: number; readonly outcome: Written }) => notProvided('written')(),
      /** A write that failed is not tried again: the room ends with its reason. */
      fail: (_, { error }: { readonly error: unknown }) => {
        throw error;
      },
    },
    guards: {
      bulky: (_, bytes: number) => bytes >= limits.undecided_bytes_before_write,
      someWaiting: ({ context }) => context.waiting > 0,
      someWaitingInHurry: ({ context }) => context.waiting > 0 && context.hurried,
      inHurry: ({ context }) => context.hurried,
    },
  }).createMachine({
    id: 'writeBehind',
    context: { waiting: 0, writing: 0, hurried: false },
    invoke: { src: 'writer', id: 'writer' },
    initial: 'written',
    states: {
      written: {
        description: 'Everything decided is written.',
        on: {
          decided: [
            {
              guard: { type: 'bulky', params: ({ event }) => event.undecided_bytes },
              target: 'writing',
              actions: 'count',
            },
            { target: 'resting', actions: 'count' },
          ],
          hurried: 'awaited',
        },
      },
      awaited: {
        description: 'Somebody waits for what is not decided yet: it is written as soon as it is.',
        on: { decided: { target: 'writing', actions: 'count' } },
      },
      resting: {
        description: 'What is decided waits for a reader, for more of it, or for the beat.',
        on: {
          decided: [
            {
              guard: { type: 'bulky', params: ({ event }) => event.undecided_bytes },
              target: 'writing',
              actions: 'count',
            },
            { actions: 'count' },
          ],
          hurried: 'writing',
          tick: 'writing',
        },
      },
      writing: {
        description: 'One write is under way; what is decided meanwhile goes with the next.',
        entry: ['takeAll', 'write'],
        on: {
          decided: { actions: 'count' },
          hurried: { actions: 'remember' },
          writeDone: {
            target: 'next',
            actions: {
              type: 'written',
              params: ({ context, event }) => ({ batches: context.writing, outcome: event.outcome }),
            },
          },
          writeFailed: { actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) } },
        },
      },
      next: {
        description: 'A write has ended: who waits now says how it goes on.',
        always: [
          { guard: 'someWaitingInHurry', target: 'writing' },
          { guard: 'someWaiting', target: 'resting' },
          { guard: 'inHurry', target: 'awaited' },
          { target: 'written' },
        ],
      },
    },
  });
}
