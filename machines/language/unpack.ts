/**
 * MessagePack as the house reads it: 64-bit integers exact, bytes as views of the message, bounded depth and sizes. Its
 * own because every message passes through it, a general reader costs several times as much, and one that believes the
 * length of an array can be made to fill the memory by a few bytes.
 */

export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[] | Fields;
export interface Fields {
  readonly [name: string]: Value;
}

/** Why bytes are not a message; whoever asked makes an error of its own kind of it. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

const DEPTH_MAX = 256;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

let bytes: Uint8Array = new Uint8Array(0);
let view = new DataView(bytes.buffer);
let at = 0;
let depth = 0;
let wide: Wide = 'short';

/** What an integer of 64 bits becomes: a number where that is exact, or always a bigint. */
type Wide = 'short' | 'bigint';

/** The one value that `message` holds. Bytes in it are views of `message`. Throws MalformedError only. */
export function unpack(message: Uint8Array, integers64: Wide = 'short'): Value {
  bytes = message;
  wide = integers64;
  view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  at = 0;
  depth = 0;
  const value = readValue();
  if (at !== bytes.length) throw new MalformedError(`${bytes.length - at} bytes after the end of the message`);
  return value;
}

/** Moves on by `count` bytes and says where they began. */
function take(count: number): number {
  const start = at;
  if (start + count > bytes.length) throw new MalformedError('the message ends in the middle of a value');
  at = start + count;
  return start;
}

function readValue(): Value {
  const type = bytes[take(1)] as number;
  if (type < 0x80) return type;
  if (type < 0x90) return readMap(type & 0x0f);
  if (type < 0xa0) return readList(type & 0x0f);
  if (type < 0xc0) return readText(type & 0x1f);
  if (type >= 0xe0) return type - 0x100;
  switch (type) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return readBytes(view.getUint8(take(1)));
    case 0xc5:
      return readBytes(view.getUint16(take(2)));
    case 0xc6:
      return readBytes(view.getUint32(take(4)));
    case 0xd9:
      return readText(view.getUint8(take(1)));
    case 0xda:
      return readText(view.getUint16(take(2)));
    case 0xdb:
      return readText(view.getUint32(take(4)));
    case 0xdc:
      return readList(view.getUint16(take(2)));
    case 0xdd:
      return readList(view.getUint32(take(4)));
    case 0xde:
      return readMap(view.getUint16(take(2)));
    case 0xdf:
      return readMap(view.getUint32(take(4)));
    default:
      return readNumber(type);
  }
}

function readNumber(type: number): number | bigint {
  switch (type) {
    case 0xca:
      return view.getFloat32(take(4));
    case 0xcb:
      return view.getFloat64(take(8));
    case 0xcc:
      return view.getUint8(take(1));
    case 0xcd:
      return view.getUint16(take(2));
    case 0xce:
      return view.getUint32(take(4));
    case 0xcf:
      return safeOrBig(view.getBigUint64(take(8)));
    case 0xd0:
      return view.getInt8(take(1));
    case 0xd1:
      return view.getInt16(take(2));
    case 0xd2:
      return view.getInt32(take(4));
    case 0xd3:
      return safeOrBig(view.getBigInt64(take(8)));
    default:
      throw new MalformedError(`MessagePack type 0x${type.toString(16)} is not used here`);
  }
}

/** `short`: readers need not care in how many bytes a small integer came. */
function safeOrBig(value: bigint): number | bigint {
  if (wide === 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function readBytes(length: number): Uint8Array {
  const start = take(length);
  return bytes.subarray(start, start + length);
}

function readText(length: number): string {
  const start = take(length);
  try {
    return utf8.decode(bytes.subarray(start, start + length));
  } catch {
    throw new MalformedError('a string is not UTF-8 (send bytes as bin)');
  }
}

function readList(length: number): Value[] {
  enter(length);
  const list: Value[] = [];
  for (let i = 0; i < length; i++) list.push(readValue());
  depth--;
  return list;
}

function readMap(length: number): Fields {
  enter(length * 2);
  const map: Record<string, Value> = {};
  for (let i = 0; i < length; i++) {
    const name = readName();
    map[name] = readValue();
  }
  depth--;
  return map;
}

/** A container cannot hold more values than bytes are left: nothing is allocated on a forged length. */
function enter(values: number): void {
  if (values > bytes.length - at) throw new MalformedError('the message ends in the middle of a value');
  if (++depth > DEPTH_MAX) throw new MalformedError(`nested deeper than ${DEPTH_MAX}`);
}

/** Field names repeat in every message: the last name seen in each slot is kept, with its bytes. */
const knownNames: { readonly bytes: Uint8Array; readonly text: string }[] = [];

function readName(): string {
  const type = bytes[at] as number;
  if (type < 0xa0 || type > 0xbf) return readLongName();
  const length = type & 0x1f;
  const start = take(1 + length) + 1;
  const slot = (length * 37 + (bytes[start] ?? 0) * 11 + (bytes[start + length - 1] ?? 0) * 3) & 0xff;
  const known = knownNames[slot];
  if (known !== undefined && sameBytes(known.bytes, start, length)) return known.text;
  at = start;
  const text = checkedName(readText(length));
  knownNames[slot] = { bytes: bytes.slice(start, start + length), text };
  return text;
}

function readLongName(): string {
  const name = readValue();
  if (typeof name !== 'string') throw new MalformedError('a field name is not a string');
  return checkedName(name);
}

function checkedName(name: string): string {
  if (name === '__proto__') throw new MalformedError('a field is named __proto__');
  return name;
}

function sameBytes(known: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
