/** Seeded chance: the only source of randomness in a simulation, so that a seed is a whole history. */
import type { Random } from '../../machines/language/time.js';

export interface Chance extends Random {
  /** A number in [0, 1). */
  fraction(): number;
  /** True with probability `p`. */
  happens(p: number): boolean;
  /** One of `list`, which must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** The same items in another order. */
  shuffled<T>(list: readonly T[]): T[];
  /** Another source whose draws do not disturb this one's. */
  fork(): Chance;
}

/** xoshiro128** from a seed spread by splitmix32. */
export function createChance(seed: number): Chance {
  let spread = seed | 0;
  const splitmix = (): number => {
    spread = (spread + 0x9e3779b9) | 0;
    let z = spread ^ (spread >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix();
  const next = (): number => {
    const times5 = Math.imul(b, 5);
    const drawn = Math.imul((times5 << 7) | (times5 >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return drawn >>> 0;
  };
  const fraction = (): number => next() / 4294967296;
  const below = (from: number, to: number): number => from + Math.floor(fraction() * (to - from));
  return {
    fraction,
    below,
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
    happens: (p) => p > 0 && fraction() < p,
    pick: (list) => list[below(0, list.length)] as (typeof list)[number],
    shuffled: (list) => {
      const result = [...list];
      for (let i = result.length - 1; i > 0; i--) {
        const j = below(0, i + 1);
        [result[i], result[j]] = [result[j] as (typeof list)[number], result[i] as (typeof list)[number]];
      }
      return result;
    },
    fork: () => createChance(next()),
  };
}
