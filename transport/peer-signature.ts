/** The cluster's secret at work: HMAC-SHA256 at the end of what members say to each other. */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

export const SIGNATURE_BYTES = 32;

export const keyOf = (secret: Uint8Array | null): KeyObject | null =>
  secret === null ? null : createSecretKey(secret);

/** Signs all but the last SIGNATURE_BYTES, and puts the signature there. */
export function signInPlace(key: KeyObject, bytes: Uint8Array): void {
  bytes.set(signatureOf(key, bytes.subarray(0, -SIGNATURE_BYTES)), bytes.length - SIGNATURE_BYTES);
}

/** What was signed, without its signature; undefined when that does not hold. */
export function signedContent(key: KeyObject, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < SIGNATURE_BYTES) return undefined;
  const content = bytes.subarray(0, -SIGNATURE_BYTES);
  return timingSafeEqual(signatureOf(key, content), bytes.subarray(-SIGNATURE_BYTES)) ? content : undefined;
}

const signatureOf = (key: KeyObject, bytes: Uint8Array): Uint8Array => createHmac('sha256', key).update(bytes).digest();
