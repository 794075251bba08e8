/** `npm run draw`: puts what the code says of itself, the raft chart and the flags, between marks in the documents. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { raftMachine } from '../machines/raft/raft.machine.js';
import { drawCharts, mermaid } from './charts.js';
import { clientLimits, nodeLimits } from './limits-table.js';
import { metricTable } from './metrics/table.js';
import { serveOptions } from './node-options.js';

interface Drawing {
  readonly mark: string;
  readonly documents: readonly string[];
  readonly draw: () => string;
}

const drawings: readonly Drawing[] = [
  {
    mark: 'raft chart',
    documents: ['README.md', 'docs/architecture.md'],
    draw: () => mermaid(raftMachine.root),
  },
  { mark: 'machines', documents: ['docs/diagrams.md'], draw: drawCharts },
  { mark: 'flags', documents: ['docs/running.md'], draw: flagTable },
  { mark: 'metrics', documents: ['docs/metrics.md'], draw: metricTable },
  { mark: 'limits', documents: ['docs/LIMITS.md'], draw: nodeLimits },
  { mark: 'client limits', documents: ['docs/LIMITS.md'], draw: clientLimits },
];

/** Every document that holds a drawing, with its text as it is and as it should be. */
export function drawDocuments(): readonly {
  readonly document: string;
  readonly is: string;
  readonly shouldBe: string;
}[] {
  const documents = [...new Set(drawings.flatMap((drawing) => drawing.documents))];
  return documents.map((document) => {
    const is = readFileSync(pathOf(document), 'utf8');
    const own = drawings.filter((drawing) => drawing.documents.includes(document));
    return { document, is, shouldBe: own.reduce((text, drawing) => withDrawing(text, drawing, document), is) };
  });
}

function withDrawing(text: string, { mark, draw }: Drawing, document: string): string {
  const begin = `<!-- ${mark}: drawn by npm run draw -->`;
  const end = `<!-- end of ${mark} -->`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${document}: the marks ${begin} and ${end} are missing`);
  return `${text.slice(0, from + begin.length)}\n\n${draw()}\n\n${text.slice(to)}`;
}

function flagTable(): string {
  const rows = Object.entries(serveOptions).map(([flag, option]) => {
    const preset = 'preset' in option ? `\`${String(option.preset)}\`` : '';
    return `| \`--${flag}\` | ${option.says} | ${option.kind.takes} | ${preset} |`;
  });
  return ['| flag | what it sets | takes | default |', '|---|---|---|---|', ...rows].join('\n');
}

const pathOf = (document: string): string => fileURLToPath(new URL(`../../${document}`, import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { document, shouldBe } of drawDocuments()) writeFileSync(pathOf(document), shouldBe);
}
