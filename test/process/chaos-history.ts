/**
 * A chaos run's history for checkers that are not ours: one line of JSON for each operation.
 *
 *   {"client", "call", "return", "op", "args", "result", "unknown"}
 *
 * `call` and `return` count what happened before what, without gaps of meaning. Without an answer `return` and `result`
 * are null: with `unknown` it may have been done at any time from its call on; without, it surely was not.
 */
import type { Recorded } from '../simulation/checker.js';

export function historyLines(history: readonly Recorded[]): string {
  return history.map((operation) => `${JSON.stringify(lineOf(operation))}\n`).join('');
}

function lineOf({ client, input, called, answered, made }: Recorded): Readonly<Record<string, unknown>> {
  const { type: op, ...args } = input;
  if (answered === null) return { client, call: called, return: null, op, args, result: null, unknown: made !== null };
  const { type: _, ...result } = answered.output;
  return { client, call: called, return: answered.at, op, args, result, unknown: false };
}
