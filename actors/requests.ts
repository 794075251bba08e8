/** The room of the requests: admits them, gathers what one turn of the loop brings, proposes, and answers. */
import { fromCallback } from 'xstate';
import { overQuota, refusal, wayOf, type Premises } from '../machines/admission.js';
import { encodeCommand } from '../machines/language/codec.js';
import { limits } from '../machines/language/limits.js';
import { errorOf } from '../machines/language/errors.js';
import { unreachable } from '../machines/language/invariant.js';
import { validate } from '../machines/language/validation.js';
import type { ClusterId, EffectOf, Index, Role, Term } from '../machines/language/vocabulary.js';
import type { Decided } from '../store/ports.js';
import type { Ask, Self } from '../transport/ports.js';
import { operationOf, requestError, statusOf, toAnswer } from './answers.js';
import type { Incoming } from './incoming.js';
import { post, type RequestsLetter } from './mail.js';
import type { NodePorts, NodeSettings } from './ports.js';
import { createReads } from './reads.js';
import { createWrites, type Group } from './writes.js';

export interface RequestsInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly self: Self;
  readonly incoming: Incoming;
  readonly cluster: ClusterId;
  readonly applied: Index;
}

/** What this member is, as raft last announced it. */
export interface Standing {
  role: Role;
  term: Term;
  announcement: EffectOf<'announce'> | null;
  serving: Term | null;
  draining: boolean;
}

export const requestsRoom = fromCallback<RequestsLetter, RequestsInput>(({ receive, input, system }) => {
  const { ports, settings } = input;
  const standing: Standing = {
    role: 'follower',
    term: 0 as Term,
    announcement: null,
    serving: null,
    draining: false,
  };
  const writes = createWrites();
  const failed = (error: unknown): void => system.get('requests')?.send({ type: 'failed', error });
  const reads = createReads({ ...input, standing, failed });
  let flushing = false;
  let ticks = 0;
  let drainTicks = 0;
  let drained = false;

  const premises = (): Premises => ({
    role: standing.role,
    leader: standing.announcement?.leader ?? null,
    serving: standing.serving,
    draining: standing.draining,
    requests_waiting: writes.size + reads.size,
    entries_undecided: writes.undecided,
    db_size: ports.kv.status.db_size,
    quota_bytes: settings.quota_bytes,
  });

  const admit = (ask: Ask, now_ms: number, group: Group): void => {
    const invalid = validate(ask.request, settings);
    if (invalid) return ask.answer({ ok: false, error: invalid });
    const known = premises();
    const refused = refusal(known, ask.request, ask.term);
    if (refused) return ask.answer({ ok: false, error: refused });
    const way = wayOf(ask.request);
    if (way !== 'propose') return reads.add(ask, way, now_ms, group);
    const full = overQuota(known, ask.request);
    if (full && ask.id === null) return ask.answer({ ok: false, error: errorOf('NoSpace') });
    const data = encodeCommand({
      request: ask.id,
      refused: full ? 'NoSpace' : null,
      operation: operationOf(ask.request),
    });
    if (data.length > settings.request_bytes_max) {
      return ask.answer({ ok: false, error: errorOf('RequestTooLarge') });
    }
    writes.gather(ask, ask.term ?? (standing.serving as Term), data, now_ms, group);
  };

  /** One letter to raft for all that this turn brought, the writes before the reads that came after them. */
  const flush = (): void => {
    flushing = false;
    const now_ms = ports.clock.now_ms();
    for (const { term, batch } of writes.takeGathered(now_ms)) post(system, 'raft', { type: 'proposed', term, batch });
    const id = reads.takeGathered(now_ms);
    if (id !== null) post(system, 'raft', { type: 'read.asked', id });
  };

  const asked = (asks: readonly Ask[]): void => {
    const now_ms = ports.clock.now_ms();
    const group: Group = { last: null };
    for (const ask of asks) admit(ask, now_ms, group);
    if (flushing || (writes.gathered === 0 && reads.gathered === 0)) return;
    flushing = true;
    ports.clock.soon(() => system.get('requests')?.send({ type: 'flush' }));
  };

  const announced = (announcement: EffectOf<'announce'>): void => {
    standing.role = announcement.role;
    standing.term = announcement.term;
    standing.announcement = announcement;
    ports.door.hearLeader(announcement.leader !== null && !standing.draining);
  };

  const answerDecided = (ask: Ask, entry: Decided): void => {
    reads.answeredAt(entry.index);
    const answer = toAnswer(input.cluster, input.self.member.id, entry);
    if (ask.request.op === 'kv.compact' && ask.request.body.physical && answer.ok) {
      void ports.kv.compacted(ask.request.body.revision).then(() => ask.answer(answer), failed);
      return;
    }
    ask.answer(answer);
  };

  /** Waits until leadership is handed over (or cannot be) and every answer is out. */
  const drain = (): void => {
    if (!standing.draining || drained) return;
    const handedOver = standing.serving === null || ++drainTicks > limits.transfer_ticks_max;
    if (!handedOver || writes.size + reads.size > 0) return;
    drained = true;
    void ports.door.drain().then(() => system.get('node')?.send({ type: 'drained' }), failed);
  };

  const handle = (letter: RequestsLetter): void => {
    switch (letter.type) {
      case 'asked':
        return asked(letter.asks);
      case 'flush':
        return flush();
      case 'confirmAppended':
        return writes.appended(letter.ids, letter.first);
      case 'refuseProposals':
        return writes.refused(letter.ids, requestError(letter.reason));
      case 'decided':
        return writes.decided(letter.decided, answerDecided);
      case 'answerRead':
        return reads.indexed(letter.id, letter.index);
      case 'voidReads':
        return reads.voided(letter.ids);
      case 'written':
        return reads.written(letter.written.applied);
      case 'openDoor':
        standing.serving = letter.term;
        return ports.door.lead(letter.term);
      case 'closeDoor':
        standing.serving = null;
        return ports.door.retire(letter.term);
      case 'announce':
        return announced(letter);
      case 'tick':
        if (ticks++ % settings.heartbeat_ticks === 0) ports.door.probe();
        writes.expire(letter.now_ms);
        reads.expire(letter.now_ms);
        return drain();
      case 'failed':
        throw letter.error;
      case 'drain':
        standing.draining = true;
        return ports.door.hearLeader(false);
      default:
        return unreachable(letter);
    }
  };

  const link = (state: 'silent' | 'heard'): void => {
    ports.journal[state === 'silent' ? 'warn' : 'info'](`connection ${state}`, { link: 'door' });
    post(system, 'raft', { type: state === 'silent' ? 'link.silent' : 'link.heard', link: 'door' });
  };
  const stats = (): Record<string, unknown> => ({ ...statusOf({ ports, settings, standing, applied: reads.applied }) });

  input.incoming.door = { asked: (asks) => post(system, 'requests', { type: 'asked', asks }), link, stats };
  receive(handle);
  return () => {
    input.incoming.door = null;
  };
});
