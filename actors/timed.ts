/** A write whose time the node's vitals tell. */
import type { Vitals } from './ports.js';

export async function timed<T>(vitals: Vitals, what: 'log' | 'store', write: () => Promise<T>): Promise<T> {
  const ended = vitals.begin(what);
  try {
    return await write();
  } finally {
    ended();
  }
}
