/** How a load program measures: callers that each wait for their answer, after a warm-up that is not counted. */
import type { Measured, Plan } from './cases.js';

/** Calls sent after the warm-up and answered within the time; the latency of each. */
export async function measure(
  plan: Plan,
  callers: number,
  call: (caller: number) => Promise<unknown>,
): Promise<Measured> {
  const begin_ms = performance.now() + plan.warm_seconds * 1_000;
  const end_ms = begin_ms + plan.seconds * 1_000;
  const cores = coresUsed(plan);
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
  return { ...percentiles(taken_ms), errors, seconds: plan.seconds, load_cores: await cores };
}

function percentiles(taken_ms: number[]) {
  const sorted = Float64Array.from(taken_ms).sort();
  const at_us = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 1_000);
  return { count: sorted.length, p50_us: at_us(0.5), p90_us: at_us(0.9), p99_us: at_us(0.99), max_us: at_us(1) };
}

/** Processor time of this process during the measured time, over that time. */
function coresUsed(plan: Plan): Promise<number> {
  return new Promise((resolve) => {
    setTimeout(() => {
      const [began, began_ms] = [process.cpuUsage(), performance.now()];
      setTimeout(() => {
        const used = process.cpuUsage(began);
        resolve((used.user + used.system) / 1_000 / (performance.now() - began_ms));
      }, plan.seconds * 1_000);
    }, plan.warm_seconds * 1_000);
  });
}

/** Calls every `interval_ms` until one that began after the kill is answered; see tasks.ts. */
export function timeToFirstAnswer(
  task: { readonly pid: number; readonly interval_ms: number; readonly calm_ms: number },
  call: () => Promise<unknown>,
): Promise<number> {
  return new Promise((resolve) => {
    let killed_ms = Infinity;
    const trickle = setInterval(() => {
      const sent_ms = performance.now();
      call().then(
        () => {
          if (sent_ms < killed_ms) return;
          clearInterval(trickle);
          resolve(performance.now() - killed_ms);
        },
        () => undefined,
      );
    }, task.interval_ms);
    setTimeout(() => {
      process.kill(task.pid, 'SIGKILL');
      killed_ms = performance.now();
    }, task.calm_ms);
  });
}
