/** What the room of locks and elections holds, and how it asks the store: as a client of this member's own. */
import type { RangeResult, TxnRequest, TxnResult } from '../machines/language/commands.js';
import type { CoordinationResult } from '../machines/language/coordination.js';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { Revision, Term } from '../machines/language/vocabulary.js';
import type { Answer, Ask, Request } from '../transport/ports.js';
import { post, type System } from './mail.js';
import type { NodePorts } from './ports.js';

export interface CoordinationInput {
  readonly ports: NodePorts;
}

export type Succeeded = Extract<Answer, { readonly ok: true }>;
export type Freed = 'freed' | 'late' | 'closed';

/** Waits for something, and no longer than its time. */
export interface Pending {
  readonly deadline_ms: number;
  readonly resume: (freed: Freed) => void;
}

/** Waits for the end of a key. */
export interface Waiting extends Pending {
  /** The key before its own, as hex. */
  readonly behind: string;
  readonly lease: bigint;
}

/** Waits for a change below a name. */
export interface Observer extends Pending {
  readonly name: Uint8Array;
}

export interface Desk extends CoordinationInput {
  readonly system: System;
  /** The term whose leader this is. */
  term: Term | null;
  /** Those under way, waiting or not. */
  contending: number;
  readonly waiting: Set<Waiting>;
  readonly observers: Set<Observer>;
  /** Keys whose end is of interest to those who are looking just now, and how many they are. */
  looking: number;
  readonly ended: Set<string>;
  renewed_ms: number;
}

export function send(desk: Desk, request: Request, timeout_ms: number): Promise<Answer> {
  const { term } = desk;
  if (term === null) return Promise.resolve({ ok: false, error: errorOf('LeaderChanged') });
  return new Promise((answer) => {
    post(desk.system, 'requests', { type: 'asked', asks: [{ request, id: null, timeout_ms, term, answer }] });
  });
}

export async function perform(desk: Desk, ask: Ask, request: Request): Promise<Succeeded> {
  const answer = await send(desk, request, Math.min(ask.timeout_ms, limits.request_timeout_ms));
  if (!answer.ok) throw answer.error;
  return answer;
}

export async function transact(
  desk: Desk,
  ask: Ask,
  body: TxnRequest,
): Promise<{ readonly answer: Succeeded; readonly result: TxnResult }> {
  const answer = await perform(desk, ask, { op: 'kv.txn', body });
  return { answer, result: resultOf(answer, 'kv.txn') };
}

interface Results {
  readonly 'kv.txn': TxnResult;
  readonly 'kv.range': RangeResult;
}

export function resultOf<Op extends keyof Results>(answer: Succeeded, op: Op): Results[Op] {
  if (!('truncated' in answer) && answer.result.op === op) return answer.result.body as Results[Op];
  throw new QuorateError('Internal', `quorate: ${op} has no result`);
}

export const revisionOf = (answer: Succeeded): Revision => answer.header.revision as Revision;

export const made = (answer: Succeeded, result: CoordinationResult): Answer => ({
  ok: true,
  header: answer.header,
  result,
});
