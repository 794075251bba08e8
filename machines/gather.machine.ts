/**
 * Group commit as a chart: gather while a write is under way, then write all that came at once. The log and the state
 * use it.
 */
import { assign, fromPromise, setup } from 'xstate';

export interface GatherContext<Item> {
  readonly pending: readonly Item[];
  readonly writing: readonly Item[];
  readonly items_max: number;
}

export interface GatherInput {
  /** What may wait; the senders bound themselves below it, so that more is a broken promise. */
  readonly items_max: number;
}

const notProvided = (name: string) => (): never => {
  throw new Error(`gather: '${name}' is not provided`);
};

/** `Written` is what a write comes to; the action `written` gets it with the items that were written. */
export function gatherMachine<Item, Written>() {
  return setup({
    types: {
      context: {} as GatherContext<Item>,
      events: {} as { readonly type: 'add'; readonly items: readonly Item[] },
      input: {} as GatherInput,
    },
    actors: {
      write: fromPromise<Written, readonly Item[]>(notProvided('write')),
    },
    actions: {
      gather: assign(({ context }, items: readonly Item[]) => ({
        pending: context.pending.length === 0 ? items : [...context.pending, ...items],
      })),
      takeAll: assign(({ context }) => ({ writing: context.pending, pending: [] })),
      written: (_, _done: { readonly items: readonly Item[]; readonly outcome: Written }) => notProvided('written')(),
      overflow: ({ context }) => {
        throw new Error(`gather: more than ${String(context.items_max)} items wait to be written`);
      },
    },
    guards: {
      somePending: ({ context }) => context.pending.length > 0,
      roomLeft: ({ context }, items: readonly Item[]) => context.pending.length + items.length <= context.items_max,
    },
  }).createMachine({
    id: 'gather',
    context: ({ input }) => ({ pending: [], writing: [], items_max: input.items_max }),
    initial: 'idle',
    on: {
      add: [
        {
          guard: { type: 'roomLeft', params: ({ event }) => event.items },
          actions: { type: 'gather', params: ({ event }) => event.items },
        },
        { actions: 'overflow' },
      ],
    },
    states: {
      idle: {
        description: 'Nothing waits.',
        always: { guard: 'somePending', target: 'writing' },
      },
      writing: {
        description: 'One write is under way; what comes meanwhile goes with the next.',
        entry: 'takeAll',
        invoke: {
          src: 'write',
          input: ({ context }) => context.writing,
          onDone: {
            target: 'idle',
            actions: {
              type: 'written',
              params: ({ context, event }) => ({ items: context.writing, outcome: event.output }),
            },
          },
        },
      },
    },
  });
}
