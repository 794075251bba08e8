/** The part of every door's desk where inspections begin, and drills where the member takes them. */
import { badRequest, QuorateError } from '../machines/language/errors.js';
import type { Drill } from '../machines/language/inspection.js';
import { limits } from '../machines/language/limits.js';
import type { DeskOptions, DoorMessage } from './door-desk.js';
import { replyError } from './door-answers.js';
import { openSession, type Sessions } from './door-sessions.js';
import type { InspectionStream } from './ports.js';
import { createFrameWriter, decodeDrill, decodeInspection } from './wire-inspection.js';
import { encodingOf } from './wire.js';
import { print } from './wire-values.js';

/** Room for a message's head beside the events in it. */
const HEAD_BYTES = 4096;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/** A message to `inspect.start`. Throws what is wrong with it. */
export function openInspection(options: DeskOptions, sessions: Sessions, message: DoorMessage): void {
  const request = decodeInspection(message.body);
  const session = openSession(options, sessions, message);
  const write = createFrameWriter();
  const stream: InspectionStream = {
    tell: (told) => {
      if (!session.isOpen) return false;
      const bodies = write(told, options.maxPayload() - HEAD_BYTES);
      const bytes = bodies.reduce((sum, { length }) => sum + length, 0);
      // What is lost here shows as numbers that are missing.
      if (options.unsentBytes() + bytes > limits.inspection_unsent_bytes_max) return false;
      return bodies.every((body) => message.reply(body, NO_HEADERS, session.name));
    },
    close: () => session.end(),
  };
  const listener = options.handlers.inspecting(stream, request);
  session.begin({
    hear: () => replyError(message, badRequest('inspect: an inspection takes no requests'), 'json'),
    gone: () => {
      session.end();
      listener.gone();
    },
  });
}

/** A message to `drill.…`. Throws what is wrong with it. */
export function runDrill({ handlers }: DeskOptions, message: DoorMessage, drill: Drill): void {
  const for_ms = decodeDrill(drill, message.body);
  const encoding = encodingOf(message.body);
  handlers.drill(drill, for_ms).then(
    (said) => void message.reply(print({ said }, encoding), NO_HEADERS),
    (error: unknown) => {
      if (!(error instanceof QuorateError)) throw error;
      replyError(message, error, encoding);
    },
  );
}
