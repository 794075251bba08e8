/** The room of the requests: admits them, gathers what one turn of the loop brings, proposes, and answers. */
import { fromCallback } from 'xstate';
import { overQuota, refusal, wayOf, type Premises } from '../machines/admission.js';
import { encodeCommand } from '../machines/language/codec.js';
import { isCoordination } from '../machines/language/coordination.js';
import { errorOf } from '../machines/language/errors.js';
import { unreachable } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import { validate } from '../machines/language/validation.js';
import type { ClusterId, Index } from '../machines/language/vocabulary.js';
import type { Decided } from '../store/ports.js';
import type { Ask, Self } from '../transport/ports.js';
import { operationOf, requestError, toAnswer } from './answers.js';
import { factsOf } from './facts.js';
import { linkChanged, type Incoming } from './incoming.js';
import { announced, askLessor } from './lease-requests.js';
import { failIn, type Outcome, type OwnProposal, post, postIfOpen, type RequestsLetter, type System } from './mail.js';
import type { NodePorts, NodeSettings } from './ports.js';
import {
  addRead,
  expireReads,
  openReads,
  readsWaiting,
  serveIndexed,
  serveWritten,
  takeReads,
  voidReads,
  type Reads,
} from './reads.js';
import { settle } from './settle.js';
import { hear, newcomer, type Standing } from './standing.js';
import {
  answerWrites,
  expireWrites,
  gatherWrite,
  markAppended,
  openWrites,
  refuseWrites,
  takeWrites,
  writesWaiting,
  type Group,
  type Writes,
} from './writes.js';

export interface RequestsInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly self: Self;
  readonly incoming: Incoming;
  readonly cluster: ClusterId;
  readonly applied: Index;
  /** What was known committed when it started. */
  readonly committed: Index;
}

interface Desk extends RequestsInput {
  readonly system: System;
  readonly standing: Standing;
  readonly writes: Writes;
  readonly reads: Reads;
  flushing: boolean;
  ticks: number;
  /** Ticks since the order to drain; the door is drained once, when nothing waits. */
  drainTicks: number;
  drained: boolean;
}

export const requestsRoom = fromCallback<RequestsLetter, RequestsInput>((room) => {
  const { input, receive } = room;
  const system: System = room.system;
  const standing = newcomer();
  const hurry = (): void => post(system, 'state', { type: 'hurried' });
  const reads = openReads({ ...input, standing, failed: failIn(system, 'requests'), hurry, lessor: askLessor(system) });
  const counters = { flushing: false, ticks: 0, drainTicks: 0, drained: false };
  const desk: Desk = { ...input, ...counters, system, standing, writes: openWrites(input.ports.vitals.counts), reads };
  input.incoming.door = {
    asked: (asks) => post(system, 'requests', { type: 'asked', asks }),
    link: (state) => linkChanged(input.ports.journal, system, 'door', state),
  };
  input.incoming.facts = () =>
    factsOf({ ...input, system, standing, applied: reads.applied, proposals_pending: writesWaiting(desk.writes) });
  receive((letter) => handle(desk, letter));
  return () => {
    input.incoming.door = null;
    input.incoming.facts = null;
  };
});

function handle(desk: Desk, letter: RequestsLetter): void {
  const { standing, writes, reads } = desk;
  switch (letter.type) {
    case 'asked':
      return asked(desk, letter.asks);
    case 'resolved':
      return resolved(desk, letter.proposals);
    case 'flush':
      return flush(desk);
    case 'confirmAppended':
      return markAppended(writes, letter.ids, letter.first);
    case 'refuseProposals':
      return refuseWrites(writes, letter.ids, requestError(letter.reason));
    case 'decided':
      return answerWrites(writes, letter.decided);
    case 'answerRead':
      return serveIndexed(reads, letter.id, letter.index);
    case 'voidReads':
      return voidReads(reads, letter.ids);
    case 'written':
      return serveWritten(reads, letter.written.applied);
    case 'openDoor':
      standing.serving = letter.term;
      return desk.ports.door.lead(letter.term);
    case 'closeDoor':
      standing.serving = null;
      return desk.ports.door.retire(letter.term);
    case 'announce':
      if (hear(standing, letter)) desk.ports.vitals.counts.leader_changes++;
      if (letter.leader !== null) desk.incoming.led();
      return desk.ports.door.hearLeader(letter.leader !== null && !standing.draining);
    case 'tick':
      return tick(desk, letter.now_ms);
    case 'drain':
      standing.draining = true;
      return desk.ports.door.hearLeader(false);
    case 'failed':
      throw letter.error;
    default:
      return unreachable(letter);
  }
}

function asked(desk: Desk, asks: readonly Ask[]): void {
  const now_ms = desk.ports.clock.now_ms();
  const group: Group = { last: null };
  const premises = premisesOf(desk);
  for (const ask of asks) admit(desk, premises, ask, now_ms, group);
  flushSoon(desk);
}

function flushSoon(desk: Desk): void {
  if (desk.flushing || desk.writes.gathered.length + desk.reads.gathered.length === 0) return;
  desk.flushing = true;
  desk.ports.clock.soon(() => postIfOpen(desk.system, 'requests', { type: 'flush' }));
}

function admit(desk: Desk, premises: Premises, ask: Ask, now_ms: number, group: Group): void {
  const { settings, standing } = desk;
  const way = wayOf(ask.request);
  const refused = validate(ask.request, settings) ?? refusal(premises, ask.request.op, way, ask.term);
  if (refused) return ask.answer({ ok: false, error: refused });
  if (way === 'coordinate') return coordinate(desk, ask);
  if (way === 'lead') return addRead(desk.reads, announced(desk.system, ask), 'readIndex', now_ms, group);
  if (way !== 'propose') return addRead(desk.reads, ask, way, now_ms, group);
  const full = overQuota(premises, ask.request);
  if (full && ask.id === null) return ask.answer({ ok: false, error: errorOf('NoSpace') });
  const operation = settle(operationOf(ask.request), settings, desk.ports.random);
  const data = encodeCommand({ request: ask.id, refused: full ? 'NoSpace' : null, operation });
  if (data.length > settings.request_bytes_max) {
    return ask.answer({ ok: false, error: errorOf('RequestTooLarge') });
  }
  const term = ask.term ?? standing.serving ?? standing.term;
  const done = (outcome: Outcome): void => {
    if (outcome.ok) answerDecided(desk, ask, outcome.entry);
    else ask.answer(outcome);
  };
  group.last = gatherWrite(desk.writes, { timeout_ms: ask.timeout_ms, done }, term, data, now_ms);
}

function coordinate({ system }: Desk, ask: Ask): void {
  const { request } = ask;
  if (isCoordination(request)) post(system, 'coordination', { type: 'coordinate', ask, request });
}

/** [safety] Only in the term in which the node decided on them. */
function resolved(desk: Desk, proposals: readonly OwnProposal[]): void {
  const now_ms = desk.ports.clock.now_ms();
  for (const { operation, term, done } of proposals) {
    if (desk.standing.serving !== term) {
      done({ ok: false, error: errorOf('NotLeader') });
      continue;
    }
    const data = encodeCommand({ request: null, refused: null, operation });
    gatherWrite(desk.writes, { timeout_ms: limits.request_timeout_ms, done }, term, data, now_ms);
  }
  flushSoon(desk);
}

const premisesOf = ({ settings, standing, writes, reads, ports }: Desk): Premises => ({
  role: standing.role,
  leader: standing.announcement?.leader ?? null,
  serving: standing.serving,
  draining: standing.draining,
  requests_waiting: writesWaiting(writes) + readsWaiting(reads),
  entries_undecided: writes.appended.size,
  bytes_undecided: writes.bytes,
  // What is decided will be written, and counts.
  db_size: ports.kv.status.db_size + ports.kv.undecided_bytes,
  quota_bytes: settings.quota_bytes,
});

/** One letter to raft for all that this turn brought, the writes before the reads that came after them. */
function flush(desk: Desk): void {
  desk.flushing = false;
  const now_ms = desk.ports.clock.now_ms();
  for (const [term, batch] of takeWrites(desk.writes, now_ms)) {
    post(desk.system, 'raft', { type: 'proposed', term, batch });
  }
  const id = takeReads(desk.reads, now_ms);
  if (id !== null) post(desk.system, 'raft', { type: 'read.asked', id });
}

function answerDecided(desk: Desk, ask: Ask, entry: Decided): void {
  if (entry.index > desk.reads.answered) desk.reads.answered = entry.index;
  const answer = toAnswer(desk.cluster, desk.self.member.id, entry);
  const { request } = ask;
  if (request.op !== 'kv.compact' || !request.body.physical || !answer.ok) return ask.answer(answer);
  desk.ports.kv.compacted(request.body.revision).then(() => ask.answer(answer), failIn(desk.system, 'requests'));
}

function tick(desk: Desk, now_ms: number): void {
  if (desk.ticks++ % desk.settings.heartbeat_ticks === 0) desk.ports.door.probe();
  expireWrites(desk.writes, now_ms);
  expireReads(desk.reads, now_ms);
  if (desk.standing.draining && !desk.drained) drain(desk);
}

/** Waits until leadership is handed over (or cannot be) and every answer is out. */
function drain(desk: Desk): void {
  const handedOver = desk.standing.serving === null || ++desk.drainTicks > limits.transfer_ticks_max;
  if (!handedOver || writesWaiting(desk.writes) + readsWaiting(desk.reads) > 0) return;
  desk.drained = true;
  const { system } = desk;
  desk.ports.door.drain().then(() => postIfOpen(system, 'node', { type: 'drained' }), failIn(system, 'requests'));
}
