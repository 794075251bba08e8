/** Waiting with an end. */
import type { Clock } from '../machines/language/time.js';

/** Resolves when `work` is done, well or not, or after `delay_ms`. */
export async function atMost(clock: Clock, delay_ms: number, work: Promise<unknown>): Promise<void> {
  let timer: unknown;
  const late = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, delay_ms);
  });
  await Promise.race([work, late]);
  clock.clearTimeout(timer);
}
