/**
 * The room of the leases' time: while this member leads, it renews them, revokes those whose time is over, and notes
 * what remains of the others (machines/lessor.ts). Followers count nothing (B-47).
 */
import { fromCallback } from 'xstate';
import type { LeaseCheckpoint } from '../machines/language/leases.js';
import { errorOf, type QuorateError } from '../machines/language/errors.js';
import { unreachable } from '../machines/language/invariant.js';
import type { Term } from '../machines/language/vocabulary.js';
import {
  addLease,
  confirmCleared,
  dropLease,
  holdsBack,
  type Lessor,
  openLessor,
  type Pulse,
  remainingOf,
  renewLease,
  reviveLease,
  ttlOf,
  turnWheel,
} from '../machines/lessor.js';
import type { LeaseChange } from '../store/ports.js';
import {
  type LeaseAnswer,
  type LeaseQuestion,
  type LeaseTickerLetter,
  type Outcome,
  post,
  type System,
} from './mail.js';
import type { NodePorts, NodeSettings } from './ports.js';

export interface LeaseTickerInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
}

/** A renewal that waits: for its lease's revocation, or for a note to be taken back. */
type Waiting = (outcome: 'gone' | 'cleared' | QuorateError) => void;

interface Ticker extends LeaseTickerInput {
  readonly system: System;
  /** The term whose door is open; its leases are counted once an entry of it is decided. */
  serving: Term | null;
  lessor: Lessor | null;
  /** Renewals that have arrived and are not answered. */
  readonly awaited: Map<bigint, number>;
  waiting: Map<bigint, Waiting[]>;
  readonly pulse: Pulse;
}

export const leaseTickerRoom = fromCallback<LeaseTickerLetter, LeaseTickerInput>((room) => {
  const ticker: Ticker = {
    ...room.input,
    system: room.system,
    serving: null,
    lessor: null,
    awaited: new Map(),
    waiting: new Map(),
    pulse: { ticked_ms: room.input.ports.clock.now_ms(), held_ms: null },
  };
  room.receive((letter) => handle(ticker, letter));
});

function handle(ticker: Ticker, letter: LeaseTickerLetter): void {
  switch (letter.type) {
    case 'openDoor':
      ticker.serving = letter.term;
      return;
    case 'closeDoor':
      return stepDown(ticker);
    case 'decided':
      return decided(ticker, letter.term, letter.leases);
    case 'awaited':
      for (const id of letter.ids) ticker.awaited.set(id, (ticker.awaited.get(id) ?? 0) + 1);
      return;
    case 'answered':
      return answered(ticker, letter.ids);
    case 'confirmed':
      return confirmed(ticker, letter.question, letter.answer);
    case 'tick':
      return tick(ticker, letter.now_ms);
    default:
      return unreachable(letter);
  }
}

/** [safety] What a deposed leader counted means nothing, and whoever waited on it hears so. */
function stepDown(ticker: Ticker): void {
  ticker.serving = null;
  ticker.lessor = null;
  const { waiting } = ticker;
  ticker.waiting = new Map();
  for (const list of waiting.values()) for (const resume of list) resume(errorOf('LeaderChanged'));
}

/** [safety] Time is counted from an entry of the own term on: no renewal of an earlier leader is missing then. */
function decided(ticker: Ticker, term: Term, leases: readonly LeaseChange[]): void {
  const { ports, lessor } = ticker;
  if (ticker.serving === null) return;
  const now_ms = ports.clock.now_ms();
  if (lessor === null) {
    if (term >= ticker.serving) ticker.lessor = openLessor(ports.kv.leases.all(), now_ms);
    return;
  }
  for (const { id, before, after } of leases) {
    if (after === null) {
      dropLease(lessor, id);
      resumeAll(ticker, id, 'gone');
    } else if (before === null) addLease(lessor, after, now_ms);
  }
}

function answered(ticker: Ticker, ids: readonly bigint[]): void {
  for (const id of ids) {
    const count = (ticker.awaited.get(id) ?? 0) - 1;
    if (count > 0) ticker.awaited.set(id, count);
    else ticker.awaited.delete(id);
  }
}

function resumeAll(ticker: Ticker, id: bigint, outcome: Parameters<Waiting>[0]): void {
  const list = ticker.waiting.get(id);
  ticker.waiting.delete(id);
  for (const resume of list ?? []) resume(outcome);
}

/* ---- renewals --------------------------------------------------------------------------------------------------- */

function confirmed(ticker: Ticker, question: LeaseQuestion, answer: (answer: LeaseAnswer) => void): void {
  const { lessor, ports } = ticker;
  if (lessor === null) return answer({ ok: false, error: errorOf('LeaderChanged') });
  if (question.op === 'lease.keepalive') return renewAll(ticker, lessor, question.body.ids, answer);
  const { id, keys } = question.body;
  const remaining_ms = remainingOf(lessor, id, ports.clock.now_ms());
  const body = {
    id,
    ttl_ms: remaining_ms === undefined ? -1 : Math.floor(remaining_ms),
    granted_ttl_ms: ttlOf(lessor, id),
    keys: keys && remaining_ms !== undefined ? ports.kv.leases.keysOf(id) : [],
  };
  answer({ ok: true, result: { op: 'lease.timetolive', body } });
}

/** Answers once all of them are renewed or gone. */
function renewAll(ticker: Ticker, lessor: Lessor, ids: readonly bigint[], answer: (answer: LeaseAnswer) => void): void {
  const now_ms = ticker.ports.clock.now_ms();
  const leases = ids.map((id) => ({ id, ttl_ms: 0 }));
  const toClear: bigint[] = [];
  let open = 1;
  let failed = false;
  const close = (): void => {
    if (--open === 0 && !failed) answer({ ok: true, result: { op: 'lease.keepalive', body: { leases } } });
  };
  ids.forEach((id, n) => {
    const renewed = (): void => {
      ticker.ports.vitals.counts.leases_renewed++;
      leases[n] = { id, ttl_ms: ttlOf(lessor, id) };
    };
    const renewal = renewLease(lessor, id, now_ms);
    if (renewal === 'renewed') return renewed();
    if (renewal === 'gone') return;
    open++;
    if (renewal === 'clear' && !ticker.waiting.has(id)) toClear.push(id);
    wait(ticker, id, (outcome) => {
      if (outcome === 'cleared') renewed();
      else if (outcome !== 'gone' && !failed) {
        failed = true;
        answer({ ok: false, error: outcome });
      }
      close();
    });
  });
  clear(ticker, lessor, toClear);
  close();
}

function wait(ticker: Ticker, id: bigint, resume: Waiting): void {
  const list = ticker.waiting.get(id);
  if (list === undefined) ticker.waiting.set(id, [resume]);
  else list.push(resume);
}

/** [safety] The next leader would begin with what was noted: the renewal counts only once that is taken back. */
function clear(ticker: Ticker, lessor: Lessor, ids: readonly bigint[]): void {
  if (ids.length === 0) return;
  note(
    ticker,
    ids.map((id) => ({ id, remaining_ms: 0 })),
    (outcome) => {
      if (ticker.lessor !== lessor) return;
      const now_ms = ticker.ports.clock.now_ms();
      for (const id of ids) {
        if (outcome.ok) resumeAll(ticker, id, confirmCleared(lessor, id, now_ms) ? 'cleared' : 'gone');
        else {
          reviveLease(lessor, id);
          resumeAll(ticker, id, outcome.error);
        }
      }
    },
  );
}

/* ---- what is due ------------------------------------------------------------------------------------------------ */

/** After a stall nothing is over yet: renewals that arrived during it go first. */
function tick(ticker: Ticker, now_ms: number): void {
  const { lessor, settings } = ticker;
  const held = holdsBack(ticker.pulse, now_ms, settings.tick_ms);
  if (lessor === null || held) return;
  const { expired, notes } = turnWheel(lessor, now_ms, (id) => ticker.awaited.has(id));
  if (notes.length > 0) note(ticker, notes, () => undefined);
  if (expired.length > 0) revoke(ticker, lessor, expired);
}

function note(ticker: Ticker, leases: readonly LeaseCheckpoint[], done: (outcome: Outcome) => void): void {
  const { serving, system } = ticker;
  if (serving === null) return;
  const operation = { type: 'lease.checkpoint', leases } as const;
  post(system, 'requests', { type: 'resolved', proposals: [{ operation, term: serving, done }] });
}

function revoke(ticker: Ticker, lessor: Lessor, ids: readonly bigint[]): void {
  const { serving, system } = ticker;
  if (serving === null) return;
  const proposals = ids.map((id) => ({
    operation: { type: 'lease.revoke', id, expired: true } as const,
    term: serving,
    done: (outcome: Outcome): void => {
      if (outcome.ok) ticker.ports.vitals.counts.leases_expired++;
      if (outcome.ok || ticker.lessor !== lessor) return;
      // [safety] What may still be decided holds: a renewal of this lease waits for it as long as this leader leads.
      if (outcome.error.maybe_applied) return;
      reviveLease(lessor, id);
      resumeAll(ticker, id, outcome.error);
    },
  }));
  post(system, 'requests', { type: 'resolved', proposals });
}
