/**
 * When the leader compacts by itself (reference B-28): to what was the revision one retention ago, or to a distance.
 */

export type AutoCompaction =
  | { readonly mode: 'off' }
  | { readonly mode: 'periodic'; readonly retention_ms: number }
  | { readonly mode: 'revision'; readonly retention: number };

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SAMPLE_MS_MAX = 6 * MINUTE_MS;
const REVISION_PERIOD_MS = 5 * MINUTE_MS;

interface Sample {
  readonly at_ms: number;
  readonly revision: number;
}

export interface Retention {
  /** Revisions seen, oldest first, none older than the newest that is a retention old. */
  readonly samples: readonly Sample[];
  readonly due_ms: number;
}

/** A member that has just become leader starts counting anew. */
export const beginRetention = (mode: AutoCompaction, now_ms: number, revision: number): Retention => ({
  samples: [{ at_ms: now_ms, revision }],
  due_ms: now_ms + (mode.mode === 'periodic' ? mode.retention_ms : REVISION_PERIOD_MS),
});

/** The next state, and the revision to compact at now, if any. */
export function retain(
  mode: AutoCompaction,
  known: Retention,
  now_ms: number,
  revision: number,
): readonly [Retention, number | null] {
  switch (mode.mode) {
    case 'off':
      return [known, null];
    case 'periodic':
      return retainPeriod(mode.retention_ms, known, now_ms, revision);
    case 'revision': {
      if (now_ms < known.due_ms) return [known, null];
      const target = revision - mode.retention;
      return [{ ...known, due_ms: now_ms + REVISION_PERIOD_MS }, target > 1 ? target : null];
    }
  }
}

function retainPeriod(
  retention_ms: number,
  known: Retention,
  now_ms: number,
  revision: number,
): readonly [Retention, number | null] {
  const period_ms = Math.min(retention_ms / 10, SAMPLE_MS_MAX);
  const latest = known.samples.at(-1);
  const sampled =
    latest === undefined || now_ms - latest.at_ms >= period_ms
      ? [...known.samples, { at_ms: now_ms, revision }]
      : known.samples;
  if (now_ms < known.due_ms) return [{ ...known, samples: sampled }, null];
  const old = sampled.filter((sample) => sample.at_ms <= now_ms - retention_ms);
  const target = old.at(-1)?.revision ?? null;
  const samples = sampled.slice(Math.max(0, old.length - 1));
  return [{ samples, due_ms: now_ms + Math.min(retention_ms, HOUR_MS) }, target];
}
