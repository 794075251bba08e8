/** The room of the state: writes what is decided, in one synced batch each time. */
import { writer } from '../machines/gather.machine.js';
import { writeBehindMachine } from '../machines/write-behind.machine.js';
import type { KvStore, Written } from '../store/ports.js';
import type { Pace } from './apply.js';
import { post } from './mail.js';
import type { Vitals } from './ports.js';
import { timed } from './timed.js';

export const stateRoom = (kv: KvStore, pace: Pace, vitals: Vitals) =>
  writeBehindMachine<Written>().provide({
    actors: {
      writer: writer(() => timed(vitals, 'store', () => kv.write())),
    },
    actions: {
      written: ({ system }, { batches, outcome }) => {
        pace.written(batches);
        post(system, 'raft', { type: 'applied', index: outcome.applied });
        post(system, 'requests', { type: 'written', written: outcome });
        post(system, 'coordination', { type: 'written', written: outcome });
        post(system, 'watchHub', { type: 'written', written: outcome });
        post(system, 'eventFeed', { type: 'written', written: outcome });
      },
    },
  });
