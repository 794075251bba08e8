/** `check perf`: writes at a steady rate for a minute, and judges how that went. */
import { fromText } from '../../machines/language/bytes.js';
import { pause, realClock } from '../clock.js';
import type { CheckFlags, LoadName } from './check.js';
import { cleanUp, loadOf, refuseKeys, tellErrors } from './check.js';
import { exitCodes, SilentFailure } from './failure.js';
import type { LoadReport, Pace } from './load.js';
import { connectWriters, randomKey, runLoad } from './load.js';
import { showProgress } from './progress-bar.js';
import type { Session } from './session.js';
import type { Terminal } from './terminal.js';

export interface PerfLoad {
  readonly perSecond: number;
  readonly writers: number;
}

const loads: Readonly<Record<LoadName, PerfLoad>> = {
  s: { perSecond: 150, writers: 50 },
  m: { perSecond: 1_000, writers: 200 },
  l: { perSecond: 8_000, writers: 500 },
  xl: { perSecond: 15_000, writers: 1_000 },
};

const DURATION_S = 60;
const KEY_BYTES = 256;
const VALUE_BYTES = 1_024;

export async function checkPerf(session: Session, flags: CheckFlags, seconds = DURATION_S): Promise<void> {
  const { terminal } = session;
  const load = loadOf(loads, flags.load);
  const cluster = await session.cluster();
  const writers = await connectWriters(session, load.writers);
  await refuseKeys(cluster, flags.prefix);
  const began_ms = realClock.now_ms();
  const bar = showProgress(terminal, seconds, () => Math.floor((realClock.now_ms() - began_ms) / 1_000));
  const prefix = fromText(flags.prefix);
  const key = (): Uint8Array => randomKey(prefix, KEY_BYTES);
  const pace = steadily(load.perSecond, seconds * 1_000);
  const report = await runLoad(writers, pace, key, new Uint8Array(VALUE_BYTES), () => undefined);
  bar.finish();
  await cleanUp(cluster, terminal, flags);
  const passed = judge(terminal, report, load);
  terminal.out(passed ? 'PASS\n' : 'FAIL\n');
  if (!passed) throw new SilentFailure(exitCodes.error);
}

/** Each write has a moment of its own; moments that nobody was free for are lost. */
function steadily(perSecond: number, duration_ms: number): Pace {
  const end_ms = realClock.now_ms() + duration_ms;
  let next_ms = realClock.now_ms();
  return async () => {
    const at_ms = Math.max(next_ms, realClock.now_ms());
    next_ms = at_ms + 1_000 / perSecond;
    if (at_ms >= end_ms) return false;
    const wait_ms = at_ms - realClock.now_ms();
    if (wait_ms > 0) await pause(wait_ms);
    return true;
  };
}

const SHARE_MIN = 0.9;
const SLOWEST_MAX_S = 0.5;
const DEVIATION_MAX_S = 0.1;

/** etcdctl's words, up to where it says FAIL and where not. */
export function judge(terminal: Terminal, report: LoadReport, { perSecond }: PerfLoad): boolean {
  const say = (passed: boolean, good: string, bad: string): boolean => {
    terminal.out(passed ? `PASS: ${good}\n` : `${bad}\n`);
    return passed;
  };
  const rate = `${Math.trunc(report.perSecond) + 1} writes/s`;
  const slowest = `${report.slowest_s.toFixed(6)}s`;
  const deviation = `${report.deviation_s.toFixed(6)}s`;
  const passed = [
    tellErrors(terminal, report),
    say(report.perSecond / perSecond > SHARE_MIN, `Throughput is ${rate}`, `FAIL: Throughput too low: ${rate}`),
    say(
      report.slowest_s <= SLOWEST_MAX_S,
      `Slowest request took ${slowest}`,
      `Slowest request took too long: ${slowest}`,
    ),
    say(report.deviation_s <= DEVIATION_MAX_S, `Stddev is ${deviation}`, `Stddev too high: ${deviation}`),
  ];
  return passed.every((each) => each);
}
