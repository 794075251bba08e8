/**
 * Tells people what may repeat without end: the first of a kind at once, what follows as a number, now and then. A
 * flood at the door is none in the journal.
 */
import type { Clock } from '../machines/language/time.js';

const OTHERS = 'others';

interface Row<Reason> {
  told_ms: number;
  untold: number;
  latest: Reason;
}

export interface TallyBounds {
  /** Between two words on one kind. */
  readonly quiet_ms: number;
  /** Kinds beyond so many are counted together. */
  readonly kinds_max: number;
}

const usualBounds: TallyBounds = { quiet_ms: 10_000, kinds_max: 32 };

export interface Tally<Reason = string> {
  /** It happened. */
  note(kind: string, reason: Reason): void;
  /** Tells what has waited long enough. */
  tick(): void;
}

/** `tell` gets the latest reason of its kind, how often it came since it was told, and whether it never was. */
export function createTally<Reason = string>(
  clock: Clock,
  tell: (reason: Reason, times: number, first: boolean) => void,
  { quiet_ms, kinds_max } = usualBounds,
): Tally<Reason> {
  const rows = new Map<string, Row<Reason>>();

  const tellIfDue = (row: Row<Reason>, now_ms: number): void => {
    if (now_ms - row.told_ms < quiet_ms) return;
    tell(row.latest, row.untold, row.told_ms === -Infinity);
    row.told_ms = now_ms;
    row.untold = 0;
  };

  return {
    note: (kind, reason) => {
      const key = rows.has(kind) || rows.size < kinds_max ? kind : OTHERS;
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
        else if (now_ms - row.told_ms >= quiet_ms) rows.delete(key);
      }
    },
  };
}
