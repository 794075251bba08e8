/** The part of every door's desk where streams of watches begin, and what belongs to them is sorted out. */
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import { sendBody } from './door-answers.js';
import type { DeskOptions, DoorMessage } from './door-desk.js';
import type { WatchListener, WatchStream } from './ports.js';
import { decodeOpening, decodeWatchRequest } from './wire-watch-requests.js';
import { encodeWatchMessage } from './wire-watch.js';
import { encodeError, type Encoding } from './wire.js';

/** What goes on answering one request until it ends, by the name under which it is spoken to. */
export type Sessions = Map<string, Session>;

interface Session {
  /** A message to its subject. */
  hear(body: Uint8Array): void;
  /** Nobody listens to what it says. */
  gone(): void;
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/** A message to `watch.create`. Throws what is wrong with it. */
export function openWatch(options: DeskOptions, sessions: Sessions, message: DoorMessage): void {
  const { opening, encoding } = decodeOpening(message.body);
  const session = options.sessionName();
  const stream = streamTo(options, message, session, encoding, () => sessions.delete(session));
  const listener = options.handlers.watching(stream, opening);
  if (!stream.isOpen) return;
  sessions.set(session, {
    hear: (body) => hearRequest(options, listener, stream, body),
    gone: () => listener.gone(),
  });
  message.listen?.(session);
}

function hearRequest(options: DeskOptions, listener: WatchListener, stream: WatchStream, body: Uint8Array): void {
  try {
    if (body.length > options.request_bytes_max) throw errorOf('RequestTooLarge');
    listener.asked(decodeWatchRequest(body));
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    stream.complain(error);
  }
}

function streamTo(
  options: DeskOptions,
  message: DoorMessage,
  session: string,
  encoding: Encoding,
  closed: () => void,
): WatchStream {
  let open = true;
  const fail = (error: QuorateError): void => {
    const { body, headers } = encodeError(error, encoding);
    message.reply(body, headers);
  };
  const end = (): void => {
    if (!open) return;
    open = false;
    closed();
    message.unlisten?.(session);
  };
  return {
    get isOpen() {
      return open;
    },
    send: (said) => {
      if (!open) return 0;
      const body = encodeWatchMessage(said, encoding);
      if (options.unsentBytes() + body.length > limits.answers_unsent_bytes_max) return 0;
      return sendBody(message, body, NO_HEADERS, options.maxPayload(), session) ? body.length : 0;
    },
    refuse: (error) => {
      if (!open) return;
      fail(error);
      end();
    },
    complain: fail,
    close: end,
  };
}
