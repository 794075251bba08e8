/** Columns made with tabs, as Go's tabwriter does: a cell ends at a tab, a column is as wide as its widest cell. */

const tabWidth = 8;

/** Lines of at most one tab; neighbours that have one share a column. */
export function alignTabs(lines: readonly string[]): string[] {
  const aligned: string[] = [];
  for (let from = 0; from < lines.length;) {
    let to = from + 1;
    const tabbed = (line: string | undefined): boolean => line?.includes('\t') ?? false;
    if (tabbed(lines[from])) while (tabbed(lines[to])) to++;
    aligned.push(...alignBlock(lines.slice(from, to)));
    from = to;
  }
  return aligned;
}

function alignBlock(lines: readonly string[]): string[] {
  const split = lines.map((line) => line.split('\t'));
  const widest = Math.max(...split.map(([first = '']) => first.length)) + 1;
  const width = Math.ceil(widest / tabWidth) * tabWidth;
  return split.map(([first = '', second]) =>
    second === undefined ? first : first + '\t'.repeat(Math.ceil((width - first.length) / tabWidth)) + second,
  );
}
