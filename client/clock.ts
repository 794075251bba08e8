/** Real time and chance for a client that is handed none: beside deploy/clock.ts the only place that takes them. */
import type { Clock, Random } from '../machines/language/time.js';

export const clientClock: Clock = {
  now_ms: () => performance.now(),
  wall_ms: () => Date.now(),
  setTimeout: (run, delay_ms) => setTimeout(run, delay_ms),
  clearTimeout: (id) => clearTimeout(id as NodeJS.Timeout),
  soon: (run) => void setImmediate(run),
};

export const clientRandom: Random = {
  below: (from, to) => {
    const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
    return from + (word % (to - from));
  },
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};

const clocks = new WeakMap<object, Clock>();

/** What is built on a client waits by the client's clock. */
export const keepClockOf = (client: object, clock: Clock): void => void clocks.set(client, clock);

export const clockOf = (client: object): Clock => clocks.get(client) ?? clientClock;
