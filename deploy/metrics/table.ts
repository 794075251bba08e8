/** The metrics as a table for docs/metrics.md. */
import { metricRows } from './exposition.js';

export function metricTable(): string {
  const rows = metricRows.map(({ name, type, labels, says }) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${shown} | ${says} |`;
  });
  return ['| name | type | labels | what it says |', '|---|---|---|---|', ...rows].join('\n');
}
