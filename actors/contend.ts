/** One contender's way through a lock or an election: it enters, waits for its turn, and wins; or it retreats. */
import {
  type Contender,
  contenderFor,
  enter,
  entered,
  leave,
  leaveUnheard,
  look,
  looked,
  take,
} from '../machines/coordination.js';
import { toHex } from '../machines/language/bytes.js';
import type { KeyValue } from '../machines/language/commands.js';
import type { CampaignRequest, CoordinationResult, LockResult } from '../machines/language/coordination.js';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { Answer, Ask } from '../transport/ports.js';
import { type Desk, type Freed, made, transact, type Waiting } from './coordination-desk.js';
import { postIfOpen } from './mail.js';
import { drawLeaseId } from './settle.js';

/** Answers when it has won; throws a QuorateError, with no key left behind, when it has not. */
export async function contend(
  desk: Desk,
  ask: Ask,
  request: CampaignRequest,
  result: (won: LockResult) => CoordinationResult,
): Promise<Answer> {
  if (desk.contending >= limits.contenders_max) throw errorOf('RequestTooManyRequests');
  desk.contending++;
  const contender = contenderFor(request, () => drawLeaseId(desk.ports.random));
  const deadline_ms = desk.ports.clock.now_ms() + ask.timeout_ms;
  let rev = 0;
  let isWaiting = false;
  try {
    rev = await enterContest(desk, ask, contender);
    // Said at once rather than when its turn has come.
    const known = contender.makes_ttl_ms > 0 || desk.ports.kv.leases.get(contender.lease) !== undefined;
    if (!known) throw errorOf('LeaseNotFound');
    isWaiting = true;
    await turnOf(desk, ask, contender, rev, deadline_ms);
    const taken = await transact(desk, ask, take(contender, rev));
    if (!taken.result.succeeded) throw sessionExpired();
    const { key, lease } = contender;
    return made(taken.answer, result({ revision: taken.result.revision, key, rev, lease }));
  } catch (error) {
    await retreat(desk, ask, contender, rev, error);
    // The lease it came with ended while it waited: it has not won.
    const leaseGone = error instanceof QuorateError && error.message === errorOf('LeaseNotFound').message;
    throw leaseGone && isWaiting ? sessionExpired() : error;
  } finally {
    desk.contending--;
    forgo(desk, contender.waiting_lease);
  }
}

const sessionExpired = (): QuorateError => errorOf('SessionExpired');

async function enterContest(desk: Desk, ask: Ask, contender: Contender): Promise<number> {
  let found: KeyValue | null = null;
  for (;;) {
    const { result } = await transact(desk, ask, enter(contender, found));
    const outcome = entered(contender, result, found);
    if (outcome.type !== 'found') return outcome.rev;
    found = outcome.kv;
  }
}

/** Resolves when no key is before its own. */
async function turnOf(desk: Desk, ask: Ask, contender: Contender, rev: number, deadline_ms: number): Promise<void> {
  for (;;) {
    desk.looking++;
    let behind: string;
    try {
      const seen = looked((await transact(desk, ask, look(contender, rev))).result, rev);
      if (seen.type === 'gone') throw sessionExpired();
      if (seen.type === 'first') return;
      behind = toHex(seen.key);
      // It ended after the look and before this moment.
      if (desk.ended.has(behind)) continue;
    } finally {
      if (--desk.looking === 0) desk.ended.clear();
    }
    const freed = await waitBehind(desk, behind, deadline_ms, contender.waiting_lease);
    if (freed === 'late') throw errorOf('DeadlineExceeded');
    if (freed === 'closed') throw errorOf('LeaderChanged');
  }
}

const waitBehind = (desk: Desk, behind: string, deadline_ms: number, lease: bigint): Promise<Freed> =>
  new Promise((resolve) => {
    if (desk.term === null) return resolve('closed');
    const resume = (freed: Freed): void => {
      desk.waiting.delete(waiting);
      resolve(freed);
    };
    const waiting: Waiting = { behind, deadline_ms, lease, resume };
    desk.waiting.add(waiting);
  });

/** Leaves no key behind; where this member leads no more, its short lease ends it. */
async function retreat(desk: Desk, ask: Ask, contender: Contender, rev: number, reason: unknown): Promise<void> {
  // [safety] It may have entered, or do so yet, without having heard of it.
  const mayStand = rev !== 0 || (reason instanceof QuorateError && reason.maybe_applied);
  if (!mayStand || desk.term === null) return;
  const left = rev !== 0 ? leave(contender.key, rev) : leaveUnheard(contender);
  try {
    await transact(desk, { ...ask, timeout_ms: limits.request_timeout_ms }, left);
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
  }
}

/** The waiting lease has done its service. */
function forgo(desk: Desk, id: bigint): void {
  const { term, system } = desk;
  if (term === null || desk.ports.kv.leases.get(id) === undefined) return;
  const operation = { type: 'lease.revoke', id, expired: false } as const;
  postIfOpen(system, 'requests', { type: 'resolved', proposals: [{ operation, term, done: () => undefined }] });
}
