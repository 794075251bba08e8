/** Work whose time the node's vitals tell. */
import type { Vitals, Work } from './ports.js';

export async function timed<T>(vitals: Vitals, what: Work, work: () => Promise<T>): Promise<T> {
  const ended = vitals.begin(what);
  try {
    return await work();
  } finally {
    ended();
  }
}
