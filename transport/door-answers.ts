/** How answers leave a door: whole, gathered by the turn, in pieces, or shortened where the asker takes no pieces. */
import type { Clock } from '../machines/language/time.js';
import type { DoorMessage } from './door-desk.js';
import { cutIntoPieces } from './pieces.js';
import type { Answer, Operation } from './ports.js';
import { type BatchAnswer, encodeBatchAnswers } from './wire-batch.js';
import { encodeAnswer, type Encoding, headerNames, shortened } from './wire.js';

/** Room for the headers beside a body: an error's text, a piece's number. */
const HEADER_BYTES = 2048;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();

const takesPieces = (message: DoorMessage): boolean => message.header(headerNames.pieces) === 'yes';

/** The answer to a message that holds one request. */
export function replyOne(
  message: DoorMessage,
  op: Operation,
  answer: Answer,
  encoding: Encoding,
  max_payload: number,
): void {
  let { body, headers } = encodeAnswer(answer, encoding);
  if (body.length + HEADER_BYTES > max_payload && !takesPieces(message)) {
    ({ body, headers } = encodeAnswer(shortened(answer, op), encoding));
  }
  send(message, body, headers, max_payload);
}

function send(message: DoorMessage, body: Uint8Array, headers: DoorHeaders, max_payload: number): void {
  if (body.length + HEADER_BYTES <= max_payload) return message.reply(body, headers);
  for (const piece of cutIntoPieces(body, Math.max(1, max_payload - HEADER_BYTES))) {
    const numbered = new Map(headers);
    numbered.set(headerNames.piece, `${piece.number}/${piece.total}`);
    numbered.set(headerNames.pieceCrc, piece.crc.toString(16).padStart(8, '0'));
    message.reply(piece.bytes, numbered);
  }
}

type DoorHeaders = ReadonlyMap<string, string>;

/** So many answers leave without waiting for the others: who asked reads them while the rest is still being made. */
const ANSWERS_PER_MESSAGE = 256;

/** The answers to one batch: what one turn brings goes in few messages, and the last one says that it is. */
export function gatherAnswers(
  message: DoorMessage,
  encoding: Encoding,
  count: number,
  operations: ReadonlyMap<number, Operation>,
  options: { readonly clock: Clock; maxPayload(): number },
): { add(answer: BatchAnswer): void; flush(): void } {
  let ready: BatchAnswer[] = [];
  let left = count;
  let scheduled = false;

  const shorten = (given: BatchAnswer): BatchAnswer => ({
    number: given.number,
    answer: shortened(given.answer, operations.get(given.number) ?? 'kv.range'),
  });

  const flush = () => {
    // All had left already when the turn ended.
    if (ready.length === 0 && count > 0) return;
    const max_payload = options.maxPayload();
    const whenTooLarge = takesPieces(message) ? undefined : shorten;
    const bodies = encodeBatchAnswers(ready, left === 0, encoding, max_payload - HEADER_BYTES, whenTooLarge);
    ready = [];
    for (const body of bodies) send(message, body, NO_HEADERS, max_payload);
  };

  const add = (answer: BatchAnswer) => {
    ready.push(answer);
    left -= 1;
    if (left === 0 || ready.length >= ANSWERS_PER_MESSAGE) flush();
    else if (!scheduled) {
      scheduled = true;
      options.clock.soon(() => {
        scheduled = false;
        flush();
      });
    }
  };
  return { add, flush };
}
