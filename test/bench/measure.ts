/** What one measurement says, and how it is taken: callers that each wait for their answer, after a warm-up. */

export interface Case {
  readonly operation: 'put' | 'get';
  readonly callers: number;
}

export interface Plan {
  readonly warm_seconds: number;
  readonly seconds: number;
  readonly keys: number;
  readonly value_bytes: number;
}

export interface Measured {
  readonly count: number;
  readonly errors: number;
  readonly seconds: number;
  readonly p50_us: number;
  readonly p90_us: number;
  readonly p99_us: number;
  readonly max_us: number;
}

/** Calls answered between the end of the warm-up and the end of the time; the latency of each. */
export async function measure(
  plan: Plan,
  callers: number,
  call: (caller: number) => Promise<unknown>,
): Promise<Measured> {
  const begin_ms = performance.now() + plan.warm_seconds * 1_000;
  const end_ms = begin_ms + plan.seconds * 1_000;
  const taken_ms: number[] = [];
  let errors = 0;
  const run = async (caller: number): Promise<void> => {
    for (;;) {
      const sent_ms = performance.now();
      if (sent_ms > end_ms) return;
      const failed = await call(caller).then(
        () => false,
        () => true,
      );
      const answered_ms = performance.now();
      if (sent_ms < begin_ms || answered_ms > end_ms) continue;
      if (failed) errors++;
      else taken_ms.push(answered_ms - sent_ms);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => run(caller)));
  return { ...percentiles(taken_ms), errors, seconds: plan.seconds };
}

function percentiles(taken_ms: number[]) {
  const sorted = Float64Array.from(taken_ms).sort();
  const at_us = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 1_000);
  return { count: sorted.length, p50_us: at_us(0.5), p90_us: at_us(0.9), p99_us: at_us(0.99), max_us: at_us(1) };
}
