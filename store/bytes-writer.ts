/** Small numbers and byte strings one after another: a growing writer, and its reader. Numbers are LEB128 varints. */
import { invariant } from '../machines/language/invariant.js';
import { asBuffer } from './keys.js';

export interface BytesWriter {
  readonly length: number;
  number(value: number): void;
  latin1(text: string): void;
  bytes(value: Uint8Array): void;
  /** A copy of what was written; the writer starts over. */
  take(): Buffer;
}

export function makeWriter(size = 1024): BytesWriter {
  let buffer = Buffer.allocUnsafe(size);
  let at = 0;
  const reserve = (more: number): void => {
    if (at + more <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + more));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  };
  const number = (value: number): void => {
    invariant(Number.isSafeInteger(value) && value >= 0, 'a written number is below 2^53', { value });
    reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      buffer[at++] = (rest % 0x80) | 0x80;
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    buffer[at++] = rest;
  };
  return {
    get length() {
      return at;
    },
    number,
    latin1(text) {
      number(text.length);
      reserve(text.length);
      at += buffer.write(text, at, 'latin1');
    },
    bytes(value) {
      number(value.length);
      reserve(value.length);
      buffer.set(value, at);
      at += value.length;
    },
    take() {
      const taken = Buffer.from(buffer.subarray(0, at));
      at = 0;
      return taken;
    },
  };
}

export interface BytesReader {
  readonly done: boolean;
  number(): number;
  latin1(): string;
  /** A view of the bytes read. */
  bytes(): Uint8Array;
}

export function makeReader(source: Uint8Array): BytesReader {
  const buffer = asBuffer(source);
  let at = 0;
  const number = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      invariant(at < buffer.length, 'a stored row is as long as it says', { length: buffer.length });
      const byte = buffer[at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  };
  const span = (): readonly [number, number] => {
    const length = number();
    const from = at;
    at += length;
    invariant(at <= buffer.length, 'a stored row is as long as it says', { length: buffer.length });
    return [from, at];
  };
  return {
    get done() {
      return at >= buffer.length;
    },
    number,
    latin1: () => buffer.toString('latin1', ...span()),
    bytes() {
      const [from, to] = span();
      return new Uint8Array(buffer.buffer, buffer.byteOffset + from, to - from);
    },
  };
}
