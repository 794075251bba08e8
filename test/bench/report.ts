/** A run of the benchmark as people read it: what it came to beside the goals, and all figures. */
import type { Big } from './big.js';
import { meanings, operations } from './cases.js';
import type { Elections } from './election.js';
import { goals } from './goals.js';
import type { Goal } from './goals.js';
import type { Machine } from './machine.js';
import type { SystemName } from './system.js';
import { watchingMeanings, type Watching } from './watching.js';
import { median } from './throughput.js';
import type { Row } from './throughput.js';

export interface Report {
  readonly taken: string;
  readonly took_minutes: number;
  readonly machine: Machine;
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
  readonly watching: readonly Watching[];
  readonly elections: readonly Elections[];
  readonly big: readonly Big[];
}

export function asMarkdown(report: Report): string {
  const { machine } = report;
  const notes = [
    ...report.notes,
    `${machine.cores} cores (${machine.processor}), ${machine.memory_GiB} GiB, ${machine.kernel}, ` +
      `Node.js ${machine.node}; 4 KiB written and synced in ${machine.sync_ms.toFixed(2)} ms`,
    `${report.taken.slice(0, 10)}, ${Math.round(report.took_minutes)} minutes`,
  ];
  const tables = [
    goalTable(report),
    throughputTable(report.rows),
    watchingTable(report.watching),
    electionTable(report.elections),
    bigTable(report.big),
  ];
  const list = notes.map((note) => `- ${note}`).join('\n');
  return `${[...tables.filter((text) => text !== ''), list].join('\n\n')}\n`;
}

/* ---- beside the goals ------------------------------------------------------------------------------------------ */

function goalTable(report: Report): string {
  const rows = goals.flatMap((goal) => {
    const [own, etcd] = [figureOf(goal, report, 'Quorate'), besideOf(goal, report)];
    if (own === undefined || etcd === undefined) return [];
    const ratio = own / etcd;
    const met = ratio >= (goal.least ?? 0) && ratio <= (goal.most ?? Infinity);
    const bound = goal.least === undefined ? `≤ ${goal.most}` : `≥ ${goal.least}`;
    return [[goal.work, inShort(own), inShort(etcd), ratio.toFixed(2), bound, met ? 'yes' : 'no']];
  });
  if (rows.length === 0) return '';
  return table(['work', 'Quorate', 'etcd', 'ratio', 'goal', 'met'], 1, rows);
}

function besideOf(goal: Goal, report: Report): number | undefined {
  if (goal.of !== 'stalled') return figureOf(goal, report, 'etcd');
  return report.watching.find((each) => each.system === 'Quorate')?.stalled?.without;
}

function figureOf(goal: Goal, { rows, watching, elections, big }: Report, system: SystemName): number | undefined {
  const own = <T extends { readonly system: SystemName }>(all: readonly T[]) =>
    all.filter((each) => each.system === system);
  switch (goal.of) {
    case 'rate':
    case 'p50': {
      const row = own(rows).find((each) => each.operation === goal.operation && each.callers === goal.callers);
      return row && (goal.of === 'rate' ? row.count / row.seconds : row.p50_us / 1_000);
    }
    case 'events': {
      const found = own(watching)[0]?.watch;
      return found && found.events / found.seconds;
    }
    case 'putsWatched': {
      const found = own(watching)[0]?.watch;
      return found && found.puts / found.put_seconds;
    }
    case 'stalled':
      return own(watching)[0]?.stalled?.with;
    case 'leases': {
      const found = own(watching)[0]?.leases;
      return found && Math.max(...nodeCores(found.cores));
    }
    case 'election': {
      const [found] = own(elections);
      return found && median(found.took_ms);
    }
    case 'restart': {
      const [found] = own(big).filter(isFull);
      return found && median(found.restart_ms);
    }
    case 'memory': {
      const [found] = own(big).filter(isFull);
      return found && Math.max(...found.loaded_MiB);
    }
  }
}

/** The goals are about this many keys; a run with fewer says nothing of them. */
const isFull = (each: Big): boolean => each.keys >= 1_000_000;

/* ---- all figures ----------------------------------------------------------------------------------------------- */

function throughputTable(rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const head = ['operation', 'callers', 'system', 'per second', '× etcd', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'];
  const ms = (us: number) => (us / 1_000).toFixed(2);
  const place = (row: Row) => operations.indexOf(row.operation) * 1e6 + row.callers;
  const lines = [...rows]
    .sort((a, b) => place(a) - place(b))
    .map((row) => [
      `${row.operation}`,
      String(row.callers),
      row.system,
      inShort(row.count / row.seconds),
      besideEtcd(row, rows),
      ...[row.p50_us, row.p90_us, row.p99_us, row.max_us].map(ms),
      String(row.errors),
      row.load_cores.toFixed(2),
      String(row.connections),
    ]);
  const used = operations.filter((operation) => rows.some((row) => row.operation === operation));
  const legend = used.map((operation) => `${operation}: ${meanings[operation]}`).join('; ');
  return `${table([...head, 'errors', 'load, cores', 'connections'], 3, lines)}\n\n${legend}.`;
}

function besideEtcd(row: Row, rows: readonly Row[]): string {
  const same = (each: Row) => each.operation === row.operation && each.callers === row.callers;
  const etcd = rows.find((each) => each.system === 'etcd' && same(each));
  if (etcd === undefined || etcd === row || etcd.count === 0) return '';
  return (row.count / row.seconds / (etcd.count / etcd.seconds)).toFixed(2);
}

/** A NATS server, where there is one, stands before the three nodes. */
const nodeCores = (cores: readonly number[]): readonly number[] => cores.slice(-3);

function watchingTable(watching: readonly Watching[]): string {
  if (watching.length === 0) return '';
  const rate = (count = 0, seconds = 0): string => (seconds === 0 ? '' : inShort(count / seconds));
  const lines = watching.map(({ system, watch, stalled, leases }) => [
    system,
    rate(watch?.events, watch?.seconds),
    rate(watch?.puts, watch?.put_seconds),
    ...[stalled?.without, stalled?.with].map((each) => (each === undefined ? '' : inShort(each))),
    leases === undefined ? '' : nodeCores(leases.cores).map(inShort).join(' '),
    leases === undefined ? '' : inShort(leases.cores.reduce((sum, each) => sum + each, 0)),
  ]);
  const head = ['watches and leases', 'events a second', 'puts meanwhile', 'puts, no watcher', 'one that never reads'];
  const whole = table([...head, 'leases: cores of each node', 'with the NATS server'], 1, lines);
  return `${whole}\n\n${watchingMeanings}.`;
}

function electionTable(elections: readonly Elections[]): string {
  if (elections.length === 0) return '';
  const lines = elections.map(({ system, took_ms }) => [
    system,
    String(took_ms.length),
    inShort(Math.min(...took_ms)),
    inShort(median(took_ms)),
    inShort(Math.max(...took_ms)),
  ]);
  return table(
    ['leader killed, to the first acknowledged write', 'times', 'least ms', 'median ms', 'most ms'],
    1,
    lines,
  );
}

function bigTable(big: readonly Big[]): string {
  if (big.length === 0) return '';
  const lines = big.map((each) => [
    `${each.system}, ${inShort(each.keys)} keys`,
    each.filled_seconds.toFixed(0),
    each.loaded_MiB.map(inShort).join(' '),
    each.restart_ms.map(inShort).join(' '),
    inShort(each.restarted_MiB),
  ]);
  const head = ['', 'put in s', 'MiB of each node then', 'restarts, ms each', 'MiB of that node then'];
  return table(head, 1, lines);
}

/** The first `words` columns hold words, the others figures. */
function table(head: readonly string[], words: number, rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column < words ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** As many digits as mean something. */
function inShort(figure: number): string {
  return figure < 10 ? figure.toFixed(2) : Math.round(figure).toLocaleString('en');
}
