/** The part of every door's desk where streams of watches begin, and what belongs to them is sorted out. */
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import { replyError, sendBody } from './door-answers.js';
import type { DeskOptions, DoorMessage } from './door-desk.js';
import { type OpenSession, openSession, type Sessions } from './door-sessions.js';
import type { WatchListener, WatchStream } from './ports.js';
import { decodeOpening, decodeWatchRequest } from './wire-watch-requests.js';
import { encodeWatchMessage } from './wire-watch.js';
import type { Encoding } from './wire.js';

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/** A message to `watch.create`. Throws what is wrong with it. */
export function openWatch(options: DeskOptions, sessions: Sessions, message: DoorMessage): void {
  const { opening, encoding } = decodeOpening(message.body);
  const session = openSession(options, sessions, message);
  const stream = streamTo(options, message, session, encoding);
  const listener = options.handlers.watching(stream, opening);
  session.begin({
    hear: (body) => hearRequest(options, listener, stream, body),
    gone: () => listener.gone(),
  });
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

function streamTo(options: DeskOptions, message: DoorMessage, session: OpenSession, encoding: Encoding): WatchStream {
  return {
    get isOpen() {
      return session.isOpen;
    },
    send: (said) => {
      if (!session.isOpen) return 0;
      const body = encodeWatchMessage(said, encoding);
      if (options.unsentBytes() + body.length > limits.answers_unsent_bytes_max) return 0;
      return sendBody(message, body, NO_HEADERS, options.maxPayload(), session.name) ? body.length : 0;
    },
    refuse: (error) => {
      if (!session.isOpen) return;
      replyError(message, error, encoding);
      session.end();
    },
    complain: (error) => replyError(message, error, encoding),
    close: () => session.end(),
  };
}
