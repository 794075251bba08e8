/**
 * Values as a message holds them: JSON and MessagePack to and from plain values, and readers that say what is wrong.
 */
import { badRequest, QuorateError } from '../machines/language/errors.js';
import { pack } from './pack.js';
import { type Fields, MalformedError, unpack, type Value } from '../machines/language/unpack.js';

export type Encoding = 'json' | 'msgpack';

const EMPTY_MAP: Fields = {};
const NO_BYTES = new Uint8Array(0);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const toUtf8 = new TextEncoder();
const SURROGATE = /\p{Surrogate}/u;

/** By the first byte; what is neither is answered in JSON, after decoding has refused it. */
export function encodingOf(bytes: Uint8Array): Encoding {
  const first = bytes[0];
  return first !== undefined && ((first >= 0x80 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf))
    ? 'msgpack'
    : 'json';
}

/** The value in a message. Throws InvalidArgument, and nothing else, on any bytes. */
export function parse(what: string, bytes: Uint8Array): Value {
  if (encodingOf(bytes) === 'msgpack') return parseMessagePack(what, bytes);
  const first = bytes[0];
  const json = first === undefined || first === 0x7b || first === 0x5b || isSpace(first);
  if (!json) throw badRequest(`${what}: the body is neither a JSON nor a MessagePack map (first byte 0x${hex(first)})`);
  if (bytes.every(isSpace)) return EMPTY_MAP;
  try {
    return JSON.parse(utf8.decode(bytes)) as Value;
  } catch (error) {
    throw badRequest(`${what}: the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseMessagePack(what: string, bytes: Uint8Array): Value {
  try {
    return unpack(bytes);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw badRequest(`${what}: the body is not MessagePack: ${error.message}`);
  }
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

export const print = (value: Value, encoding: Encoding): Uint8Array =>
  encoding === 'msgpack' ? pack(value) : toUtf8.encode(printText(value));

export const printText = (value: Value): string => JSON.stringify(value, toJson);

/** In JSON bytes are text where they are UTF-8, `{"base64":"…"}` where not; 64-bit ids are decimal strings. */
function toJson(this: Readonly<Record<string, unknown>>, name: string, written: unknown): unknown {
  if (typeof written === 'bigint') return written.toString();
  if (typeof written !== 'object' || written === null) return written;
  // What the store hands out may be a Buffer, which JSON.stringify has asked for its own text before it asks here.
  const value = this[name];
  if (!(value instanceof Uint8Array)) return written;
  try {
    return utf8.decode(value);
  } catch {
    return { base64: toBase64(value) };
  }
}

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 0x2000) parts.push(String.fromCharCode(...bytes.subarray(i, i + 0x2000)));
  return btoa(parts.join(''));
}

/* ---- reading fields -------------------------------------------------------------------------------------------- */

export const isMap = (value: Value | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** An answer's map: fields that this build does not know are no error in it. */
export function readMap(what: string, value: Value | undefined): Fields {
  if (isMap(value)) return value;
  throw badRequest(`${what}: not a map`);
}

/** The map, with no field in it that `known` does not have. */
export function readFields(what: string, value: Value | undefined, known: ReadonlySet<string>): Fields {
  if (value === undefined || value === null) return EMPTY_MAP;
  if (!isMap(value)) throw badRequest(`${what}: ${describe(value)} given where a map of fields should be`);
  for (const name in value) {
    if (known.has(name)) continue;
    throw badRequest(`${what}: unknown field ${quote(name)}; known: ${[...known].join(', ') || 'none'}`);
  }
  return value;
}

export function readBytes(what: string, fields: Fields, name: string): Uint8Array {
  const value = fields[name];
  if (value instanceof Uint8Array) return value;
  if (value === undefined || value === null) return NO_BYTES;
  if (typeof value === 'string' && !SURROGATE.test(value)) return toUtf8.encode(value);
  const base64 = isMap(value) && Object.keys(value).length === 1 ? value['base64'] : undefined;
  if (typeof base64 !== 'string') throw wrongType(what, name, value, 'a UTF-8 string, {"base64":"…"}, or bin');
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    throw badRequest(`${what}: field "${name}": ${quote(base64)} is not base64`);
  }
}

export function readInteger(what: string, fields: Fields, name: string): number {
  const value = fields[name];
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  throw wrongType(what, name, value, 'a whole number between -(2^53-1) and 2^53-1');
}

export function readNumber(what: string, fields: Fields, name: string): number {
  const value = fields[name];
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw wrongType(what, name, value, 'a number');
}

/** A 64-bit id, signed or not. JSON has it as a decimal string, since its numbers are rounded beyond 2^53. */
export function readId(what: string, fields: Fields, name: string, kind: 'signed' | 'unsigned'): bigint {
  const value = fields[name];
  if (value === undefined || value === null || value === 0) return 0n;
  const id = toBigInt(value);
  const fits = id !== undefined && (kind === 'signed' ? BigInt.asIntN(64, id) : BigInt.asUintN(64, id)) === id;
  if (fits) return id;
  throw wrongType(what, name, value, `a ${kind} 64-bit integer (in JSON a decimal string)`);
}

function toBigInt(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^-?[0-9]{1,20}$/.test(value) ? BigInt(value) : undefined;
}

export function readFlag(what: string, fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === 'boolean') return value;
  if (value === undefined || value === null) return false;
  throw wrongType(what, name, value, 'true or false');
}

export function readText(what: string, fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  throw wrongType(what, name, value, 'a string');
}

/** One of `words`; the first is the default. */
export function readWord<Word extends string>(
  what: string,
  fields: Fields,
  name: string,
  words: readonly Word[],
): Word {
  const value = fields[name] ?? words[0];
  const word = words.find((known) => known === value);
  if (word !== undefined) return word;
  throw wrongType(what, name, value ?? null, `one of ${words.join(', ')}`);
}

export function readList(what: string, fields: Fields, name: string): readonly Value[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as readonly Value[];
  throw wrongType(what, name, value, 'a list');
}

export const readTexts = (what: string, fields: Fields, name: string): string[] =>
  readList(what, fields, name).map((text) => (typeof text === 'string' ? text : describe(text)));

const wrongType = (what: string, name: string, given: Value, right: string): QuorateError =>
  badRequest(`${what}: field "${name}": ${describe(given)} given; it must be ${right}`);

const quote = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** A value in few words, for errors. */
export function describe(value: Value): string {
  if (typeof value === 'string') return quote(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value !== 'object' || value === null) return String(value);
  return isMap(value) ? 'a map' : 'a list';
}
