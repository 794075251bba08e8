/** Tables of ASCII lines as etcdctl draws them: titles in the middle, values to the right. */
import Table from 'cli-table3';
import type { MakePrinter } from './printer.js';
import { unsupported } from './printer.js';
import { hashRows, healthRows, memberRows, statusRows } from './rows.js';
import type { Rows } from './rows.js';

export const tablePrinter: MakePrinter = (terminal) => {
  const print = (rows: Rows): void => terminal.out(`${drawTable(rows)}\n`);
  const refuse = unsupported('table');
  return {
    get: refuse,
    put: refuse,
    delete: refuse,
    txn: refuse,
    leaseGrant: refuse,
    leaseRevoke: refuse,
    leaseKeepAlive: refuse,
    leaseTimeToLive: refuse,
    leases: refuse,
    watch: refuse,
    memberList: (response) => print(memberRows(response)),
    endpointHealth: (list) => print(healthRows(list)),
    endpointStatus: (list) => print(statusRows(list)),
    endpointHashKv: (list) => print(hashRows(list)),
  };
};

/** etcdctl breaks longer texts between words. */
const cellWidth = 30;

const corner = '+';
const lines = { top: '-', bottom: '-', mid: '-', left: '|', right: '|', middle: '|' };
const corners = {
  'top-mid': corner,
  'top-left': corner,
  'top-right': corner,
  'bottom-mid': corner,
  'bottom-left': corner,
  'bottom-right': corner,
  'left-mid': corner,
  'mid-mid': corner,
  'right-mid': corner,
};

export function drawTable({ titles, rows }: Rows): string {
  const table = new Table({
    chars: { ...lines, ...corners },
    style: { head: [], border: [], compact: true },
    head: titles.map((content) => ({ content, hAlign: 'center' })) as unknown as string[],
    colAligns: titles.map(() => 'right'),
  });
  table.push(...rows.map((row) => row.map(breakText)));
  return table.toString();
}

function breakText(text: string): string {
  const broken: string[] = [];
  for (const word of text.split(' ')) {
    const line = broken.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= cellWidth) broken[broken.length - 1] = `${line} ${word}`;
    else broken.push(word);
  }
  return broken.join('\n');
}
