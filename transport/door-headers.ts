/** What the headers of a request say. */
import type { RequestId } from '../machines/language/commands.js';
import { badRequest } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { DoorMessage } from './door-desk.js';
import { headerNames, parseCount, parseRequestId } from './wire.js';

const TIMEOUT_MAX_MS = 3_600_000;

/** How long the asker waits. */
export function timeout(message: DoorMessage): number {
  const text = message.header(headerNames.timeoutMs);
  if (text === '') return limits.request_timeout_ms;
  return Math.min(parseCount(headerNames.timeoutMs, text), TIMEOUT_MAX_MS);
}

/**
 * [safety] An id is nothing without the log index its client had seen: without it a late retry could be applied
 * again.
 */
export function requestId(message: DoorMessage): RequestId | null {
  const id = message.header(headerNames.request);
  if (id === '') return null;
  const since = message.header(headerNames.since);
  if (since === '') throw badRequest(`header ${headerNames.since} is missing beside ${headerNames.request}`);
  return { ...parseRequestId(id), since: parseCount(headerNames.since, since) };
}
