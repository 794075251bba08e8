/**
 * A file on the simulated disk: what a reader sees now, what would survive a power loss, and the changes in between.
 */
import type { Chance } from './chance.js';

export type Change =
  | { readonly type: 'write'; readonly bytes: Uint8Array; readonly at: number }
  | { readonly type: 'resize'; readonly size: number };

/** Bytes of a file; zeros beyond what was written are not stored. */
interface Content {
  size: number;
  bytes: Uint8Array;
}

export interface Inode {
  readonly now: Content;
  /** What is on the platter for certain. */
  readonly kept: Content;
  /** Handed over, in order, and not covered by a sync. */
  unsynced: Change[];
  /** How many changes have left `unsynced` so far: numbers a change for as long as the file exists. */
  settled: number;
}

export const createInode = (): Inode => ({
  now: { size: 0, bytes: new Uint8Array(0) },
  kept: { size: 0, bytes: new Uint8Array(0) },
  unsynced: [],
  settled: 0,
});

export function handOver(inode: Inode, change: Change): void {
  apply(inode.now, change);
  inode.unsynced.push(change);
}

/** Numbers the last change handed over so far. */
export const mark = (inode: Inode): number => inode.settled + inode.unsynced.length;

/** All changes up to a mark are durable from now on. Gives their number. */
export function keep(inode: Inode, upTo: number): number {
  const covered = forget(inode, upTo);
  for (const change of covered) apply(inode.kept, change);
  return covered.length;
}

/** A sync failed: the pages look clean, yet nothing says that they ever reached the platter. */
export function forget(inode: Inode, upTo: number): readonly Change[] {
  const covered = inode.unsynced.splice(0, Math.max(0, upTo - inode.settled));
  inode.settled += covered.length;
  return covered;
}

/** The power fails: any subset of the unsynced changes survives, one of them perhaps in part. */
export function losePower(inode: Inode, chance: Chance): void {
  const odds = chance.pick([0, 0.5, 0.5, 0.9, 1]);
  for (const change of forget(inode, mark(inode))) {
    if (chance.happens(odds)) apply(inode.kept, change);
    else if (change.type === 'write' && chance.happens(0.3)) apply(inode.kept, torn(change, chance));
  }
  inode.now.size = inode.kept.size;
  inode.now.bytes = inode.kept.bytes.slice();
}

/** A part of a write: its beginning, its end, or some of its 512-byte sectors. */
export function torn(change: Change, chance: Chance): Change {
  if (change.type !== 'write' || change.bytes.length < 2) return change;
  const cut = chance.below(1, change.bytes.length);
  return chance.happens(0.7)
    ? { type: 'write', at: change.at, bytes: change.bytes.subarray(0, cut) }
    : { type: 'write', at: change.at + cut, bytes: change.bytes.subarray(cut) };
}

export function contentOf(inode: Inode): Uint8Array {
  const whole = new Uint8Array(inode.now.size);
  whole.set(inode.now.bytes.subarray(0, Math.min(inode.now.size, inode.now.bytes.length)));
  return whole;
}

function apply(content: Content, change: Change): void {
  if (change.type === 'resize') {
    if (change.size < content.bytes.length) content.bytes = content.bytes.slice(0, change.size);
    content.size = change.size;
    return;
  }
  const end = change.at + change.bytes.length;
  if (end > content.bytes.length) {
    const grown = new Uint8Array(Math.max(end, Math.min(2 * content.bytes.length, 1 << 22)));
    grown.set(content.bytes);
    content.bytes = grown;
  }
  content.bytes.set(change.bytes, change.at);
  content.size = Math.max(content.size, end);
}
