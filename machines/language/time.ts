/**
 * Time and chance as the rest of the house sees them: handed in, never taken. The real ones stand in deploy/clock.ts.
 */

/** Monotonic time and timers. All of a node's waiting goes through one of these. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean anything. */
  now_ms(): number;
  /** Wall-clock milliseconds since 1970: for logs and people only, never for the protocol. */
  wall_ms(): number;
  setTimeout(fn: () => void, delay_ms: number): unknown;
  clearTimeout(id: unknown): void;
  /** Runs `fn` once the letters already waiting in this turn of the event loop are handled. */
  soon(fn: () => void): void;
}

/** Random numbers: seeded in a simulation. */
export interface Random {
  /** A whole number in [from, to). */
  below(from: number, to: number): number;
  /** `count` random bytes. */
  bytes(count: number): Uint8Array;
}

export const CLOCK = Symbol('Clock');
export const RANDOM = Symbol('Random');
