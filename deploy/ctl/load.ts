/** Writers side by side, each waiting for its answer before it writes again, and what their writes came to. */
import { concatBytes } from '../../machines/language/bytes.js';
import { realClock, realRandom } from '../clock.js';
import type { ClusterAccess } from './cluster.js';
import type { Session } from './session.js';

export interface LoadReport {
  /** Of writes that were answered. */
  readonly perSecond: number;
  readonly slowest_s: number;
  readonly deviation_s: number;
  /** How often each error came. */
  readonly errors: ReadonlyMap<string, number>;
}

/** Resolves when the next write may begin; to false when there is none left. */
export type Pace = () => Promise<boolean>;

const DIALLED_TOGETHER = 50;

/** As many connections as there are writers, as etcdctl has them. */
export async function connectWriters(session: Session, count: number): Promise<ClusterAccess[]> {
  const writers: ClusterAccess[] = [];
  while (writers.length < count) {
    const next = Math.min(DIALLED_TOGETHER, count - writers.length);
    writers.push(...(await Promise.all(Array.from({ length: next }, () => session.connect(session.globals)))));
  }
  return writers;
}

/** A key that no other is likely to be, of `size` bytes behind the prefix. */
export const randomKey = (prefix: Uint8Array, size: number): Uint8Array =>
  concatBytes([prefix, realRandom.bytes(8), new Uint8Array(size - 8)]);

export async function runLoad(
  writers: readonly ClusterAccess[],
  pace: Pace,
  makeKey: () => Uint8Array,
  value: Uint8Array,
  written: () => void,
): Promise<LoadReport> {
  const began_ms = realClock.now_ms();
  const took_s: number[] = [];
  const errors = new Map<string, number>();
  const write = async (writer: ClusterAccess): Promise<void> => {
    while (await pace()) {
      const sent_ms = realClock.now_ms();
      try {
        await writer.put(makeKey(), value);
        took_s.push((realClock.now_ms() - sent_ms) / 1_000);
      } catch (error) {
        const { message } = error as Error;
        errors.set(message, (errors.get(message) ?? 0) + 1);
      }
      written();
    }
  };
  await Promise.all(writers.map(write));
  return reportOf(took_s, (realClock.now_ms() - began_ms) / 1_000, errors);
}

function reportOf(took_s: readonly number[], total_s: number, errors: ReadonlyMap<string, number>): LoadReport {
  const average_s = took_s.reduce((sum, each) => sum + each, 0) / took_s.length;
  const variance = took_s.reduce((sum, each) => sum + (each - average_s) ** 2, 0) / took_s.length;
  return {
    perSecond: took_s.length / total_s,
    slowest_s: took_s.reduce((most, each) => Math.max(most, each), 0),
    deviation_s: Math.sqrt(variance),
    errors,
  };
}
