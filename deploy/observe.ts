/** A node's journal: one JSON line an event on stderr, and a readable line where stderr is a terminal. */
import { inspect } from 'node:util';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Journal } from '../actors/ports.js';
import { hex16 } from '../machines/language/bytes.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const stderr = 2;

export const preferredFormat = (): 'json' | 'console' => (process.stderr.isTTY ? 'console' : 'json');

/** `name` stands in each line, so that the lines of several nodes can be mixed. */
export function openJournal(name: string, level: LogLevel, format = preferredFormat()): Journal {
  // Synchronous: the last line before an end is the one that matters.
  const destination: DestinationStream =
    format === 'console'
      ? PinoPretty({ destination: stderr, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
      : pino.destination({ dest: stderr, sync: true });
  const logger = pino(
    {
      level,
      base: { name },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
  return {
    info: (what, facts) => logger.info(plain(facts), what),
    warn: (what, facts) => logger.warn(plain(facts), what),
    error: (what, facts) => logger.error(plain(facts), what),
  };
}

/** Ids are 64-bit and print as 16 hex digits; an error prints its text and its cause. */
function plain(facts: Record<string, unknown> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return hex16(value);
  if (value instanceof Error) return errorText(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (value !== null && typeof value === 'object') return plain(value as Record<string, unknown>);
  return value;
}

export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : inspect(error);
  const cause = error.cause === undefined ? '' : errorText(error.cause);
  return error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
