/** Virtual time: a queue of what happens next, ordered by (time, sequence), and a running hash of all that happened. */
import { createChance, type Chance } from './chance.js';

export interface Timer {
  cancelled: boolean;
}

interface Due extends Timer {
  readonly at_ms: number;
  readonly sequence: number;
  readonly run: () => void;
}

export interface World {
  readonly seed: number;
  readonly chance: Chance;
  now_ms(): number;
  /** Runs `fn` after a while of virtual time. */
  after(delay_ms: number, fn: () => void): Timer;
  /** Runs the next thing due no later than `until_ms`; false when there is none, and time then stands at `until_ms`. */
  step(until_ms: number): boolean;
  /** Things that have happened. */
  readonly steps: number;
  /** Adds what happened to the hash by which two runs are compared. */
  note(word: string, number?: number): void;
  readonly hash: number;
}

export function createWorld(seed: number): World {
  const queue: Due[] = [];
  let now = 0;
  let sequence = 0;
  let steps = 0;
  let hash = 0x811c9dc5;
  const mix = (n: number): void => {
    hash = Math.imul(hash ^ (n & 0xffff), 0x01000193);
    hash = Math.imul(hash ^ (n >>> 16), 0x01000193);
  };
  return {
    seed,
    chance: createChance(seed),
    now_ms: () => now,
    after(delay_ms, run) {
      const due: Due = { at_ms: now + Math.max(0, delay_ms), sequence: sequence++, run, cancelled: false };
      insert(queue, due);
      return due;
    },
    step(until_ms) {
      for (;;) {
        const due = queue[0];
        if (due === undefined || due.at_ms > until_ms) {
          now = Math.max(now, until_ms);
          return false;
        }
        takeFirst(queue);
        if (due.cancelled) continue;
        now = due.at_ms;
        steps++;
        mix(due.sequence);
        mix(Math.floor(now * 1000));
        due.run();
        return true;
      }
    },
    get steps() {
      return steps;
    },
    note(word, number = 0) {
      for (let i = 0; i < word.length; i++) mix(word.charCodeAt(i));
      mix(number);
    },
    get hash() {
      return hash >>> 0;
    },
  };
}

const before = (a: Due, b: Due): boolean => a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.sequence < b.sequence);

/** A binary heap: each item is before both of its children, at 2i + 1 and 2i + 2. */
function insert(heap: Due[], item: Due): void {
  let at = heap.length;
  heap.push(item);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(item, heap[parent] as Due)) break;
    heap[at] = heap[parent] as Due;
    at = parent;
  }
  heap[at] = item;
}

function takeFirst(heap: Due[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child++;
    if (!before(heap[child] as Due, last)) break;
    heap[at] = heap[child] as Due;
    at = child;
  }
  heap[at] = last;
}
