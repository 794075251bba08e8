/** How answers leave a door: whole, gathered by the turn, in pieces, or shortened where the asker takes no pieces. */
import type { QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { Clock } from '../machines/language/time.js';
import type { DoorMessage } from './door-desk.js';
import { weightOf } from './answer-weight.js';
import { cutIntoPieces } from './pieces.js';
import type { Answer, Operation } from './ports.js';
import { type BatchAnswer, encodeBatchAnswers } from './wire-batch.js';
import { encodeAnswer, encodeError, type Encoding, headerNames, shortened } from './wire.js';

/** Room for the headers beside a body: an error's text, a piece's number. */
const HEADER_BYTES = 2048;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();

const takesPieces = (message: DoorMessage): boolean => message.header(headerNames.pieces) === 'yes';

/** What answers need to know of their door. */
export interface Exit {
  readonly clock: Clock;
  maxPayload(): number;
  unsentBytes(): number;
}

/** Why an answer that is there does not leave as it is. */
type Cut = 'AnswerTooLarge' | 'RequestTooManyRequests';

/** The answer to a message that holds one request. */
export function replyOne(message: DoorMessage, op: Operation, answer: Answer, encoding: Encoding, exit: Exit): void {
  const max_payload = exit.maxPayload();
  const hopeless = !takesPieces(message) && weightOf(answer) > max_payload;
  const whole = hopeless ? null : encodeIfPossible(() => encodeAnswer(answer, encoding));
  const fits = takesPieces(message) || (whole !== null && whole.body.length + HEADER_BYTES <= max_payload);
  const cut = whole === null || !fits ? 'AnswerTooLarge' : whyHeldBack([whole.body], exit);
  const { body, headers } =
    whole !== null && cut === null ? whole : encodeAnswer(shortened(answer, op, cut ?? 'AnswerTooLarge'), encoding);
  sendBody(message, body, headers, max_payload);
}

/** What is smaller always leaves: it is owed to whoever wrote something. */
const SMALL_BYTES = 64 * 1024;

function whyHeldBack(bodies: readonly Uint8Array[], exit: Exit): Cut | null {
  if (bodies.some(({ length }) => length > limits.answer_bytes_max)) return 'AnswerTooLarge';
  const bytes = bodies.reduce((sum, { length }) => sum + length, 0);
  const full = exit.unsentBytes() + bytes > limits.answers_unsent_bytes_max;
  return full && bytes > SMALL_BYTES ? 'RequestTooManyRequests' : null;
}

/** Null where the text would be longer than any text can be. */
function encodeIfPossible<T>(encode: () => T): T | null {
  try {
    return encode();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Instead of an answer: what is wrong. */
export function replyError(message: DoorMessage, error: QuorateError, encoding: Encoding): void {
  const { body, headers } = encodeError(error, encoding);
  message.reply(body, headers);
}

/** Whole or in pieces; `session` is the stream that it belongs to. False: not all of it could leave. */
export function sendBody(
  message: DoorMessage,
  body: Uint8Array,
  headers: DoorHeaders,
  max_payload: number,
  session?: string,
): boolean {
  if (body.length + HEADER_BYTES <= max_payload) return message.reply(body, headers, session);
  return cutIntoPieces(body, Math.max(1, max_payload - HEADER_BYTES)).every((piece) => {
    const numbered = new Map(headers);
    numbered.set(headerNames.piece, `${piece.number}/${piece.total}`);
    numbered.set(headerNames.pieceCrc, piece.crc.toString(16).padStart(8, '0'));
    return message.reply(piece.bytes, numbered, session);
  });
}

type DoorHeaders = ReadonlyMap<string, string>;

/** So many answers leave without waiting for the others: who asked reads them while the rest is still being made. */
const ANSWERS_PER_MESSAGE = 256;
/**
 * The part of a message that keys and values may fill, which leaves room for the names around them: what comes out too
 * large is encoded again, in halves.
 */
const FILLED = 0.6;

/** The answers to one batch: what one turn brings goes in few messages, and the last one says that it is. */
export function gatherAnswers(
  message: DoorMessage,
  encoding: Encoding,
  count: number,
  operations: ReadonlyMap<number, Operation>,
  exit: Exit,
): { add(answer: BatchAnswer): void; flush(): void } {
  let ready: BatchAnswer[] = [];
  let ready_bytes = 0;
  let left = count;
  let scheduled = false;

  const shorten = ({ number, answer }: BatchAnswer, cut: Cut): BatchAnswer => ({
    number,
    answer: shortened(answer, operations.get(number) ?? 'kv.range', cut),
  });

  const encode = (answers: readonly BatchAnswer[]): readonly Uint8Array[] | null => {
    const bytes_max = exit.maxPayload() - HEADER_BYTES;
    const whenTooLarge = (given: BatchAnswer) => shorten(given, 'AnswerTooLarge');
    return encodeIfPossible(() =>
      encodeBatchAnswers(answers, left === 0, encoding, bytes_max, takesPieces(message) ? undefined : whenTooLarge),
    );
  };

  /** Where not all can leave, the small ones do. */
  const encodeReady = (answers: readonly BatchAnswer[]): readonly Uint8Array[] => {
    const whole = encode(answers);
    const held = whole === null ? 'AnswerTooLarge' : whyHeldBack(whole, exit);
    if (whole !== null && held === null) return whole;
    const cut = held ?? 'AnswerTooLarge';
    const small = answers.map((each) => (weightOf(each.answer) > SMALL_BYTES ? shorten(each, cut) : each));
    return encode(small) ?? encode(answers.map((each) => shorten(each, cut))) ?? [];
  };

  const flush = () => {
    // All had left already when the turn ended.
    if (ready.length === 0 && count > 0) return;
    const bodies = encodeReady(ready);
    ready = [];
    ready_bytes = 0;
    for (const body of bodies) sendBody(message, body, NO_HEADERS, exit.maxPayload());
  };

  const add = (answer: BatchAnswer) => {
    const bytes = weightOf(answer.answer);
    if (ready.length > 0 && ready_bytes + bytes > FILLED * exit.maxPayload()) flush();
    ready.push(answer);
    ready_bytes += bytes;
    left -= 1;
    if (left === 0 || ready.length >= ANSWERS_PER_MESSAGE) flush();
    else if (!scheduled) {
      scheduled = true;
      exit.clock.soon(() => {
        scheduled = false;
        flush();
      });
    }
  };
  return { add, flush };
}
