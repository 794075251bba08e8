/**
 * What was heard, kept within bounds, and the cluster as it was at any moment of it. Each member's frames lie in
 * chunks, each with the member as it was before, so that a moment is found by replaying a few frames.
 */
import type { InspectionFrame } from '../../../../machines/language/inspection.js';
import { afterFrame, type Member, unheard } from './member.js';

export interface Bounds {
  readonly frames: number;
  readonly bytes: number;
}
/** Ten minutes of three members, or half of that when they are busy. */
const usual_bounds: Bounds = { frames: 18_000, bytes: 96 * 1024 * 1024 };
const chunk_frames = 20;

interface Kept {
  readonly frame: InspectionFrame;
  readonly bytes: number;
}
interface Chunk {
  readonly before: Member;
  readonly kept: Kept[];
}
interface Reel {
  readonly chunks: Chunk[];
  now: Member;
  /** Number of its last frame. */
  last: number;
}

/** What of the telling did not arrive here, in counts. */
export interface Missing {
  /** Letters, snapshots and steps that the members left out because there were too many. */
  readonly untold: number;
  /** Frames that NATS or the server lost. */
  readonly lost: number;
  /** Frames that were not sent, since the page was too slow. */
  readonly skipped: number;
  /** Old frames that this page let go of. */
  readonly forgotten: number;
}

export interface Recording {
  /** `bytes`: how long its text was. */
  add(frame: InspectionFrame, bytes: number): void;
  skip(frames: number): void;
  /** Each member as it is now, by name. */
  now(): ReadonlyMap<string, Member>;
  /** Each member as it was then; those who had not been heard by then are missing. */
  at(at_ms: number): ReadonlyMap<string, Member>;
  /** Frames of a time, of all members, the newest first. */
  newestFirst(until_ms: number): Generator<InspectionFrame>;
  /** All frames, in the order of their times. */
  frames(): readonly InspectionFrame[];
  /** Between which times something is known. */
  readonly span: { readonly from_ms: number; readonly to_ms: number };
  readonly missing: Missing;
  readonly size: Bounds;
}

export function createRecording(bounds: Bounds = usual_bounds): Recording {
  const reels = new Map<string, Reel>();
  const definitions = new Map<string, string>();
  const missing = { untold: 0, lost: 0, skipped: 0, forgotten: 0 };
  const size = { frames: 0, bytes: 0 };
  let to_ms = 0;
  return {
    add(told, bytes) {
      const frame = withSharedDefinitions(told, definitions);
      const reel = reels.get(frame.member) ?? { chunks: [], now: unheard(frame.member), last: 0 };
      reels.set(frame.member, reel);
      missing.untold += frame.untold;
      missing.lost += lostBefore(frame, reel);
      keep(reel, { frame, bytes });
      size.frames += 1;
      size.bytes += bytes;
      to_ms = Math.max(to_ms, frame.at_ms);
      while (size.frames > bounds.frames || size.bytes > bounds.bytes) {
        const gone = letGo([...reels.values()]);
        if (gone.length === 0) break;
        missing.forgotten += gone.length;
        size.frames -= gone.length;
        size.bytes -= gone.reduce((sum, each) => sum + each.bytes, 0);
      }
    },
    skip: (frames) => void (missing.skipped += frames),
    now: () => new Map([...reels].map(([name, { now }]) => [name, now])),
    at: (at_ms) =>
      new Map(
        [...reels].flatMap(([name, reel]) => {
          const member = replay(reel, at_ms);
          return member === undefined ? [] : [[name, member] as const];
        }),
      ),
    newestFirst: (until_ms) => newestFirst([...reels.values()], until_ms),
    frames: () =>
      [...reels.values()]
        .flatMap(({ chunks }) => chunks.flatMap(({ kept }) => kept.map(({ frame }) => frame)))
        .sort((a, b) => a.at_ms - b.at_ms),
    get span() {
      const starts = [...reels.values()].map(startOf);
      return { from_ms: starts.length === 0 ? to_ms : Math.min(...starts), to_ms };
    },
    get missing() {
      return { ...missing };
    },
    get size() {
      return { ...size };
    },
  };
}

/** Frames of one life that should have come between the last one and this one. */
function lostBefore({ number, life }: InspectionFrame, { now, last }: Reel): number {
  // Number 0 is what was known before this page came, gathered; numbers after it may begin anywhere.
  return now.life === life && last > 0 && number > last + 1 ? number - last - 1 : 0;
}

function keep(reel: Reel, kept: Kept): void {
  let chunk = reel.chunks.at(-1);
  if (chunk === undefined || chunk.kept.length >= chunk_frames) {
    chunk = { before: reel.now, kept: [] };
    reel.chunks.push(chunk);
  }
  chunk.kept.push(kept);
  reel.now = afterFrame(reel.now, kept.frame);
  reel.last = kept.frame.number;
}

/** The oldest chunk of all; each member keeps its last one. */
function letGo(reels: readonly Reel[]): readonly Kept[] {
  const [oldest] = reels.filter(({ chunks }) => chunks.length > 1).sort((a, b) => startOf(a) - startOf(b));
  return oldest?.chunks.shift()?.kept ?? [];
}

function* newestFirst(reels: readonly Reel[], until_ms: number): Generator<InspectionFrame> {
  const cursors = reels.map(backwards);
  const heads = cursors.map((cursor) => nextUntil(cursor, until_ms));
  for (;;) {
    let best = -1;
    heads.forEach((head, i) => {
      if (head !== undefined && head.at_ms > (heads[best]?.at_ms ?? -1)) best = i;
    });
    const [frame, cursor] = [heads[best], cursors[best]];
    if (frame === undefined || cursor === undefined) return;
    yield frame;
    heads[best] = nextUntil(cursor, Infinity);
  }
}

const startOf = ({ chunks }: Reel): number => chunks[0]?.kept[0]?.frame.at_ms ?? Infinity;

function replay({ chunks, now }: Reel, at_ms: number): Member | undefined {
  if (now.at_ms <= at_ms) return now;
  const chunk = chunks.findLast(({ kept }) => (kept[0]?.frame.at_ms ?? Infinity) <= at_ms) ?? chunks[0];
  if (chunk === undefined) return undefined;
  let member = chunk.before;
  for (const { frame } of framesAfter(chunks, chunk)) {
    // Of the frame that tells of a later moment, too, what had happened by then.
    member = afterFrame(member, frame, at_ms);
    if (frame.at_ms > at_ms) break;
  }
  return member.life === '' || member.actors.size + (member.standing === null ? 0 : 1) === 0 ? undefined : member;
}

function* framesAfter(chunks: readonly Chunk[], from: Chunk): Generator<Kept> {
  for (const chunk of chunks.slice(chunks.indexOf(from))) yield* chunk.kept;
}

function* backwards({ chunks }: Reel): Generator<InspectionFrame, undefined> {
  for (let i = chunks.length - 1; i >= 0; i--) {
    const kept = chunks[i]?.kept ?? [];
    for (let j = kept.length - 1; j >= 0; j--) {
      const frame = kept[j]?.frame;
      if (frame !== undefined) yield frame;
    }
  }
}

/** The next frame that begins no later. A frame tells of about the 100 ms before its time. */
function nextUntil(cursor: Generator<InspectionFrame, undefined>, until_ms: number): InspectionFrame | undefined {
  for (;;) {
    const next = cursor.next();
    if (next.done === true) return undefined;
    const frame: InspectionFrame = next.value;
    if (Number(frame.events[0]?.createdAt ?? frame.at_ms) <= until_ms) return frame;
  }
}

/** Many actors run the same chart; its text is kept once. */
function withSharedDefinitions(frame: InspectionFrame, known: Map<string, string>): InspectionFrame {
  if (!frame.events.some((told) => told.type === '@xstate.actor')) return frame;
  const events = frame.events.map((told) => {
    if (told.type !== '@xstate.actor' || told.definition === undefined) return told;
    const shared = known.get(told.definition) ?? told.definition;
    known.set(shared, shared);
    return { ...told, definition: shared };
  });
  return { ...frame, events };
}
