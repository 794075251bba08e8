/**
 * Requests and answers as bytes: what the door and the client share. JSON or MessagePack by the first byte; an answer
 * uses the encoding of its request. Everything thrown here is a QuorateError.
 */
import { badRequest, errorOf, httpStatus, QuorateError } from '../machines/language/errors.js';
import type { ClusterId } from '../machines/language/vocabulary.js';
import type { Answer, Operation, Request } from './ports.js';
import { OPERATIONS } from './subjects.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import { readAnswer, readError, writeAnswer } from './wire-answers.js';
import { readRequest, writeRequest } from './wire-requests.js';
import {
  describe,
  type Encoding,
  encodingOf,
  isMap,
  parse,
  print,
  readBytes,
  readFields,
  readFlag,
  readInteger,
  readList,
} from './wire-values.js';

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

/* ---- several in one message ------------------------------------------------------------------------------------ */

export interface BatchRequest {
  /** Names the request within the batch and, for a write, within the client's life. */
  readonly number: number;
  /** The log index that the client had seen when it first sent this request. */
  readonly since: number;
  readonly request: Request;
}

export interface Batch {
  /** 16 random bytes a client process; null: its writes carry no ids. */
  readonly client: Uint8Array | null;
  readonly requests: readonly BatchRequest[];
}

/** A request of a batch, or why it is none. */
export type BatchItem = BatchRequest | { readonly number: number; readonly error: QuorateError };

export interface BatchAnswer {
  readonly number: number;
  readonly answer: Answer;
}

const BATCH_FIELDS = new Set(['client', 'since', 'requests']);
const ITEM_FIELDS = new Set(['number', 'op', 'body', 'since']);
const OPERATION_SET: ReadonlySet<string> = new Set(OPERATIONS);
const CLIENT_BYTES = 16;

export function encodeBatch(batch: Batch, encoding: Encoding): Uint8Array {
  const since = batch.requests[0]?.since ?? 0;
  const requests = batch.requests.map(({ number, since: own, request }): Fields => {
    const item = { number, op: request.op, body: writeRequest(request) };
    return own === since ? item : { ...item, since: own };
  });
  return print({ client: batch.client, since, requests }, encoding);
}

/** Throws InvalidArgument where the whole is no batch; a malformed request in it is an item with its own error. */
export function decodeBatch(body: Uint8Array): {
  readonly client: Uint8Array | null;
  readonly items: readonly BatchItem[];
  readonly encoding: Encoding;
} {
  const fields = readFields('batch', parse('batch', body), BATCH_FIELDS);
  const client = readBytes('batch', fields, 'client');
  if (client.length !== 0 && client.length !== CLIENT_BYTES) {
    throw badRequest(`batch: field "client": ${client.length} bytes given; it must be ${CLIENT_BYTES}`);
  }
  const since = readInteger('batch', fields, 'since');
  const items = readList('batch', fields, 'requests').map((value) => readItem(value, since));
  if (new Set(items.map((item) => item.number)).size !== items.length) {
    throw badRequest('batch: two requests have the same number');
  }
  return { client: client.length === 0 ? null : client, items, encoding: encodingOf(body) };
}

function readItem(value: Value, since: number): BatchItem {
  if (!isMap(value)) throw badRequest(`batch: ${describe(value)} given where a request should be`);
  const number = readInteger('batch', value, 'number');
  try {
    readFields('batch', value, ITEM_FIELDS);
    const op = value['op'];
    if (!isOperation(op))
      throw badRequest(`batch: unknown op ${describe(op ?? null)}; known: ${OPERATIONS.join(', ')}`);
    const own = value['since'] === undefined ? since : readInteger('batch', value, 'since');
    return { number, since: own, request: readRequest(op, value['body']) };
  } catch (error) {
    if (error instanceof QuorateError) return { number, error };
    throw error;
  }
}

const isOperation = (op: Value | undefined): op is Operation => typeof op === 'string' && OPERATION_SET.has(op);

/**
 * The answers as messages of at most `bytes_max`, in order; only the last says `done`. An answer that does not fit
 * alone is replaced by what `whenTooLarge` makes of it; without that it goes alone, larger, and travels in pieces.
 */
export function encodeBatchAnswers(
  answers: readonly BatchAnswer[],
  done: boolean,
  encoding: Encoding,
  bytes_max: number,
  whenTooLarge?: (answer: BatchAnswer) => BatchAnswer,
): readonly Uint8Array[] {
  const whole = print({ answers: answers.map(writeItem), done }, encoding);
  if (whole.length <= bytes_max) return [whole];
  if (answers.length < 2) {
    return whenTooLarge === undefined
      ? [whole]
      : encodeBatchAnswers(answers.map(whenTooLarge), done, encoding, bytes_max);
  }
  const half = answers.length >> 1;
  return [
    ...encodeBatchAnswers(answers.slice(0, half), false, encoding, bytes_max, whenTooLarge),
    ...encodeBatchAnswers(answers.slice(half), done, encoding, bytes_max, whenTooLarge),
  ];
}

function writeItem({ number, answer }: BatchAnswer): Fields {
  const body = writeAnswer(answer);
  return answer.ok ? { number, ok: body } : { number, ...body };
}

/** `opOf` tells which operation each number asked for; answers to others are left out. */
export function decodeBatchAnswers(
  body: Uint8Array,
  opOf: (number: number) => Operation | undefined,
): { readonly answers: readonly BatchAnswer[]; readonly done: boolean } {
  const value = parse('batch: answer', body);
  if (!isMap(value)) throw badRequest('batch: the answer is not a map');
  // A node that refuses the whole batch answers with one error.
  if (isMap(value['error'])) throw readError(value['error']);
  const answers: BatchAnswer[] = [];
  for (const item of readList('batch', value, 'answers')) {
    if (!isMap(item)) throw badRequest('batch: an answer is not a map');
    const number = readInteger('batch', item, 'number');
    const op = opOf(number);
    if (op !== undefined) answers.push({ number, answer: readAnswer(op, item['ok'] ?? item) });
  }
  return { answers, done: readFlag('batch', value, 'done') };
}

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
export function shortened(answer: Answer, op: Operation): Answer {
  const write = op === 'kv.put' || op === 'kv.delete' || op === 'kv.txn' || op === 'kv.compact';
  if (answer.ok && write) return { ok: true, header: answer.header, truncated: true };
  return { ok: false, error: errorOf('AnswerTooLarge') };
}

/** A whole message refused, before anything in it was looked at. */
export const encodeError = (error: QuorateError, encoding: Encoding): ReturnType<typeof encodeAnswer> =>
  encodeAnswer({ ok: false, error }, encoding);
