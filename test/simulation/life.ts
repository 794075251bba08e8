/**
 * One life of a node: its clock, and the fence that keeps the world from reaching a life that has ended or is paused.
 */
import type { Clock } from '../../machines/language/time.js';
import type { Timer, World } from './world.js';

export interface Life {
  readonly clock: Clock;
  readonly state: 'running' | 'paused' | 'over';
  /** Lets something reach this life: at once, when it resumes, or never. */
  reach(fn: () => void): void;
  /** Lets something reach this life after a while of the world's time. */
  reachAfter(delay_ms: number, fn: () => void): Timer;
  pause(): void;
  resume(): void;
  /** From now on nothing reaches it. */
  end(): void;
  /** How fast its clock runs against the world's. */
  drift(rate: number): void;
}

export function createLife(world: World): Life {
  let state: Life['state'] = 'running';
  const waiting: (() => void)[] = [];
  let rate = 1;
  let anchor = { world_ms: world.now_ms(), own_ms: 0 };
  const own_ms = (): number => anchor.own_ms + (world.now_ms() - anchor.world_ms) * rate;

  const reach = (fn: () => void): void => {
    if (state === 'running') fn();
    else if (state === 'paused') waiting.push(fn);
  };
  const reachAfter = (delay_ms: number, fn: () => void): Timer => {
    const timer = world.after(delay_ms, () => reach(() => timer.cancelled || fn()));
    return timer;
  };
  return {
    clock: {
      now_ms: own_ms,
      wall_ms: () => 1_700_000_000_000 + Math.floor(own_ms()),
      setTimeout: (fn, delay_ms) => reachAfter(delay_ms / rate, fn),
      clearTimeout: (id) => {
        if (id !== undefined && id !== null) (id as Timer).cancelled = true;
      },
      soon: (fn) => void reachAfter(0, fn),
    },
    get state() {
      return state;
    },
    reach,
    reachAfter,
    pause() {
      if (state === 'running') state = 'paused';
    },
    resume() {
      if (state !== 'paused') return;
      state = 'running';
      // What came while it stood still is all there at once; chance decides what the event loop finds first.
      for (const fn of world.chance.happens(0.5) ? waiting.splice(0) : world.chance.shuffled(waiting.splice(0))) {
        world.after(0, () => reach(fn));
      }
    },
    end() {
      state = 'over';
      waiting.length = 0;
    },
    drift(next) {
      anchor = { world_ms: world.now_ms(), own_ms: own_ms() };
      rate = next;
    },
  };
}
