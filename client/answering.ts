/** What comes back: outcomes settle their calls, everything else sends them again until their time is up. */
import { errorOf, errors } from '../machines/language/errors.js';
import { LinkError, type Answer, type LinkMessage } from '../transport/ports.js';
import { decodeBatchAnswers } from '../transport/wire-batch.js';
import { decodeAnswer, formatClusterId, headerNames } from '../transport/wire.js';
import type { Attempt, Call, Succeeded } from './call.js';
import { type Core, fail, laneTo, sendAgain, succeed } from './core.js';
import { backOff, hearAttempt, readApart, served } from './lane.js';
import { deniedError, isOutcome, outcomeError } from './outcome.js';
import { markSilent, nextMember } from './roster.js';

/** One message of answers. Several may come to one attempt, and late ones still count. */
export function hear(core: Core, attempt: Attempt, message: LinkMessage): 'more' | 'done' {
  hearAttempt(attempt, core.clock.now_ms());
  if (attempt.lane.waiting.length > 0) core.wake();
  try {
    if (message.headers.has(headerNames.error)) {
      const refused = decodeAnswer('kv.compact', message.body);
      if (isForeign(refused)) return noteForeign(attempt);
      refuseAll(core, attempt, refused);
      return 'done';
    }
    if (attempt.lane.destination.type === 'single') return hearOne(core, attempt, message.body);
    const heard = decodeBatchAnswers(message.body, (number) => core.calls.get(number)?.request.op);
    for (const { number, answer } of heard.answers) judge(core, attempt, core.calls.get(number), answer);
    return heard.done || attempt.calls.every((call) => call.settled) ? 'done' : 'more';
  } catch (error) {
    // An answer that cannot be read says nothing about its calls: they are sent again, and name it if time runs out.
    for (const call of attempt.calls) call.trouble = error instanceof Error ? error : new Error(String(error));
    return 'done';
  }
}

function hearOne(core: Core, attempt: Attempt, body: Uint8Array): 'done' {
  for (const call of attempt.calls) judge(core, attempt, call, decodeAnswer(call.request.op, body));
  return 'done';
}

const isForeign = (answer: Answer): boolean => !answer.ok && answer.error.message === errors.ClusterIDMismatch.message;

/** Another cluster under the same name heard the request too: ours may still answer. */
function noteForeign(attempt: Attempt): 'more' {
  for (const call of attempt.calls) call.trouble = errorOf('ClusterIDMismatch');
  return 'more';
}

/** The message as a whole was refused. */
function refuseAll(core: Core, attempt: Attempt, answer: Answer): void {
  for (const call of attempt.calls) judge(core, attempt, call, answer);
}

function judge(core: Core, attempt: Attempt, call: Call | undefined, answer: Answer): void {
  if (call === undefined || call.settled) return;
  if (answer.ok) accept(core, attempt, call, answer);
  else if (isOutcome(answer.error)) fail(core, call, outcomeError(call, answer.error));
  else retry(core, attempt, call, answer.error);
}

function accept(core: Core, attempt: Attempt, call: Call, answer: Succeeded): void {
  const { cluster_id, raft_index } = answer.header;
  if (core.clusterId === null) {
    core.clusterId = cluster_id;
    core.clusterHeader = formatClusterId(cluster_id);
  } else if (core.clusterId !== cluster_id) {
    // [safety] Another cluster under the same name: what it says is no answer to a request of ours.
    call.trouble = errorOf('ClusterIDMismatch');
    return;
  }
  if (raft_index > core.highestIndex) core.highestIndex = raft_index;
  if (call.lane.destination.type === 'leader' || call === call.lane.primer) core.heard_ms = core.clock.now_ms();
  served(attempt.lane);
  succeed(core, call, answer);
}

/** [safety] It stays in doubt: `reached` keeps counting the attempt, whatever a member said that did not decide it. */
function retry(core: Core, attempt: Attempt, call: Call, error: Error): void {
  call.trouble = error;
  if (call.attempt !== attempt) return;
  blame(core, attempt);
  sendAgain(core, call);
}

/* ---- the end of an attempt ------------------------------------------------------------------------------------- */

/** No more answers will come to it: all came, or `error` says why not. */
export function ended(core: Core, attempt: Attempt, error: unknown): void {
  attempt.over = true;
  core.attempts.delete(attempt);
  const reason = error instanceof LinkError ? error.reason : undefined;
  const nobody = reason === 'noResponders' || reason === 'tooLarge';
  attempt.lane.unserved = reason === 'noResponders';
  for (const call of attempt.calls) {
    if (call.settled) continue;
    // [safety] Only this takes an attempt back: the server itself said that it delivered the message to nobody.
    if (nobody) call.reached--;
    if (error instanceof Error && reason !== 'noResponders') call.trouble = error;
    if (reason === 'denied') deny(core, attempt, call, error as LinkError);
    if (call.settled || call.attempt !== attempt) continue;
    blame(core, attempt);
    sendAgain(core, call);
  }
  if (!core.closed) core.wake();
}

/** Who may only read is not allowed to send batches, which carry writes too: then each read goes by itself. */
function deny(core: Core, { lane }: Attempt, call: Call, error: LinkError): void {
  const apart = lane.primer === call ? lane.destination : readApart(call.request.op, lane.destination);
  if (apart === lane.destination) return fail(core, call, deniedError(call, error));
  core.readsApart = true;
  call.lane = laneTo(core, apart);
}

/** Silence: the calls are sent again; this attempt is still listened to. */
export function overdue(core: Core, attempt: Attempt, now_ms: number): void {
  attempt.overdue_ms = Infinity;
  for (const call of attempt.calls) {
    if (call.settled || call.attempt !== attempt) continue;
    if (call.overdue_ms > now_ms) {
      attempt.overdue_ms = Math.min(attempt.overdue_ms, call.overdue_ms);
      continue;
    }
    blame(core, attempt);
    sendAgain(core, call);
  }
  core.wake();
}

/** Once an attempt: its lane waits a little, or goes on at once with another member. */
function blame(core: Core, attempt: Attempt): void {
  if (attempt.blamed) return;
  attempt.blamed = true;
  const now = core.clock.now_ms();
  if (attempt.member !== undefined) markSilent(core.roster, attempt.member, now);
  if (attempt.member === undefined || nextMember(core.roster, now) === undefined)
    backOff(attempt.lane, now, core.random);
}
