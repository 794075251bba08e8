/** A client's connection as a chart: when requests may leave, when they wait, and when it is over. */
import { setup } from 'xstate';
import { InvariantError } from '../language/invariant.js';

export type ConnectionEvent =
  /** The first connection to a server stands. */
  | { readonly type: 'opened' }
  /** No server could be reached, or none let us in. */
  | { readonly type: 'refused' }
  /** The connection broke; it is dialled anew without end. */
  | { readonly type: 'lost' }
  | { readonly type: 'restored' }
  /** The caller is done with it, or the link gave up for good. */
  | { readonly type: 'closed' };

function notProvided(name: string): never {
  throw new InvariantError('the client provides every action of its connection', { name });
}

const base = setup({
  types: { events: {} as ConnectionEvent },
  actions: {
    /** Send what waits. */
    sendWaiting: () => notProvided('sendWaiting'),
    /** The members that were silent may be reachable by the new connection. */
    forgetSilence: () => notProvided('forgetSilence'),
    /** End every call, and say of each whether it may have been applied. */
    endCalls: () => notProvided('endCalls'),
  },
});

export const connectionMachine = base.createMachine({
  id: 'connection',
  initial: 'connecting',
  states: {
    connecting: {
      description: 'The first dial. Calls wait, and their deadlines run.',
      on: { opened: 'connected', refused: 'closed', closed: 'closed' },
    },
    connected: {
      description: 'Requests leave, all that one turn of the event loop brings in one message.',
      tags: 'publishing',
      entry: 'sendWaiting',
      on: { lost: 'reconnecting', closed: 'closed' },
    },
    reconnecting: {
      description: 'Nothing is published: what is handed to a broken connection may leave much later, or never.',
      on: { restored: { target: 'connected', actions: 'forgetSilence' }, closed: 'closed' },
    },
    closed: {
      description: 'Every call has ended; none begins.',
      type: 'final',
      entry: 'endCalls',
    },
  },
});
