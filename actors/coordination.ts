/**
 * The room of locks and elections: while this member leads, whoever contends for a name waits here for its turn
 * (machines/coordination.ts). It has no state that matters: keys and leases are the store's, and who asks again at the
 * next leader goes on where it was.
 */
import { fromCallback } from 'xstate';
import { leave, proclaim, WAITING_TTL_MS } from '../machines/coordination.js';
import { EMPTY, toHex } from '../machines/language/bytes.js';
import type { CoordinationRequest } from '../machines/language/coordination.js';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { unreachable } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import type { Written } from '../store/ports.js';
import type { Answer, Ask } from '../transport/ports.js';
import { contend } from './contend.js';
import {
  type CoordinationInput,
  type Desk,
  type Freed,
  made,
  perform,
  revisionOf,
  send,
  transact,
  type Pending,
} from './coordination-desk.js';
import type { CoordinationLetter } from './mail.js';
import { leaderOf, noteChanges, observe } from './observe.js';

export const coordinationRoom = fromCallback<CoordinationLetter, CoordinationInput>((room) => {
  const desk: Desk = {
    ...room.input,
    system: room.system,
    term: null,
    contending: 0,
    waiting: new Set(),
    observers: new Set(),
    looking: 0,
    ended: new Set(),
    renewed_ms: 0,
  };
  room.receive((letter) => handle(desk, letter));
});

function handle(desk: Desk, letter: CoordinationLetter): void {
  switch (letter.type) {
    case 'openDoor':
      desk.term = letter.term;
      return;
    case 'closeDoor':
      desk.term = null;
      return resumeWhere(pending(desk), () => true, 'closed');
    case 'coordinate':
      return void serve(desk, letter.ask, letter.request);
    case 'written':
      noteChanges(desk, letter.written);
      return noteEnds(desk, letter.written);
    case 'tick':
      return tick(desk, letter.now_ms);
    default:
      return unreachable(letter);
  }
}

/** Always answers. */
async function serve(desk: Desk, ask: Ask, request: CoordinationRequest): Promise<void> {
  try {
    ask.answer(await answerTo(desk, ask, request));
  } catch (error) {
    const known = error instanceof QuorateError ? error : new QuorateError('Internal', `quorate: ${String(error)}`);
    ask.answer({ ok: false, error: known });
  }
}

async function answerTo(desk: Desk, ask: Ask, request: CoordinationRequest): Promise<Answer> {
  switch (request.op) {
    case 'lock.lock':
      return contend(desk, ask, { ...request.body, value: EMPTY }, (won) => ({ op: request.op, body: won }));
    case 'election.campaign':
      return contend(desk, ask, request.body, ({ revision, key, rev, lease }) => {
        const leader = { name: request.body.name, key, rev, lease };
        return { op: request.op, body: { revision, leader } };
      });
    case 'lock.unlock': {
      const { key } = request.body;
      const done = await perform(desk, ask, { op: 'kv.delete', body: { key, range_end: EMPTY, prev_kv: false } });
      return made(done, { op: request.op, body: { revision: revisionOf(done) } });
    }
    case 'election.proclaim': {
      const { leader, value } = request.body;
      const done = await transact(desk, ask, proclaim(leader.key, leader.rev, value));
      if (!done.result.succeeded) throw errorOf('ElectionNotLeader');
      return made(done.answer, { op: request.op, body: { revision: done.result.revision } });
    }
    case 'election.resign': {
      const { leader } = request.body;
      const done = await transact(desk, ask, leave(leader.key, leader.rev));
      return made(done.answer, { op: request.op, body: { revision: done.result.revision } });
    }
    case 'election.leader': {
      const { done, kv } = await leaderOf(desk, ask, request.body.name);
      if (kv === undefined) throw errorOf('ElectionNoLeader');
      return made(done, { op: request.op, body: { revision: revisionOf(done), kv } });
    }
    case 'election.observe':
      return observe(desk, ask, request.body);
    default:
      return unreachable(request);
  }
}

/* ---- what happens meanwhile ------------------------------------------------------------------------------------- */

function noteEnds(desk: Desk, written: Written): void {
  if (desk.looking === 0 && desk.waiting.size === 0) return;
  const ended = new Set<string>();
  for (const { events } of written.events) {
    for (const event of events) if (event.type === 'delete') ended.add(toHex(event.kv.key));
  }
  if (ended.size === 0) return;
  if (desk.looking > 0) for (const key of ended) desk.ended.add(key);
  resumeWhere([...desk.waiting], ({ behind }) => ended.has(behind), 'freed');
}

/** Everybody who waits for something and for no longer than its time. */
const pending = ({ waiting, observers }: Desk): readonly Pending[] => [...waiting, ...observers];

function resumeWhere<P extends Pending>(all: readonly P[], which: (one: P) => boolean, freed: Freed): void {
  for (const one of all) if (which(one)) one.resume(freed);
}

function tick(desk: Desk, now_ms: number): void {
  resumeWhere(pending(desk), ({ deadline_ms }) => deadline_ms <= now_ms, 'late');
  if (desk.waiting.size === 0) return;
  if (now_ms - desk.renewed_ms < WAITING_TTL_MS / 3) return;
  desk.renewed_ms = now_ms;
  const ids = [...desk.waiting].map(({ lease }) => lease);
  for (let at = 0; at < ids.length; at += limits.keepalive_leases_max) {
    const body = { ids: ids.slice(at, at + limits.keepalive_leases_max) };
    void send(desk, { op: 'lease.keepalive', body }, WAITING_TTL_MS / 3);
  }
}
