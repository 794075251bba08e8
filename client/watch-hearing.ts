/** What a member says on a stream of watches, and who of the watchers is told. */
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { NO_WATCH_ID, type WatchMessage, type WatchResponse } from '../machines/language/watching.js';
import { toWatchResponse } from './answers.js';
import type { LinkMessage } from '../transport/ports.js';
import { encodeWatchRequest } from '../transport/wire-watch-requests.js';
import { decodeWatchMessage } from '../transport/wire-watch.js';
import { lose, say, type Stream } from './watch-stream.js';
import { CompactedWatchError } from './watcher.js';

const FINAL: ReadonlySet<string> = new Set(['InvalidArgument', 'PermissionDenied', 'Unauthenticated']);
/** Acknowledged after so many bytes, and with every heartbeat. */
const ACKNOWLEDGE_BYTES = 1024 * 1024;
/** Heartbeats in a row that know no leader. */
const LEADERLESS_MAX = 2;

export function hear(stream: Stream, raw: LinkMessage): void {
  const { reply } = raw;
  // [safety] An opening that was heard twice has made two streams: what the other one says has its own numbers.
  if (reply !== undefined && stream.subject !== null && reply !== stream.subject) return endOther(stream, reply);
  let message: WatchMessage;
  try {
    message = decodeWatchMessage(raw.body);
  } catch (error) {
    return refused(stream, error);
  }
  stream.heard_ms = stream.core.clock.now_ms();
  if (message.ended !== '') return lose(stream, message.ended);
  // [safety] A number that is missing was a response that is: the member is not asked for it again, another is.
  if (message.number !== stream.number + (message.heartbeat === null ? 1 : 0))
    return lose(stream, 'a response is missing');
  stream.number = message.number;
  if (stream.subject === null && reply !== undefined) opened(stream, reply);
  const { link } = stream;
  for (const response of message.responses) {
    hearResponse(stream, message, response);
    if (stream.link !== link) return;
  }
  stream.unacknowledged_bytes += raw.body.length;
  if (message.heartbeat !== null) hearHeartbeat(stream, message, message.heartbeat);
  else if (stream.unacknowledged_bytes >= ACKNOWLEDGE_BYTES) acknowledge(stream);
}

function endOther({ core }: Stream, subject: string): void {
  core.link.publish(subject, encodeWatchRequest({ type: 'end' }, 'msgpack'));
}

/** What is wrong with a watcher itself is wrong at every member. */
function refused(stream: Stream, error: unknown): void {
  const final = error instanceof QuorateError && FINAL.has(error.code);
  const [first] = stream.creating.values();
  if (final) first?.watching.end(error);
  lose(stream, error instanceof Error ? error.message : String(error));
}

function opened(stream: Stream, subject: string): void {
  stream.subject = subject;
  stream.failures = 0;
  stream.leaderless = 0;
  // `<cluster>.member.<name>.watch.<id>`
  stream.member = subject.split('.').at(-3);
  stream.send({ type: 'opened' });
}

function hearResponse(stream: Stream, { header }: WatchMessage, response: WatchResponse): void {
  if (response.created) return hearCreated(stream, header, response);
  const shown = toWatchResponse(header, response);
  for (const id of response.watch_ids) {
    if (id < 0) return markAll(stream, header, response.revision, [], true);
    const watching = stream.watchings.get(id);
    if (watching === undefined || !stream.taken.has(watching)) continue;
    if (response.canceled) watching.end(refusalOf(response));
    else watching.response(response, shown);
  }
}

function hearCreated(stream: Stream, header: WatchMessage['header'], response: WatchResponse): void {
  // [safety] By its id: what one was told of must not count as another's, nor a repeated question's refusal as its own.
  const [given = NO_WATCH_ID] = response.watch_ids;
  const id = given === NO_WATCH_ID ? response.asked_id : given;
  const watching = stream.creating.get(id)?.watching;
  stream.creating.delete(id);
  if (watching === undefined) return;
  if (stream.watchings.get(id) !== watching) return void say(stream, { type: 'cancel', watch_id: id });
  if (response.canceled) return watching.end(refusalOf(response));
  stream.taken.add(watching);
  watching.created(header, response.revision);
  watching.connected(stream.member ?? '');
}

function refusalOf({ compact_revision, cancel_reason }: WatchResponse): QuorateError {
  if (compact_revision > 0) return new CompactedWatchError(compact_revision);
  return new QuorateError('Canceled', cancel_reason === '' ? errorOf('WatchCanceled').message : cancel_reason);
}

function markAll(
  stream: Stream,
  header: WatchMessage['header'],
  revision: number,
  behind: readonly number[],
  asked: boolean,
): void {
  const apart = new Set(behind);
  for (const watching of stream.taken) if (!apart.has(watching.id)) watching.mark(header, revision, asked);
}

function hearHeartbeat(
  stream: Stream,
  { header }: WatchMessage,
  heartbeat: NonNullable<WatchMessage['heartbeat']>,
): void {
  markAll(stream, header, header.revision, heartbeat.behind, false);
  if (stream.unacknowledged_bytes > 0) acknowledge(stream);
  stream.leaderless = heartbeat.leader ? 0 : stream.leaderless + 1;
  if (heartbeat.leader) stream.led_ms = stream.heard_ms;
  if (stream.leaderless >= LEADERLESS_MAX) lose(stream, 'the member hears no leader');
}

function acknowledge(stream: Stream): void {
  stream.unacknowledged_bytes = 0;
  say(stream, { type: 'acknowledge', number: stream.number });
}
