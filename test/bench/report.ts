/** A run of the benchmark as people read it. */
import type { Case, Measured } from './measure.js';

export interface Row extends Case, Measured {
  readonly system: string;
}

export interface Report {
  readonly taken: string;
  readonly machine: string;
  readonly node: string;
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
}

export function asMarkdown(report: Report): string {
  const head = ['operation', 'callers', 'system', 'per second', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'errors'];
  const ms = (us: number) => (us / 1_000).toFixed(2);
  const sorted = [...report.rows].sort(
    (a, b) => b.operation.localeCompare(a.operation) || a.callers - b.callers || b.system.localeCompare(a.system),
  );
  const lines = sorted.map((row) => [
    row.operation,
    row.callers,
    row.system,
    Math.round(row.count / row.seconds).toLocaleString('en'),
    ...[row.p50_us, row.p90_us, row.p99_us, row.max_us].map(ms),
    row.errors,
  ]);
  const table = [head, head.map((_, column) => (column < 3 ? '---' : '---:')), ...lines];
  const rows = table.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const notes = [...report.notes, report.machine, `Node.js ${report.node}`, report.taken].map((note) => `- ${note}`);
  return `${rows}\n\n${notes.join('\n')}\n`;
}
