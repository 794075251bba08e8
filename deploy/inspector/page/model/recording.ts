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
export const usual_bounds: Bounds = { frames: 18_000, bytes: 96 * 1024 * 1024 };
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
  let [untold, lost, skipped, forgotten] = [0, 0, 0, 0];
  let size: Bounds = { frames: 0, bytes: 0 };
  let to_ms = 0;
  const lastNumbers = new Map<string, number>();

  const count = (frame: InspectionFrame): void => {
    untold += frame.untold;
    const of = `${frame.member} ${frame.life}`;
    const last = lastNumbers.get(of);
    if (last !== undefined && frame.number > last + 1) lost += frame.number - last - 1;
    lastNumbers.set(of, frame.number);
  };
  const letGo = (): void => {
    while (size.frames > bounds.frames || size.bytes > bounds.bytes) {
      const [oldest] = [...reels.values()]
        .filter(({ chunks }) => chunks.length > 1)
        .sort((a, b) => startOf(a) - startOf(b));
      const chunk = oldest?.chunks.shift();
      if (chunk === undefined) return;
      forgotten += chunk.kept.length;
      const bytes = chunk.kept.reduce((sum, each) => sum + each.bytes, 0);
      size = { frames: size.frames - chunk.kept.length, bytes: size.bytes - bytes };
    }
  };

  return {
    add(told, bytes) {
      const frame = withSharedDefinitions(told, definitions);
      count(frame);
      const reel = reels.get(frame.member) ?? { chunks: [], now: unheard(frame.member) };
      reels.set(frame.member, reel);
      let chunk = reel.chunks.at(-1);
      if (chunk === undefined || chunk.kept.length >= chunk_frames) {
        chunk = { before: reel.now, kept: [] };
        reel.chunks.push(chunk);
      }
      chunk.kept.push({ frame, bytes });
      reel.now = afterFrame(reel.now, frame);
      size = { frames: size.frames + 1, bytes: size.bytes + bytes };
      to_ms = Math.max(to_ms, frame.at_ms);
      letGo();
    },
    skip: (frames) => void (skipped += frames),
    now: () => new Map([...reels].map(([name, { now }]) => [name, now])),
    at: (at_ms) =>
      new Map(
        [...reels].flatMap(([name, reel]) => {
          const member = replay(reel, at_ms);
          return member === undefined ? [] : [[name, member] as const];
        }),
      ),
    *newestFirst(until_ms) {
      const cursors = [...reels.values()].map((reel) => backwards(reel));
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
    },
    frames: () =>
      [...reels.values()]
        .flatMap(({ chunks }) => chunks.flatMap(({ kept }) => kept.map(({ frame }) => frame)))
        .sort((a, b) => a.at_ms - b.at_ms),
    get span() {
      const starts = [...reels.values()].map(startOf);
      return { from_ms: starts.length === 0 ? to_ms : Math.min(...starts), to_ms };
    },
    get missing() {
      return { untold, lost, skipped, forgotten };
    },
    get size() {
      return size;
    },
  };
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

function* backwards({ chunks }: Reel): Generator<InspectionFrame> {
  for (let i = chunks.length - 1; i >= 0; i--) {
    const kept = chunks[i]?.kept ?? [];
    for (let j = kept.length - 1; j >= 0; j--) {
      const frame = kept[j]?.frame;
      if (frame !== undefined) yield frame;
    }
  }
}

/** The next frame that begins no later. A frame tells of about the 100 ms before its time. */
function nextUntil(cursor: Generator<InspectionFrame>, until_ms: number): InspectionFrame | undefined {
  for (;;) {
    const { value, done } = cursor.next();
    if (done === true) return undefined;
    const begins_ms = Number(value.events[0]?.createdAt ?? value.at_ms);
    if (begins_ms <= until_ms) return value;
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
