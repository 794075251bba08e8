/** How a node stands, in a line; and its log. */
import { lastIndex } from '../../machines/raft/tail.js';
import type { Node } from './cluster.js';
import { entryWords, mark } from './words.js';

export const stateName = (value: string | object): string =>
  typeof value === 'string' ? value : Object.entries(value).join().replace(',', '.');

export function statusWords({ id, actor }: Node): string {
  if (actor === null) return `${id} is down`;
  const { value, context } = actor.getSnapshot();
  const { hardState, leader, handed, durable } = context;
  const ends = `last ${lastIndex(context)} durable ${durable} commit ${hardState.commit} handed ${handed}`;
  const rows = [...context.progress].map(([to, row]) => `\n  ${to} ${row.phase} match ${row.match} next ${row.next}`);
  return `${id} ${stateName(value)} t${hardState.term} leader ${leader ?? '-'} ${ends}${rows.join('')}`;
}

export function logWords({ id, log }: Node): string {
  return [`${id} log from ${mark(log.start)}`, ...log.all.map((entry) => `  ${entryWords(entry)}`)].join('\n');
}
