/** Bytes without Buffer: comparison, prefixes, and keys as the latin-1 strings by which the key index orders them. */

export const EMPTY = new Uint8Array(0);
/** As a range end: "all keys from here on" (reference 1.1). */
export const NUL = new Uint8Array([0]);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const fromText = (text: string): Uint8Array => encoder.encode(text);

/** The text, or undefined when the bytes are not UTF-8. */
export function toText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export const isNul = (bytes: Uint8Array): boolean => bytes.length === 1 && bytes[0] === 0;

/** The end of the range of all keys that begin with `prefix`; NUL when there is none (all 0xff, or empty). */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] as number;
    if (byte === 0xff) continue;
    const end = new Uint8Array(prefix.subarray(0, i + 1)); // a copy: the slice of a Buffer is none
    end[i] = byte + 1;
    return end;
  }
  return NUL;
}

/** 16 hex digits: how ids stand in command lines, logs and subjects. */
export const hex16 = (id: bigint): string => id.toString(16).padStart(16, '0');

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
