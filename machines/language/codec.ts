/**
 * The canonical bytes of entries, commands, configurations and peer messages: MessagePack, read by unpack.ts.
 */
import { Encoder } from '@msgpack/msgpack';
import { EMPTY } from './bytes.js';
import { commandFromRow, commandToRow } from './command-rows.js';
import type { Command } from './commands.js';
import { invariant } from './invariant.js';
import { configurationFromRow, configurationToRow, messageFromRow, messageToRow } from './peer-rows.js';
import { count, DecodeError, list, row, UnknownVersionError } from './rows.js';
import { MalformedError, unpack as unpackValue } from './unpack.js';
import type { Configuration, Entry, Index, PeerMessage, Term } from './vocabulary.js';

export { DecodeError, UnknownVersionError } from './rows.js';

const PEER_VERSION = 1;

/**
 * Depth: a transaction nests three arrays a level (limits.txn_depth_max). Ids of 64 bits are bigint, or they are
 * rounded.
 */
const encoder = new Encoder({ useBigInt64: true, maxDepth: 256 });

/** Small arrays are carved from one slab: an ArrayBuffer each would cost more than filling it. */
const SLAB = 32 * 1024;
let slab = new Uint8Array(SLAB);
let slabUsed = 0;

function carve(length: number): Uint8Array {
  if (length > SLAB / 8) return new Uint8Array(length);
  if (slabUsed + length > SLAB) {
    slab = new Uint8Array(SLAB);
    slabUsed = 0;
  }
  const piece = slab.subarray(slabUsed, slabUsed + length);
  slabUsed += length;
  return piece;
}

/**
 * MessagePack: Uint8Array as bin, bigint as 64 bits, number as short as it goes. A fresh array that the caller owns.
 */
export function pack(value: unknown): Uint8Array {
  const shared = encoder.encodeSharedRef(value);
  const own = carve(shared.length);
  own.set(shared);
  return own;
}

/**
 * The one value that `bytes` hold, shape unchecked (rows.ts checks it); DecodeError when they hold none, or more. Byte
 * strings in it are views of `bytes`.
 */
export function unpack(bytes: Uint8Array): unknown {
  try {
    return unpackValue(plain(bytes), 'bigint');
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new DecodeError(`not MessagePack: ${error.message}`, { cause: error });
  }
}

/** A Buffer would make every view of it a Buffer, with another slice() and another prototype. */
const plain = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * ---- commands -----------------------------------------------------------------------------------------------------
 */

/** What this node encoded and has not decoded yet: the node that proposed a command need not decode it to apply it. */
const encoded = new WeakMap<Uint8Array, Command>();

/** Canonical: equal commands are equal bytes. The command must not be changed afterwards. */
export function encodeCommand(command: Command): Uint8Array {
  const bytes = pack(commandToRow(command));
  encoded.set(bytes, command);
  return bytes;
}

/**
 * Keys and values are views of `bytes`: whoever keeps one longer than the entry copies it. The first call with the very
 * bytes that encodeCommand returned gives back the command itself, and then forgets it, so that a retained log does not
 * keep every command alive twice.
 */
export function decodeCommand(bytes: Uint8Array): Command {
  const known = encoded.get(bytes);
  if (known === undefined) return commandFromRow(unpack(bytes));
  encoded.delete(bytes);
  return known;
}

/**
 * ---- configurations -----------------------------------------------------------------------------------------------
 */

export const encodeConfiguration = (configuration: Configuration): Uint8Array =>
  pack(configurationToRow(configuration));

export const decodeConfiguration = (bytes: Uint8Array): Configuration => configurationFromRow(unpack(bytes));

/**
 * ---- entries ------------------------------------------------------------------------------------------------------
 */

/**
 * An entry is a MessagePack array with every field at its place, so that the hot path neither encodes nor decodes:
 *
 *   94 | kind | cf index(8) | cf term(8) | c6 length(4) data(length)
 *    0     1     2             11            20           25
 */
const ENTRY_HEAD = 25;
const entryKinds = ['empty', 'command', 'configuration'] as const;
const TWO_32 = 0x1_0000_0000;

/**
 * An entry carries its encoding under a hidden symbol: copies and comparisons do not see it. (A WeakMap of the
 * thousands of entries that a log holds costs five times as much, most of it at each garbage collection.)
 */
const ENCODING = Symbol('encoding');

function remember(entry: Entry, bytes: Uint8Array): void {
  if (Object.isExtensible(entry)) Object.defineProperty(entry, ENCODING, { value: bytes });
}

/** Remembered for as long as the entry lives: one encoding serves the log record and every append frame. */
export function encodeEntry(entry: Entry): Uint8Array {
  const known = (entry as { readonly [ENCODING]?: Uint8Array })[ENCODING];
  if (known !== undefined) return known;
  const data = dataOf(entry);
  const bytes = carve(ENTRY_HEAD + data.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  bytes[0] = 0x94;
  bytes[1] = entryKinds.indexOf(entry.kind);
  putNumber(view, 2, entry.index);
  putNumber(view, 11, entry.term);
  bytes[20] = 0xc6;
  view.setUint32(21, data.length);
  bytes.set(data, ENTRY_HEAD);
  remember(entry, bytes);
  return bytes;
}

/**
 * The entry's data is a view of `bytes`, and `bytes` are remembered as its encoding: both live as long as the entry
 * does. A caller whose `bytes` lie in a much larger buffer copies them first; a frame of entries or a log record is
 * fine.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  const whole = plain(bytes);
  if (whole.length < ENTRY_HEAD)
    throw new DecodeError(`entry: expected at least ${ENTRY_HEAD} bytes, got ${whole.length}`);
  const view = new DataView(whole.buffer, whole.byteOffset, whole.length);
  if (whole[0] !== 0x94 || whole[2] !== 0xcf || whole[11] !== 0xcf || whole[20] !== 0xc6) {
    throw new DecodeError('entry: its head is not that of an entry');
  }
  if (view.getUint32(21) !== whole.length - ENTRY_HEAD) {
    throw new DecodeError(`entry: says ${view.getUint32(21)} bytes of data, has ${whole.length - ENTRY_HEAD}`);
  }
  const entry = entryOf(
    whole[1] as number,
    takeNumber(view, 2, 'entry.index') as Index,
    takeNumber(view, 11, 'entry.term') as Term,
    whole.subarray(ENTRY_HEAD),
  );
  remember(entry, whole);
  return entry;
}

function dataOf(entry: Entry): Uint8Array {
  if (entry.kind === 'command') return entry.data;
  return entry.kind === 'configuration' ? encodeConfiguration(entry.configuration) : EMPTY;
}

function entryOf(number: number, index: Index, term: Term, data: Uint8Array): Entry {
  const kind = entryKinds[number];
  if (kind === undefined) throw new UnknownVersionError('entry kind', number, entryKinds.length - 1);
  if (index === 0 || term === 0) throw new DecodeError(`entry: index ${index} and term ${term} must both be above 0`);
  if (kind === 'command') return { index, term, kind, data };
  if (kind === 'configuration') return { index, term, kind, configuration: decodeConfiguration(data) };
  if (data.length > 0) throw new DecodeError(`entry: an empty one carries ${data.length} bytes`);
  return { index, term, kind };
}

function putNumber(view: DataView, at: number, value: number): void {
  invariant(Number.isSafeInteger(value) && value > 0, 'an index or term is a positive whole number', { value });
  view.setUint8(at, 0xcf);
  view.setUint32(at + 1, Math.floor(value / TWO_32));
  view.setUint32(at + 5, value % TWO_32);
}

function takeNumber(view: DataView, at: number, what: string): number {
  return count(view.getUint32(at + 1) * TWO_32 + view.getUint32(at + 5), what);
}

/**
 * ---- peer messages ------------------------------------------------------------------------------------------------
 */

/** The payload of one frame. */
export function encodePeerMessages(messages: readonly PeerMessage[]): Uint8Array {
  return pack([PEER_VERSION, messages.map((message) => messageToRow(message, encodeEntry))]);
}

/** Entries are views of `bytes` and keep them alive. */
export function decodePeerMessages(bytes: Uint8Array): PeerMessage[] {
  const values = list(unpack(bytes), 'peer frame');
  const version = count(values[0], 'peer frame.version');
  if (version !== PEER_VERSION) throw new UnknownVersionError('peer frame', version, PEER_VERSION);
  return list(row(values, 2, 'peer frame')[1], 'peer frame.messages').map((message) =>
    messageFromRow(message, decodeEntry),
  );
}
