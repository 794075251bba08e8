/**
 * Tells people what may repeat without end: the first of a kind at once, what follows as a number, now and then. A
 * flood at the door is none in the journal.
 */
import type { Clock } from '../machines/language/time.js';

const QUIET_MS = 10_000;
const KINDS_MAX = 32;
const OTHERS = 'others';

interface Row {
  told_ms: number;
  untold: number;
  latest: string;
}

export interface Tally {
  /** It happened. Kinds beyond the first 32 are counted together. */
  note(kind: string, reason: string): void;
  /** Tells what has waited long enough. */
  tick(): void;
}

/** `tell` gets the latest reason of its kind, and how often it came since it was told. */
export function createTally(clock: Clock, tell: (reason: string, times: number) => void): Tally {
  const rows = new Map<string, Row>();

  const tellIfDue = (row: Row, now_ms: number): void => {
    if (now_ms - row.told_ms < QUIET_MS) return;
    tell(row.latest, row.untold);
    row.told_ms = now_ms;
    row.untold = 0;
  };

  return {
    note: (kind, reason) => {
      const key = rows.has(kind) || rows.size < KINDS_MAX ? kind : OTHERS;
      const row = rows.get(key) ?? { told_ms: -Infinity, untold: 0, latest: reason };
      rows.set(key, row);
      row.untold++;
      row.latest = reason;
      tellIfDue(row, clock.now_ms());
    },
    tick: () => {
      const now_ms = clock.now_ms();
      for (const [key, row] of rows) {
        if (row.untold > 0) tellIfDue(row, now_ms);
        else if (now_ms - row.told_ms >= QUIET_MS) rows.delete(key);
      }
    },
  };
}
