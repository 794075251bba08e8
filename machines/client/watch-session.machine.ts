/** A client's stream of watches as a chart: when it hangs on a member, and when it looks for another. */
import { setup } from 'xstate';
import { InvariantError } from '../language/invariant.js';

export type WatchSessionEvent =
  /** The first watcher is there. */
  | { readonly type: 'wanted' }
  /** A member took the stream. */
  | { readonly type: 'opened' }
  /** Its member, NATS, or a number went missing, or nobody took it. */
  | { readonly type: 'lost' }
  /** It has waited long enough. */
  | { readonly type: 'due' }
  /** The last watcher is gone. */
  | { readonly type: 'emptied' }
  | { readonly type: 'closed' };

function notProvided(name: string): never {
  throw new InvariantError('the client provides every action of its watch session', { name });
}

const base = setup({
  types: { events: {} as WatchSessionEvent },
  actions: {
    /** Ask a member to take the stream. */
    ask: () => notProvided('ask'),
    /** Hand over every watcher that the member does not know yet. */
    greet: () => notProvided('greet'),
    /** Wait a little, longer each time. */
    wait: () => notProvided('wait'),
    /** Let go of the stream that there was. */
    letGo: () => notProvided('letGo'),
  },
});

export const watchSessionMachine = base.createMachine({
  id: 'watchSession',
  initial: 'idle',
  on: { closed: '.closed' },
  states: {
    idle: {
      description: 'Nobody watches: no stream is open.',
      on: { wanted: 'opening' },
    },
    opening: {
      description: 'A member was asked to take the stream with its first watcher.',
      entry: 'ask',
      on: {
        opened: 'open',
        lost: { target: 'waiting', actions: 'letGo' },
        emptied: { target: 'idle', actions: 'letGo' },
      },
    },
    open: {
      description: 'It hangs on a member, which is heard each second.',
      entry: 'greet',
      on: {
        lost: { target: 'waiting', actions: 'letGo' },
        emptied: { target: 'idle', actions: 'letGo' },
      },
    },
    waiting: {
      description: 'It hangs on no member; each watcher knows from where it goes on.',
      entry: 'wait',
      on: { due: 'opening', emptied: 'idle' },
    },
    closed: {
      description: 'The client is closed.',
      type: 'final',
      entry: 'letGo',
    },
  },
});
