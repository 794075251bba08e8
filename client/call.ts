/** One request of a caller on its way, and one attempt at several of them: rows of the connection, not actors. */
import type { QuorateError } from '../machines/language/errors.js';
import type { Answer, Request } from '../transport/ports.js';
import type { Lane } from './lane.js';

export type Succeeded = Extract<Answer, { readonly ok: true }>;

export interface Call {
  /** Names the call in every attempt: with the client's id it is the request id of a write. */
  readonly number: number;
  readonly request: Request;
  readonly write: boolean;
  lane: Lane;
  /** What it counts for against the bounds: at least its size on the wire. */
  readonly bytes: number;
  readonly budget_ms: number;
  readonly deadline_ms: number;
  /** Sent again from then on, if the newest attempt has not been answered. */
  overdue_ms: number;
  /** [safety] The highest log index seen when this was first sent; the same in every attempt. -1: not sent yet. */
  since: number;
  /** The newest attempt, while it is under way. */
  attempt: Attempt | null;
  attempts: number;
  /** [safety] Attempts that may have reached a node: published, and not answered by "nobody serves this". */
  reached: number;
  /** The last answer that was no outcome. */
  trouble: Error | undefined;
  settled: boolean;
  readonly succeed: (answer: Succeeded) => void;
  readonly fail: (error: QuorateError) => void;
  /** Stops listening to the caller's abort signal. */
  unhook: (() => void) | undefined;
}

/** One message that carried calls. A late answer, when a newer attempt is under way, is an outcome all the same. */
export interface Attempt {
  readonly lane: Lane;
  readonly calls: readonly Call[];
  /** The member it was addressed to. */
  readonly member: string | undefined;
  readonly sent_ms: number;
  /** When the first of its calls is overdue. */
  overdue_ms: number;
  /** An answer to it has come. */
  heard: boolean;
  over: boolean;
  /** A call of it met trouble; the lane waits once for all of them. */
  blamed: boolean;
}
