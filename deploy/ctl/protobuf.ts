/** A writer for proto3 messages, as much of it as etcd's answers need: varints, bytes, text, nested messages. */
import { concatBytes, EMPTY, fromText } from '../../machines/language/bytes.js';

/** A list is a nested message; undefined is a field that is not set. */
export type Value = number | bigint | boolean | string | Uint8Array | Message | undefined;
export type Field = readonly [number: number, value: Value];
export type Message = readonly Field[];

const wire = { varint: 0, bytes: 2 } as const;

/** Zero numbers, false and empty text are left out, as proto3 does; a nested message that is set never is. */
export function encodeMessage(message: Message): Uint8Array {
  return concatBytes(message.map(([number, value]) => encodeField(number, value)));
}

/** One field for each item; an item that is zero or empty is written too, since it counts. */
export const repeated = (number: number, items: readonly (string | Message)[]): Message =>
  items.map((item) => [number, typeof item === 'string' && item === '' ? [] : item]);

function encodeField(number: number, value: Value): Uint8Array {
  if (value === undefined || value === false || value === 0 || value === 0n) return EMPTY;
  if (typeof value === 'object') {
    if (!(value instanceof Uint8Array)) return lengthDelimited(number, encodeMessage(value));
    return value.length === 0 ? value : lengthDelimited(number, value);
  }
  if (typeof value === 'string') return value === '' ? EMPTY : lengthDelimited(number, fromText(value));
  return concatBytes([key(number, wire.varint), varint(BigInt(value))]);
}

const lengthDelimited = (number: number, bytes: Uint8Array): Uint8Array =>
  concatBytes([key(number, wire.bytes), varint(BigInt(bytes.length)), bytes]);

const key = (number: number, type: number): Uint8Array => varint(BigInt(number * 8 + type));

/** Seven bits a byte, the lowest first; a negative number is its two's complement of 64 bits. */
function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
