/**
 * The stream that carries a whole state, to a follower or into a backup file:
 *
 *   "QUORATE1" | length (4), head in MessagePack | chunks: length (4), crc32c (4), bytes
 *   0 (4) | SHA-256 of all before it
 *
 * The chunks' bytes, one after the other, are pairs: length of the key (4), length of the value (4), key, value.
 */
import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import { pack, unpack } from '../machines/language/codec.js';
import { limits } from '../machines/language/limits.js';
import { configurationFromRow, configurationToRow, indexOf, termOf } from '../machines/language/peer-rows.js';
import { count, id64, refuse, text, UnknownVersionError } from '../machines/language/rows.js';
import type { ClusterId, Revision, SnapshotMark } from '../machines/language/vocabulary.js';
import type { EnginePair, SnapshotSource } from './ports.js';

export const STREAM_MAGIC = Buffer.from('QUORATE1', 'latin1');
const STREAM_FORMAT = 1;
export const CHUNK_HEAD = 8;
export const PAIR_HEAD = 8;
export const DIGEST_BYTES = 32;

export interface SnapshotHead extends SnapshotMark {
  readonly cluster: ClusterId;
  readonly cluster_name: string;
  readonly revision: Revision;
}

function encodeSnapshotHead(head: SnapshotHead): Uint8Array {
  const { cluster, cluster_name, revision, index, term } = head;
  const configuration = configurationToRow(head.configuration);
  return pack({ format: STREAM_FORMAT, cluster, cluster_name, revision, index, term, configuration });
}

export function decodeSnapshotHead(bytes: Uint8Array): SnapshotHead {
  const value = unpack(bytes);
  if (typeof value !== 'object' || value === null) return refuse('snapshot head', 'a map', value);
  const fields = value as Record<string, unknown>;
  const format = count(fields['format'], 'snapshot head.format');
  if (format !== STREAM_FORMAT) throw new UnknownVersionError('snapshot', format, STREAM_FORMAT);
  return {
    cluster: id64(fields['cluster'], 'snapshot head.cluster') as ClusterId,
    cluster_name: text(fields['cluster_name'], 'snapshot head.cluster_name'),
    revision: count(fields['revision'], 'snapshot head.revision') as Revision,
    index: indexOf(fields['index'], 'snapshot head.index'),
    term: termOf(fields['term'], 'snapshot head.term'),
    configuration: configurationFromRow(fields['configuration']),
  };
}

/**
 * A stream of `pairs`, which must be the whole state at head's mark. Nothing is read before it is pulled. `size_bytes`
 * may be an estimate.
 */
export function snapshotSource(
  head: SnapshotHead,
  pairs: AsyncIterable<readonly EnginePair[]>,
  size_bytes = 0,
): SnapshotSource {
  const pieces = piecesOf(head, pairs);
  return {
    mark: { index: head.index, term: head.term, configuration: head.configuration },
    size_bytes,
    next: async () => {
      const { done, value } = await pieces.next();
      return done === true ? null : value;
    },
    close: async () => {
      await pieces.return(undefined);
    },
  };
}

async function* piecesOf(
  head: SnapshotHead,
  pairs: AsyncIterable<readonly EnginePair[]>,
): AsyncGenerator<Uint8Array, undefined> {
  const digest = createHash('sha256');
  const hashed = (piece: Buffer): Buffer => {
    digest.update(piece);
    return piece;
  };
  const encoded = encodeSnapshotHead(head);
  yield hashed(Buffer.concat([STREAM_MAGIC, uint32(encoded.length), encoded]));
  for await (const content of contentsOf(pairs)) {
    yield hashed(Buffer.concat([uint32(content.length), uint32(crc32c(content)), content]));
  }
  const end = hashed(uint32(0));
  yield Buffer.concat([end, digest.digest()]);
}

/** The pairs' bytes in chunks that are full but for the last one; a pair may lie in several. */
async function* contentsOf(pairs: AsyncIterable<readonly EnginePair[]>): AsyncGenerator<Buffer, void> {
  const full = limits.snapshot_chunk_bytes - CHUNK_HEAD;
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const page of pairs) {
    for (const [key, value] of page) {
      parts.push(uint32(key.length), uint32(value.length), key, value);
      bytes += PAIR_HEAD + key.length + value.length;
    }
    while (bytes >= full) {
      const whole = Buffer.concat(parts);
      yield whole.subarray(0, full);
      parts = [whole.subarray(full)];
      bytes = whole.length - full;
    }
  }
  if (bytes > 0) yield Buffer.concat(parts);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
