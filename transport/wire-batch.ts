/**
 * Several requests in one message, and their answers: what they have in common is said once. JSON or MessagePack, as
 * for one.
 */
import { badRequest, QuorateError } from '../machines/language/errors.js';
import type { Header } from '../machines/language/commands.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import type { Answer, Operation, Request } from './ports.js';
import { OPERATIONS } from './subjects.js';
import { readAnswer, readError, writeAnswer } from './wire-answers.js';
import { readHeader, writeHeader } from './wire-header.js';
import { readRequest } from './wire-requests.js';
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
import { writeRequest } from './write-request.js';

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

export const BATCH_FIELDS = new Set(['client', 'since', 'requests']);
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
 * `header` is the first answer's; another answer's has only the fields in which it differs.
 */
export function encodeBatchAnswers(
  answers: readonly BatchAnswer[],
  done: boolean,
  encoding: Encoding,
  bytes_max: number,
  whenTooLarge?: (answer: BatchAnswer) => BatchAnswer,
): readonly Uint8Array[] {
  const header = firstHeader(answers);
  const items = answers.map((each) => writeItem(each, header));
  const whole = print({ header: header === null ? null : writeHeader(header), answers: items, done }, encoding);
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

function firstHeader(answers: readonly BatchAnswer[]): Header | null {
  for (const { answer } of answers) if (answer.ok) return answer.header;
  return null;
}

function writeItem({ number, answer }: BatchAnswer, header: Header | null): Fields {
  const body = writeAnswer(answer, header);
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
  const header = isMap(value['header']) ? readHeader(value['header'], null) : null;
  const answers: BatchAnswer[] = [];
  for (const item of readList('batch', value, 'answers')) {
    if (!isMap(item)) throw badRequest('batch: an answer is not a map');
    const number = readInteger('batch', item, 'number');
    const op = opOf(number);
    if (op !== undefined) answers.push({ number, answer: readAnswer(op, item['ok'] ?? item, header) });
  }
  return { answers, done: readFlag('batch', value, 'done') };
}
