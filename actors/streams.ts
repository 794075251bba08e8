/** The streams of its own state that a member offers, one for each follower that the log can no longer serve. */
import type { MemberId } from '../machines/language/vocabulary.js';
import type { SnapshotSource } from '../store/ports.js';

/** Pulled piece by piece, in order; the last piece is kept for a question asked again. */
interface Stream {
  readonly to: MemberId;
  readonly source: SnapshotSource;
  number: number;
  piece: Promise<Uint8Array | null>;
  used_ms: number;
}

export type Streams = Map<string, Stream>;

export function openStream(streams: Streams, id: string, to: MemberId, source: SnapshotSource, now_ms: number): void {
  streams.set(id, { to, source, number: -1, piece: Promise.resolve(null), used_ms: now_ms });
}

/** The piece asked for: the next one or the last one again; null for anything else. */
export function nextPiece(
  streams: Streams,
  asked: { readonly from: MemberId; readonly id: string; readonly number: number },
  now_ms: number,
): Promise<Uint8Array | null> {
  const stream = streams.get(asked.id);
  if (stream?.to !== asked.from) return Promise.resolve(null);
  if (asked.number === stream.number + 1) {
    stream.number = asked.number;
    stream.piece = stream.source.next();
  } else if (asked.number !== stream.number) return Promise.resolve(null);
  stream.used_ms = now_ms;
  return stream.piece;
}

/** Closes the streams that match, and says for whom they were. */
export async function closeStreams(
  streams: Streams,
  which: (stream: { readonly to: MemberId; readonly used_ms: number }) => boolean,
): Promise<void> {
  const closing = [...streams].filter(([, stream]) => which(stream));
  for (const [id] of closing) streams.delete(id);
  await Promise.all(closing.map(([, { source }]) => source.close()));
}
