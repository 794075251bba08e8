/** Entries, marks and a log on a small scale, for the tests of the raft log. */
import { fromText } from '../../machines/language/bytes.js';
import { type Entry, index, memberId, type SnapshotMark, term } from '../../machines/language/vocabulary.js';
import type { Disk } from '../../store/ports.js';
import type { LogOptions } from '../../store/log-options.js';
import { RaftLog } from '../../store/raft-log.js';

export const small: LogOptions = { segment_bytes: 1_000, allocation_bytes: 512 };

export const members = [
  { id: memberId(0x1111n), name: 'n1' },
  { id: memberId(0xffff_ffff_ffff_fff2n), name: 'n2' },
  { id: memberId(0x3333n), name: 'n3' },
];
export const configuration = { voters: members, learners: [] };

export const entry = (i: number, t: number, data = `entry ${i} of term ${t}`): Entry => ({
  index: index(i),
  term: term(t),
  kind: 'command',
  data: fromText(data),
});

export const entries = (from: number, to: number, t: number): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, t));

export const hardState = (t: number, commit = 0) => ({
  term: term(t),
  vote: members[1]?.id ?? null,
  commit: index(commit),
});

export const mark = (i: number, t: number): SnapshotMark => ({ index: index(i), term: term(t), configuration });

/** index@term of every entry held. */
export const held = (log: RaftLog): string =>
  log
    .slice(index(log.start.index + 1), log.last, Number.MAX_SAFE_INTEGER)
    .map((one) => `${one.index}@${one.term}`)
    .join(' ');

export async function openLog(disk: Disk, options = small) {
  const log = new RaftLog(disk, options);
  const state = await log.open();
  return { log, state };
}
