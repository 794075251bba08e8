/** A clock that moves only when it is told to, and chance that is always the same. */
import type { Clock, Random } from '../../machines/language/time.js';

export interface ManualClock extends Clock {
  /** Lets `ms` pass, timer by timer; promises settle in between. */
  pass(ms: number): Promise<void>;
}

export function manualClock(): ManualClock {
  let now = 1_000;
  let lastId = 0;
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  const next = () => [...timers].sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
  return {
    now_ms: () => now,
    wall_ms: () => now,
    setTimeout: (run, delay_ms) => {
      timers.set(++lastId, { at: now + delay_ms, run });
      return lastId;
    },
    clearTimeout: (id) => void timers.delete(id as number),
    soon: (run) => void setImmediate(run),
    pass: async (ms) => {
      const end = now + ms;
      await turn();
      for (let due = next(); due !== undefined && due[1].at <= end; due = next()) {
        timers.delete(due[0]);
        now = Math.max(now, due[1].at);
        due[1].run();
        await turn();
      }
      now = end;
      await turn();
    },
  };
}

/** All that this turn of the event loop brings, and what it makes happen at once, has happened. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

export const sameChance: Random = {
  below: (from) => from,
  bytes: (count) => new Uint8Array(count).fill(7),
};
