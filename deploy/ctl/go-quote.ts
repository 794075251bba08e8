/** Bytes as Go's %q writes them, and read back: double quotes and Go's escapes, or back quotes around plain text. */
import { fromText } from '../../machines/language/bytes.js';

const short: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
};
const shortOf = new Map(Object.entries(short).map(([letter, code]) => [code, `\\${letter}`]));
shortOf.delete(0x27);

/** What Go prints as it is: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes in double quotes; a byte that is no UTF-8 becomes \x… */
export function quote(bytes: Uint8Array): string {
  let quoted = '"';
  for (let at = 0; at < bytes.length;) {
    const character = characterAt(bytes, at);
    quoted += character === undefined ? escapeHex(bytes[at] ?? 0, 'x', 2) : quoteCharacter(character);
    at += character === undefined ? 1 : fromText(character).length;
  }
  return `${quoted}"`;
}

export const quoteText = (text: string): string => quote(fromText(text));

const escapeHex = (code: number, letter: string, digits: number): string =>
  `\\${letter}${code.toString(16).padStart(digits, '0')}`;

function quoteCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const escaped = shortOf.get(code);
  if (escaped !== undefined) return escaped;
  if (printable.test(character)) return character;
  if (code < 0x20 || code === 0x7f) return escapeHex(code, 'x', 2);
  return code < 0x10000 ? escapeHex(code, 'u', 4) : escapeHex(code, 'U', 8);
}

/** The character that begins here, or undefined when the bytes are not UTF-8. */
function characterAt(bytes: Uint8Array, at: number): string | undefined {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return String.fromCharCode(first);
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (at + length > bytes.length) return undefined;
  try {
    return decoder.decode(bytes.subarray(at, at + length));
  } catch {
    return undefined;
  }
}

/** What was quoted, and how many characters the quoted text has; undefined when `text` does not begin with one. */
export function unquotePrefix(text: string): { readonly bytes: Uint8Array; readonly length: number } | undefined {
  const raw = /^`([^`]*)`/.exec(text);
  if (raw !== null) return { bytes: fromText((raw[1] ?? '').replaceAll('\r', '')), length: raw[0].length };
  const quoted = /^"((?:[^"\\\n]|\\[^\n])*)"/.exec(text);
  const bytes = quoted === null ? undefined : unescape(quoted[1] ?? '');
  return quoted === null || bytes === undefined ? undefined : { bytes, length: quoted[0].length };
}

const escape = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\"]))|([^\\])|(\\)/gsu;

function unescape(inner: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const [, hex, octal, unicode, long, letter, plain] of inner.matchAll(escape)) {
    if (plain !== undefined) bytes.push(...fromText(plain));
    else if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (letter !== undefined) bytes.push(short[letter] ?? 0);
    else if (octal !== undefined && Number.parseInt(octal, 8) < 256) bytes.push(Number.parseInt(octal, 8));
    else {
      const code = Number.parseInt(unicode ?? long ?? 'x', 16);
      const scalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      if (!scalar) return undefined;
      bytes.push(...fromText(String.fromCodePoint(code)));
    }
  }
  return Uint8Array.from(bytes);
}
