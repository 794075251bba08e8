/** The part of every door's desk where streams of watches begin, and what belongs to them is sorted out. */
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import { sendBody } from './door-answers.js';
import type { DeskOptions, DoorMessage } from './door-desk.js';
import type { WatchListener, WatchStream } from './ports.js';
import { decodeOpening, decodeWatchRequest } from './wire-watch-requests.js';
import { encodeWatchMessage } from './wire-watch.js';
import { encodeError, type Encoding } from './wire.js';

export interface WatchDesk {
  /** A message to `watch.create`. Throws what is wrong with it. */
  open(message: DoorMessage): void;
  /** A message to the subject of a session. */
  hear(session: string, body: Uint8Array): void;
  /** Nobody listens to what a session says. */
  gone(session: string): void;
}

interface Open {
  readonly listener: WatchListener;
  readonly stream: WatchStream;
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/** `name` makes names that nobody guesses: who knows one can end its session. */
export function createWatchDesk(options: DeskOptions, name: () => string): WatchDesk {
  const sessions = new Map<string, Open>();
  return {
    open: (message) => {
      const { opening, encoding } = decodeOpening(message.body);
      const session = name();
      const stream = streamTo(options, message, session, encoding, () => sessions.delete(session));
      const listener = options.handlers.watching(stream, opening);
      if (!stream.isOpen) return;
      sessions.set(session, { listener, stream });
      message.listen?.(session);
    },
    hear: (session, body) => {
      const open = sessions.get(session);
      if (open === undefined) return;
      try {
        if (body.length > options.request_bytes_max) throw errorOf('RequestTooLarge');
        open.listener.asked(decodeWatchRequest(body));
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        open.stream.complain(error);
      }
    },
    gone: (session) => sessions.get(session)?.listener.gone(),
  };
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
