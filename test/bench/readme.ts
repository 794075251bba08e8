/** `npm run bench -- --write`: the results between the bench marks of the README. */
import { readFileSync, writeFileSync } from 'node:fs';

const begin = '<!-- bench: written by npm run bench -- --write -->';
const end = '<!-- end of bench -->';

export function writeIntoReadme(path: string, results: string): void {
  const text = readFileSync(path, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path}: the marks ${begin} and ${end} are missing`);
  writeFileSync(path, `${text.slice(0, from + begin.length)}\n\n${results.trimEnd()}\n\n${text.slice(to)}`);
}
