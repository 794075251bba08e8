/** The globals that libraries take time and chance from (XState calls both), controlled while a simulation runs. */
import { quickCharts } from './quick-charts.js';
import type { World } from './world.js';

/** setImmediate as it was before anything could replace it: a turn of the loop, which hears signals and messages. */
const endOfTurn = globalThis.setImmediate;
const turn_steps = 64;
let steps = 0;

/**
 * Resolves when all microtasks that are due have run: Node empties their queue before each of its own ticks. A turn of
 * the loop costs several times as much, and nothing in a simulation waits for one.
 */
export const settled = (): Promise<void> =>
  new Promise((resolve) => {
    if (++steps % turn_steps === 0) endOfTurn(resolve);
    else process.nextTick(resolve);
  });

/** Who runs the charts: XState itself, or the quick interpreter of the same definitions. */
export type Charts = 'xstate' | 'quick';

/** Runs `body` with Date.now and Math.random taken from the world; gives them back whatever happens. */
export async function controlled<T>(world: World, body: () => T | Promise<T>, charts: Charts = 'quick'): Promise<T> {
  const { now } = Date;
  const { random } = Math;
  const chance = world.chance.fork();
  const slowAgain = charts === 'quick' ? quickCharts() : () => undefined;
  Date.now = () => 1_700_000_000_000 + Math.floor(world.now_ms());
  Math.random = () => chance.fraction();
  try {
    // From a turn of its own: begun within a module's loading, ticks and microtasks would take turns in another order.
    steps = 0;
    await new Promise(endOfTurn);
    return await body();
  } finally {
    slowAgain();
    Date.now = now;
    Math.random = random;
  }
}
