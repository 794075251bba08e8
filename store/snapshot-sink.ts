/** Takes a snapshot's stream apart, piece by piece, and trusts none of it before it has all been checked. */
import { createHash, type Hash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import { limits } from '../machines/language/limits.js';
import { DecodeError } from '../machines/language/rows.js';
import { DamagedError, type EnginePair } from './ports.js';
import {
  CHUNK_HEAD,
  decodeSnapshotHead,
  DIGEST_BYTES,
  PAIR_HEAD,
  type SnapshotHead,
  STREAM_MAGIC,
} from './snapshot-stream.js';

/** What the next bytes are: each state takes what it needs from them, or waits for more. */
type Awaiting = 'head' | 'chunk' | 'digest' | 'nothing';

const HEAD_MAX = 1024 * 1024;

export class StreamReader {
  head: SnapshotHead | null = null;
  #awaiting: Awaiting = 'head';
  #received = Buffer.alloc(0);
  /** Bytes of pairs that are not whole yet. */
  #content: Buffer[] = [];
  #contentBytes = 0;
  /** What the bytes gathered must reach before they are looked at again. */
  #wanted = PAIR_HEAD;
  #chunks = 0;
  readonly #digest: Hash = createHash('sha256');

  get finished(): boolean {
    return this.#awaiting === 'nothing';
  }

  /** The pairs that became whole with this piece. Throws DamagedError; the reader is of no use then. */
  add(piece: Uint8Array): EnginePair[] {
    this.#received = Buffer.concat([this.#received, piece]);
    const pairs: EnginePair[] = [];
    while (this.#takeNext(pairs));
    return pairs;
  }

  /** True when something was taken, so that there may be more to take. */
  #takeNext(pairs: EnginePair[]): boolean {
    switch (this.#awaiting) {
      case 'head':
        return this.#takeHead();
      case 'chunk':
        return this.#takeChunk(pairs);
      case 'digest':
        return this.#takeDigest();
      case 'nothing':
        if (this.#received.length > 0)
          throw new DamagedError(`snapshot: ${this.#received.length} bytes follow its end`);
        return false;
    }
  }

  #takeHead(): boolean {
    const begin = this.#received.subarray(0, STREAM_MAGIC.length);
    if (!STREAM_MAGIC.subarray(0, begin.length).equals(begin)) {
      throw new DamagedError('snapshot: it does not begin with QUORATE1');
    }
    const bodyAt = STREAM_MAGIC.length + 4;
    if (this.#received.length < bodyAt) return false;
    const length = this.#received.readUInt32BE(STREAM_MAGIC.length);
    if (length > HEAD_MAX) throw new DamagedError(`snapshot: its head says that it is ${length} bytes long`);
    if (this.#received.length < bodyAt + length) return false;
    this.head = readHead(this.#received.subarray(bodyAt, bodyAt + length));
    this.#take(bodyAt + length);
    this.#awaiting = 'chunk';
    return true;
  }

  #takeChunk(pairs: EnginePair[]): boolean {
    if (this.#received.length < 4) return false;
    const length = this.#received.readUInt32BE(0);
    if (length === 0) {
      if (this.#contentBytes > 0) throw new DamagedError('snapshot: it ends inside a pair');
      this.#take(4);
      this.#awaiting = 'digest';
      return true;
    }
    if (length > limits.snapshot_chunk_bytes)
      throw new DamagedError(`snapshot: a chunk says that it has ${length} bytes`);
    if (this.#received.length < CHUNK_HEAD + length) return false;
    this.#chunks++;
    const content = this.#received.subarray(CHUNK_HEAD, CHUNK_HEAD + length);
    if (crc32c(content) !== this.#received.readUInt32BE(4)) {
      throw new DamagedError(`snapshot: chunk ${this.#chunks} is not what its checksum says`);
    }
    this.#content.push(content);
    this.#contentBytes += length;
    this.#take(CHUNK_HEAD + length);
    this.#takePairs(pairs);
    return true;
  }

  #takePairs(pairs: EnginePair[]): void {
    if (this.#contentBytes < this.#wanted) return;
    const content = Buffer.concat(this.#content);
    let at = 0;
    this.#wanted = PAIR_HEAD;
    while (at + PAIR_HEAD <= content.length) {
      const [key, value] = [content.readUInt32BE(at), content.readUInt32BE(at + 4)];
      const end = at + PAIR_HEAD + key + value;
      this.#wanted = end - at;
      if (end > content.length) break;
      const keyEnd = at + PAIR_HEAD + key;
      pairs.push([plain(content.subarray(at + PAIR_HEAD, keyEnd)), plain(content.subarray(keyEnd, end))]);
      this.#wanted = PAIR_HEAD;
      at = end;
    }
    this.#content = [content.subarray(at)];
    this.#contentBytes = content.length - at;
  }

  #takeDigest(): boolean {
    if (this.#received.length < DIGEST_BYTES) return false;
    const given = this.#received.subarray(0, DIGEST_BYTES);
    if (!this.#digest.digest().equals(given)) throw new DamagedError('snapshot: it is not what its SHA-256 says');
    this.#received = this.#received.subarray(DIGEST_BYTES);
    this.#awaiting = 'nothing';
    return true;
  }

  #take(length: number): void {
    this.#digest.update(this.#received.subarray(0, length));
    this.#received = this.#received.subarray(length);
  }
}

const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

function readHead(bytes: Uint8Array): SnapshotHead {
  try {
    return decodeSnapshotHead(bytes);
  } catch (error) {
    if (error instanceof DecodeError) throw new DamagedError(`snapshot: ${error.message}`, { cause: error });
    throw error;
  }
}
