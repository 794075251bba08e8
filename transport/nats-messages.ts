/** Messages of NATS as a link hands them on, and why one could not be sent. */
import type { Msg } from 'nats';
import { plainBytes } from './nats-connection.js';
import { headersOf } from './nats-headers.js';
import { LinkError, type LinkMessage } from './ports.js';

const NO_RESPONDERS = 503;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();
/** What headers can add to a body, at most. */
const HEADER_BYTES = 2048;

/** What NATS answers where nobody hears a subject. */
export const saysNobody = (message: Msg): boolean =>
  message.data.length === 0 && headersOf(message)?.code === NO_RESPONDERS;

export function toLinkMessage(message: Msg): LinkMessage {
  const headers = headersOf(message);
  const body = plainBytes(message.data);
  const { subject, reply } = message;
  if (headers === undefined) return { body, headers: NO_HEADERS, subject, reply };
  const map = new Map(headers.keys().map((name): [string, string] => [name, headers.get(name)]));
  return { body, headers: map, subject, reply };
}

export function unsent(subject: string, body: Uint8Array, max_payload: number, error: unknown): LinkError {
  if (body.length + HEADER_BYTES > max_payload) {
    const text = `a message of ${body.length} bytes to ${subject}; the server takes ${max_payload} with headers`;
    return new LinkError('tooLarge', text, { cause: error });
  }
  return new LinkError('disconnected', error instanceof Error ? error.message : String(error), { cause: error });
}
