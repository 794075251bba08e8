/** How far a check has come, on one line that is written over and over. */
import { realClock } from '../clock.js';
import { formatDuration } from './go-numbers.js';
import type { Terminal } from './terminal.js';

export interface ProgressBar {
  readonly finish: () => void;
}

const REFRESH_MS = 200;

/** `done` tells how much of `total` is done. */
export function showProgress(terminal: Terminal, total: number, done: () => number): ProgressBar {
  const began_ms = realClock.now_ms();
  let timer: unknown;
  const draw = (left: string): void => {
    terminal.out(`\r${lineOf(Math.min(done(), total), total, left, terminal.columns)}`);
    terminal.flush();
  };
  const refresh = (): void => {
    draw(leftText(realClock.now_ms() - began_ms, done(), total));
    timer = realClock.setTimeout(refresh, REFRESH_MS);
  };
  refresh();
  return {
    finish: () => {
      realClock.clearTimeout(timer);
      draw(` ${formatDuration(Math.round((realClock.now_ms() - began_ms) / 1_000) * 1_000)}`);
      terminal.out('\n');
      terminal.flush();
    },
  };
}

/** As long as what is done took, for what is not. */
function leftText(passed_ms: number, done: number, total: number): string {
  if (done === 0 || done >= total) return '';
  const left_s = Math.floor(((passed_ms / done) * (total - done)) / 1_000);
  const [minutes, seconds] = [Math.floor(left_s / 60), left_s % 60].map((each) => String(each).padStart(2, '0'));
  return left_s === 0 ? '' : ` ${minutes}m${seconds}s`;
}

/** The bar itself is for terminals alone. */
function lineOf(done: number, total: number, left: string, columns: number | undefined): string {
  const before = ` ${done} / ${total} `;
  const after = ` ${((done / total) * 100).toFixed(2).padStart(6)}%${left}`;
  const width = (columns ?? 0) - before.length - after.length - 2;
  if (width < 1) return before + after;
  const full = Math.floor((width * done) / total);
  return `${before}B${'o'.repeat(full)}${' '.repeat(width - full)}!${after}`;
}
