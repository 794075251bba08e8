/** How many bytes all reads of a store hold together while they fetch: beyond the bound only the oldest goes on. */
import { QuorateError } from '../machines/language/errors.js';
import type { Clock } from '../machines/language/time.js';

export interface ReadBudget {
  enter(): Share;
  /** Resolves in a turn of the event loop in which it does for nobody else: an answer that is much work has its own. */
  turn(): Promise<void>;
}

/** What one read holds. */
export interface Share {
  /** Resolves when it may go on. Throws when it alone holds too much. */
  take(bytes: number): Promise<void>;
  leave(): void;
}

const MiB = 1024 * 1024;

export function makeReadBudget(clock: Clock, read_bytes_max: number, reads_bytes_max: number): ReadBudget {
  /** In the order in which they came. */
  const held = new Map<symbol, number>();
  let total = 0;
  let waiting: (() => void)[] = [];
  let lastTurn = Promise.resolve();
  const mayGoOn = (share: symbol): boolean => total <= reads_bytes_max || held.keys().next().value === share;
  return {
    turn: () => (lastTurn = lastTurn.then(() => new Promise((resolve) => clock.soon(resolve)))),
    enter: () => {
      const share = Symbol('share');
      held.set(share, 0);
      return {
        take: async (bytes) => {
          const own = (held.get(share) ?? 0) + bytes;
          held.set(share, own);
          total += bytes;
          if (own > read_bytes_max) throw tooMuch(read_bytes_max);
          while (!mayGoOn(share)) await new Promise<void>((resolve) => waiting.push(resolve));
        },
        leave: () => {
          total -= held.get(share) ?? 0;
          held.delete(share);
          const woken = waiting;
          waiting = [];
          for (const wake of woken) wake();
        },
      };
    },
  };
}

const tooMuch = (bytes_max: number): QuorateError =>
  new QuorateError(
    'ResourceExhausted',
    `quorate: more than ${bytes_max / MiB} MiB of keys and values would have to be read at once; ` +
      'use limit, a narrower range, keys_only or count_only',
  );
