/** The part of every door's desk where inspections begin, and drills where the member takes them. */
import { badRequest, QuorateError } from '../machines/language/errors.js';
import type { Drill } from '../machines/language/inspection.js';
import { limits } from '../machines/language/limits.js';
import type { DeskOptions, DoorMessage } from './door-desk.js';
import type { Sessions } from './door-watches.js';
import type { InspectionStream } from './ports.js';
import { createFrameWriter, decodeDrill, decodeInspection } from './wire-inspection.js';
import { encodeError, encodingOf } from './wire.js';
import { print } from './wire-values.js';

/** Room for a message's head beside the events in it. */
const HEAD_BYTES = 4096;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/** A message to `inspect.start`. Throws what is wrong with it. */
export function openInspection(options: DeskOptions, sessions: Sessions, message: DoorMessage): void {
  const request = decodeInspection(message.body);
  const session = options.sessionName();
  const write = createFrameWriter();
  let open = true;
  const end = (): void => {
    if (!open) return;
    open = false;
    sessions.delete(session);
    message.unlisten?.(session);
  };
  const stream: InspectionStream = {
    tell: (told) => {
      if (!open) return false;
      const bodies = write(told, options.maxPayload() - HEAD_BYTES);
      const bytes = bodies.reduce((sum, { length }) => sum + length, 0);
      // What is lost here shows as numbers that are missing.
      if (options.unsentBytes() + bytes > limits.inspection_unsent_bytes_max) return false;
      return bodies.every((body) => message.reply(body, NO_HEADERS, session));
    },
    close: end,
  };
  const listener = options.handlers.inspecting(stream, request);
  sessions.set(session, {
    hear: () => {
      const { body, headers } = encodeError(badRequest('inspect: an inspection takes no requests'), 'json');
      message.reply(body, headers);
    },
    gone: () => {
      end();
      listener.gone();
    },
  });
  message.listen?.(session);
}

/** A message to `drill.…`. Throws what is wrong with it. */
export function runDrill({ handlers }: DeskOptions, message: DoorMessage, drill: Drill): void {
  const for_ms = decodeDrill(drill, message.body);
  const encoding = encodingOf(message.body);
  handlers.drill(drill, for_ms).then(
    (said) => void message.reply(print({ said }, encoding), NO_HEADERS),
    (error: unknown) => {
      if (!(error instanceof QuorateError)) throw error;
      const { body, headers } = encodeError(error, encoding);
      message.reply(body, headers);
    },
  );
}
