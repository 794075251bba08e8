/** Real time and real chance: the only place in the house that has them. Everyone else is handed these two. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Clock, Random } from '../machines/language/time.js';

export const realClock: Clock = {
  now_ms: () => performance.now(),
  wall_ms: () => Date.now(),
  setTimeout: (run, delay_ms) => setTimeout(run, delay_ms),
  clearTimeout: (id) => clearTimeout(id as NodeJS.Timeout),
  soon: (run) => void setImmediate(run),
};

export const realRandom: Random = {
  below: (from, to) => randomInt(from, to),
  bytes: (count) => new Uint8Array(randomBytes(count)),
};

/** Resolves after `delay_ms`. For the rim: command lines and tests; nodes wait through their Clock. */
export const pause = (delay_ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, delay_ms);
  });

/** Runs `work` again and again, for as long as something else keeps the process alive. */
export function every(delay_ms: number, work: () => void): void {
  const again = (): void => {
    work();
    setTimeout(again, delay_ms).unref();
  };
  setTimeout(again, delay_ms).unref();
}

/** What `promise` comes to, or undefined when that takes longer than `delay_ms`. */
export async function within<T>(delay_ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), delay_ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
