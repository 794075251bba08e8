/** MessagePack as the wire writes it, into one buffer that grows: the counterpart of unpack.ts. */
import type { Fields, Value } from '../machines/language/unpack.js';

const TWO_32 = 2 ** 32;
const KEPT_BYTES = 64 * 1024;
const toUtf8 = new TextEncoder();

let out = new Uint8Array(KEPT_BYTES);
let outView = new DataView(out.buffer);
let end = 0;

/** `bigint` always takes 8 bytes, a `number` as few as it can. */
export function pack(value: Value): Uint8Array {
  end = 0;
  writeValue(value);
  const packed = out.slice(0, end);
  if (out.length > 4 * 1024 * 1024) reserveBuffer(KEPT_BYTES);
  return packed;
}

/** What begins a list of so many values, which follow. */
export function packListHead(length: number): Uint8Array {
  end = 0;
  writeLength(length, 0x90, 15, 0, 0xdc);
  return out.slice(0, end);
}

function reserveBuffer(size: number): void {
  const grown = new Uint8Array(size);
  grown.set(out.subarray(0, Math.min(end, size)));
  out = grown;
  outView = new DataView(out.buffer);
}

function room(count: number): number {
  const start = end;
  end = start + count;
  if (end > out.length) {
    const needed = end;
    end = start;
    reserveBuffer(Math.max(needed, out.length * 2));
    end = needed;
  }
  return start;
}

function writeByte(byte: number): void {
  const start = room(1);
  out[start] = byte;
}

function writeValue(value: Value): void {
  if (typeof value === 'string') writeText(value);
  else if (typeof value === 'number') writeNumber(value);
  else if (typeof value === 'boolean') writeByte(value ? 0xc3 : 0xc2);
  else if (typeof value === 'bigint') writeBig(value);
  else if (value === null) writeByte(0xc0);
  else if (value instanceof Uint8Array) writeBytes(value);
  else if (isList(value)) writeList(value);
  else writeMap(value);
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** One byte, or a byte and a length of 8 (when there is such a type), 16 or 32 bits. */
function writeLength(length: number, short: number, shortMax: number, type8: number, type16: number): void {
  if (length <= shortMax) writeByte(short | length);
  else if (length < 0x100 && type8 > 0) {
    const start = room(2);
    out[start] = type8;
    out[start + 1] = length;
  } else if (length < 0x10000) {
    const start = room(3);
    out[start] = type16;
    outView.setUint16(start + 1, length);
  } else {
    const start = room(5);
    out[start] = type16 + 1;
    outView.setUint32(start + 1, length);
  }
}

function writeText(text: string): void {
  const length = text.length;
  if (length < 32) {
    const start = room(1 + length);
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      out[start + 1 + i] = code;
    }
    if (i === length) {
      out[start] = 0xa0 | length;
      return;
    }
    end = start;
  }
  const encoded = toUtf8.encode(text);
  writeLength(encoded.length, 0xa0, 31, 0xd9, 0xda);
  const start = room(encoded.length);
  out.set(encoded, start);
}

function writeBytes(value: Uint8Array): void {
  writeLength(value.length, 0, -1, 0xc4, 0xc5);
  const start = room(value.length);
  out.set(value, start);
}

function writeList(list: readonly Value[]): void {
  writeLength(list.length, 0x90, 15, 0, 0xdc);
  for (const value of list) writeValue(value);
}

function writeMap(map: Fields): void {
  const names = Object.keys(map);
  writeLength(names.length, 0x80, 15, 0, 0xde);
  for (const name of names) {
    writeText(name);
    writeValue(map[name] as Value);
  }
}

function writeNumber(value: number): void {
  if (!Number.isSafeInteger(value)) {
    const start = room(9);
    out[start] = 0xcb;
    outView.setFloat64(start + 1, value);
  } else if (value >= 0) writeWhole(value);
  else if (value >= -32) writeByte(value + 0x100);
  else if (value >= -0x80000000) {
    const start = room(5);
    out[start] = 0xd2;
    outView.setInt32(start + 1, value);
  } else writeBig(BigInt(value));
}

function writeWhole(value: number): void {
  if (value < 0x80) writeByte(value);
  else if (value < 0x100) {
    const start = room(2);
    out[start] = 0xcc;
    out[start + 1] = value;
  } else if (value < 0x10000) {
    const start = room(3);
    out[start] = 0xcd;
    outView.setUint16(start + 1, value);
  } else if (value < TWO_32) {
    const start = room(5);
    out[start] = 0xce;
    outView.setUint32(start + 1, value);
  } else writeBig(BigInt(value));
}

function writeBig(value: bigint): void {
  const start = room(9);
  out[start] = value < 0n ? 0xd3 : 0xcf;
  if (value < 0n) outView.setBigInt64(start + 1, value);
  else outView.setBigUint64(start + 1, value);
}
