/**
 * Group commit as a chart: gather while a write is under way, then write all that came at once. The log and the state
 * use it.
 */
import { assign, type CallbackActorLogic, fromCallback, sendTo, setup } from 'xstate';

export interface GatherContext<Item> {
  readonly pending: readonly Item[];
  readonly writing: readonly Item[];
  readonly items_max: number;
}

export interface GatherInput {
  /** What may wait; the senders bound themselves below it, so that more is a broken promise. */
  readonly items_max: number;
}

type GatherEvent<Item, Written> =
  | { readonly type: 'add'; readonly items: readonly Item[] }
  | { readonly type: 'writeDone'; readonly outcome: Written }
  | { readonly type: 'writeFailed'; readonly error: unknown };

/** What the child that writes is told. */
export interface WriteOrder<Item> {
  readonly type: 'write';
  readonly items: readonly Item[];
}

const notProvided = (name: string) => (): never => {
  throw new Error(`gather: '${name}' is not provided`);
};

/**
 * The child that writes. One for as long as the chart lives: to start an actor for each write costs more than many a
 * write.
 */
export const writer = <Item, Written>(
  write: (items: readonly Item[]) => Promise<Written>,
): CallbackActorLogic<WriteOrder<Item>> =>
  fromCallback(({ receive, sendBack }) => {
    receive(({ items }) => {
      write(items).then(
        (outcome) => sendBack({ type: 'writeDone', outcome }),
        (error: unknown) => sendBack({ type: 'writeFailed', error }),
      );
    });
  });

/** `Written` is what a write comes to; the action `written` gets it with the items that were written. */
export function gatherMachine<Item, Written>() {
  type Event = GatherEvent<Item, Written>;
  return setup({
    types: {
      context: {} as GatherContext<Item>,
      events: {} as Event,
      input: {} as GatherInput,
    },
    actors: {
      writer: writer<Item, Written>(notProvided('writer')),
    },
    actions: {
      begin: assign((_, items: readonly Item[]) => ({ writing: items })),
      gather: assign(({ context }, items: readonly Item[]) => ({
        pending: context.pending.length === 0 ? items : [...context.pending, ...items],
      })),
      takeAll: assign(({ context }) => ({ writing: context.pending, pending: [] })),
      write: sendTo('writer', ({ context }: { context: GatherContext<Item> }): WriteOrder<Item> => {
        return { type: 'write', items: context.writing };
      }),
      written: (_, _done: { readonly items: readonly Item[]; readonly outcome: Written }) => notProvided('written')(),
      /** A write that failed is not tried again: the room ends with its reason. */
      fail: (_, { error }: { readonly error: unknown }) => {
        throw error;
      },
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
    invoke: { src: 'writer', id: 'writer' },
    initial: 'idle',
    states: {
      idle: {
        description: 'Nothing waits.',
        on: {
          add: [
            {
              guard: { type: 'roomLeft', params: ({ event }) => event.items },
              target: 'writing',
              actions: { type: 'begin', params: ({ event }) => event.items },
            },
            { actions: 'overflow' },
          ],
        },
      },
      writing: {
        description: 'One write is under way; what comes meanwhile goes with the next.',
        entry: 'write',
        on: {
          add: [
            {
              guard: { type: 'roomLeft', params: ({ event }) => event.items },
              actions: { type: 'gather', params: ({ event }) => event.items },
            },
            { actions: 'overflow' },
          ],
          writeDone: [
            {
              guard: 'somePending',
              target: 'writing',
              reenter: true,
              actions: [
                {
                  type: 'written',
                  params: ({ context, event }) => ({ items: context.writing, outcome: event.outcome }),
                },
                'takeAll',
              ],
            },
            {
              target: 'idle',
              actions: {
                type: 'written',
                params: ({ context, event }) => ({ items: context.writing, outcome: event.outcome }),
              },
            },
          ],
          writeFailed: { actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) } },
        },
      },
    },
  });
}
