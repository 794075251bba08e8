/** What a stream of watches says, as bytes: an event is encoded once for all messages of one encoding that hold it. */
import { concatBytes, fromText } from '../machines/language/bytes.js';
import type { DeleteCause } from '../machines/language/commands.js';
import { badRequest } from '../machines/language/errors.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import { revision as asRevision } from '../machines/language/vocabulary.js';
import type { HistoryResult, WatchEvent, WatchMessage, WatchResponse } from '../machines/language/watching.js';
import { pack, packListHead } from './pack.js';
import { readError } from './wire-answers.js';
import { readKeyValue, writeKeyValue } from './wire-key-value.js';
import { readHeader, writeHeader } from './wire-header.js';
import {
  type Encoding,
  isMap,
  parse,
  printText,
  readFlag,
  readInteger,
  readList,
  readMap,
  readText,
} from './wire-values.js';

/* ---- writing --------------------------------------------------------------------------------------------------- */

export const writeEvent = ({ event, prev_kv }: WatchEvent): Fields => ({
  type: event.type,
  kv: writeKeyValue(event.kv),
  prev_kv: prev_kv === null ? null : writeKeyValue(prev_kv),
  cause: event.cause,
});

/** What of a response is small and its own. */
const frameOf = ({ events: _events, asked_id, ...rest }: WatchResponse): Fields =>
  asked_id === 0 ? rest : { ...rest, asked_id };

const headOf = ({ header, number, heartbeat, ended }: WatchMessage): Fields => ({
  header: writeHeader(header),
  number,
  ...(heartbeat === null ? {} : { heartbeat }),
  ...(ended === '' ? {} : { ended }),
});

export const encodeWatchMessage = (message: WatchMessage, encoding: Encoding): Uint8Array =>
  encoding === 'json' ? fromText(messageText(message)) : packMessage(message);

const texts = new WeakMap<WatchEvent, string>();

function textOf(event: WatchEvent): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = printText(writeEvent(event));
  texts.set(event, text);
  return text;
}

function messageText(message: WatchMessage): string {
  const responses = message.responses.map((response) =>
    extended(printText(frameOf(response)), `"events":[${response.events.map(textOf).join(',')}]`),
  );
  return extended(printText(headOf(message)), `"responses":[${responses.join(',')}]`);
}

/** The text of a map with one more field. */
const extended = (map: string, field: string): string => `${map.slice(0, -1)},${field}}`;

const packed = new WeakMap<WatchEvent, Uint8Array>();

function packedEvent(event: WatchEvent): Uint8Array {
  const known = packed.get(event);
  if (known !== undefined) return known;
  const bytes = pack(writeEvent(event));
  packed.set(event, bytes);
  return bytes;
}

const EVENTS = pack('events');
const RESPONSES = pack('responses');

function packMessage(message: WatchMessage): Uint8Array {
  const parts: Uint8Array[] = [extendable(headOf(message)), RESPONSES, packListHead(message.responses.length)];
  for (const response of message.responses) {
    parts.push(extendable(frameOf(response)), EVENTS, packListHead(response.events.length));
    for (const event of response.events) parts.push(packedEvent(event));
  }
  return concatBytes(parts);
}

/** A packed map of at most 14 fields that says it has one more: its key and value follow. */
function extendable(map: Fields): Uint8Array {
  const bytes = pack(map);
  bytes[0] = (bytes[0] as number) + 1;
  return bytes;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

/** Throws the error that a node answered, or InvalidArgument where it is no message. */
export function decodeWatchMessage(body: Uint8Array): WatchMessage {
  const message = readMap('watch', parse('watch: message', body));
  if (isMap(message['error'])) throw readError(message['error']);
  const heartbeat = message['heartbeat'];
  return {
    header: readHeader(message['header'], null),
    number: readInteger('watch', message, 'number'),
    responses: readList('watch', message, 'responses').map(readResponse),
    heartbeat: isMap(heartbeat)
      ? { leader: readFlag('watch', heartbeat, 'leader'), behind: readNumbers(heartbeat, 'behind') }
      : null,
    ended: readText('watch', message, 'ended'),
  };
}

const readNumbers = (fields: Fields, name: string): number[] =>
  readList('watch', fields, name).map((value) => {
    if (typeof value === 'number') return value;
    throw badRequest(`watch: field "${name}" holds what is no number`);
  });

function readResponse(value: Value): WatchResponse {
  const fields = readMap('watch response', value);
  return {
    watch_ids: readNumbers(fields, 'watch_ids'),
    revision: readInteger('watch', fields, 'revision'),
    created: readFlag('watch', fields, 'created'),
    canceled: readFlag('watch', fields, 'canceled'),
    compact_revision: readInteger('watch', fields, 'compact_revision'),
    cancel_reason: readText('watch', fields, 'cancel_reason'),
    asked_id: readInteger('watch', fields, 'asked_id'),
    fragment: readFlag('watch', fields, 'fragment'),
    initial: readFlag('watch', fields, 'initial'),
    more: readFlag('watch', fields, 'more'),
    events: readList('watch', fields, 'events').map(readEvent),
  };
}

function readEvent(value: Value): WatchEvent {
  const fields = readMap('event', value);
  const { prev_kv } = fields;
  const type = readText('event', fields, 'type');
  if (type !== 'put' && type !== 'delete') throw badRequest(`watch: an event of type ${JSON.stringify(type)}`);
  // A cause that this client does not know yet is none of the user's doing; the text is passed on.
  const cause = (readText('event', fields, 'cause') || 'user') as DeleteCause;
  return {
    event: { type, kv: readKeyValue(fields['kv']), cause },
    prev_kv: prev_kv === undefined || prev_kv === null ? null : readKeyValue(prev_kv),
  };
}

export const readHistory = (body: Fields, revision: number): HistoryResult => ({
  revision: asRevision(revision),
  events: readList('history', body, 'events').map(readEvent),
  more: readFlag('history', body, 'more'),
  next_revision: readInteger('history', body, 'next_revision'),
});
