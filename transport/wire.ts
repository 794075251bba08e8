/**
 * Requests and answers as bytes: what the door and the client share. JSON or MessagePack by the first byte; an answer
 * uses the encoding of its request. Everything thrown here is a QuorateError.
 */
import { badRequest, errorOf, httpStatus, QuorateError } from '../machines/language/errors.js';
import type { ClusterId } from '../machines/language/vocabulary.js';
import { type Answer, isWrite, type Operation, type Request } from './ports.js';
import { readAnswer, writeAnswer } from './wire-answers.js';
import { readRequest } from './wire-requests.js';
import { type Encoding, encodingOf, parse, print } from './wire-values.js';
import { writeRequest } from './write-request.js';

export { requestFields } from './wire-requests.js';
export { type Encoding, encodingOf } from './wire-values.js';

/** Header names, as NATS shows them. */
export const headerNames = {
  /** `<32 hex digits>-<number>`: who asks, and which of its requests this is. */
  request: 'Quorate-Request',
  /** The log index that the client had seen when it first sent the request. */
  since: 'Quorate-Since',
  clusterId: 'Quorate-Cluster-Id',
  timeoutMs: 'Quorate-Timeout-Ms',
  token: 'Quorate-Token',
  traceparent: 'traceparent',
  /** `yes`: the asker puts answers together that come in pieces. */
  pieces: 'Quorate-Pieces',
  /** `<n>/<total>`, from 1. */
  piece: 'Quorate-Piece',
  /** CRC-32 of this piece's body, 8 hex digits. */
  pieceCrc: 'Quorate-Piece-Crc',
  error: 'Nats-Service-Error',
  errorCode: 'Nats-Service-Error-Code',
} as const;

type Headers = ReadonlyMap<string, string>;
const NO_HEADERS: Headers = new Map();
const shortName = (op: Operation): string => op.slice(op.indexOf('.') + 1);

/* ---- one request ----------------------------------------------------------------------------------------------- */

/** The request with every default filled in. Throws InvalidArgument on anything else. */
export function decodeRequest(
  op: Operation,
  body: Uint8Array,
): { readonly request: Request; readonly encoding: Encoding } {
  return { request: readRequest(op, parse(shortName(op), body)), encoding: encodingOf(body) };
}

export const encodeRequest = (request: Request, encoding: Encoding): Uint8Array =>
  print(writeRequest(request), encoding);

export function encodeAnswer(
  answer: Answer,
  encoding: Encoding,
): { readonly body: Uint8Array; readonly headers: Headers } {
  const body = print(writeAnswer(answer), encoding);
  return { body, headers: answer.ok ? NO_HEADERS : errorHeaders(answer.error) };
}

function errorHeaders(error: QuorateError): Headers {
  return new Map([
    [headerNames.error, error.message.slice(0, 500).replace(/\p{Cc}+/gu, ' ')],
    [headerNames.errorCode, String(httpStatus[error.code])],
  ]);
}

/** The answer to a request of `op`. Throws InvalidArgument when it is none. */
export const decodeAnswer = (op: Operation, body: Uint8Array): Answer =>
  readAnswer(op, parse(`${shortName(op)}: answer`, body));

/* ---- headers --------------------------------------------------------------------------------------------------- */

/** As answers show it in JSON: decimal. */
export const formatClusterId = (cluster: ClusterId): string => cluster.toString();

export const formatRequestId = (client: Uint8Array, number: number): string => `${hexOf(client)}-${number}`;

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The client and number of a `Quorate-Request` header. */
export function parseRequestId(text: string): { readonly client: Uint8Array; readonly number: number } {
  const match = /^([0-9a-f]{32})-([0-9]{1,16})$/.exec(text);
  const [, hex, digits] = match ?? [];
  const number = Number(digits);
  if (hex === undefined || !Number.isSafeInteger(number)) {
    throw badRequest(
      `header ${headerNames.request}: ${JSON.stringify(text.slice(0, 64))} given; it must be <32 hex digits>-<number>`,
    );
  }
  return { client: Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)), number };
}

/** A whole number from 0 in a header. */
export function parseCount(name: string, text: string): number {
  const number = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(number)) return number;
  throw badRequest(`header ${name}: ${JSON.stringify(text.slice(0, 64))} given; it must be a whole number below 2^53`);
}

/** What stands in for an answer that no message can hold: an applied write keeps its header. */
export function shortened(answer: Answer, op: Operation, why: 'AnswerTooLarge' | 'RequestTooManyRequests'): Answer {
  if (answer.ok && isWrite({ op })) return { ok: true, header: answer.header, truncated: true };
  return { ok: false, error: errorOf(why) };
}

/** A whole message refused, before anything in it was looked at. */
export const encodeError = (error: QuorateError, encoding: Encoding): ReturnType<typeof encodeAnswer> =>
  encodeAnswer({ ok: false, error }, encoding);
