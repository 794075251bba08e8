/** How calls leave: what one turn of the event loop brought, in as few messages as it takes, in the order issued. */
import { NUL } from '../machines/language/bytes.js';
import { errorOf } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import { LinkError } from '../transport/ports.js';
import { encodeBatch } from '../transport/wire-batch.js';
import { encodeRequest, headerNames } from '../transport/wire.js';
import { ended, hear } from './answering.js';
import type { Attempt, Call } from './call.js';
import { bounds, type Core, fail, fly } from './core.js';
import { issue } from './issue.js';
import { awaitProbe, backOff, type Lane, mayLeave, noteSent, subjectOf } from './lane.js';
import { deniedError, refusedUnsent } from './outcome.js';
import { rangeRequest } from './requests.js';
import { askForMembers, nextMember } from './roster.js';

const ATTEMPT_MS = 1_000;
const ANY_MEMBER_ATTEMPT_MS = 300;
/** Of calls that are sent to where nobody served: they find out whether someone does by now. The others wait. */
const PROBE_BYTES = 64 * 1024;
/** Nodes remember requests for a number of log entries: a write must not name an index that was learned long ago. */
const INDEX_FRESH_MS = 1_000;

/** Sends what waits and may leave now. */
export function sendWaiting(core: Core): void {
  core.full = false;
  const now = core.clock.now_ms();
  for (const lane of core.lanes.values()) {
    if (lane.waiting.length > 0 && mayLeave(lane, now)) sendLane(core, lane, now);
  }
}

function sendLane(core: Core, lane: Lane, now_ms: number): void {
  if (lane.destination.type === 'anyMember') askForMembers(core, now_ms);
  const unprimed = now_ms - core.heard_ms > INDEX_FRESH_MS && lane.waiting.some(isNewWrite);
  if (unprimed) lane.primer ??= primer(core, lane);
  const bytes_max = core.link.max_payload - bounds.headers_bytes;
  const most = lane.destination.type === 'single' ? 1 : limits.batch_requests_max;
  let batch: Call[] = [];
  let bytes = 0;
  let probed = false;
  for (const call of takeWaiting(lane)) {
    core.full ||= isFull(core, call, batch.length, bytes);
    // Once one stays behind, all that were issued after it do.
    probed ||= lane.unserved && batch.length > 0 && bytes + call.bytes > PROBE_BYTES;
    if (core.full || probed || (unprimed && call.since < 0 && call !== lane.primer)) {
      lane.waiting.push(call);
      continue;
    }
    if (batch.length === most || (batch.length > 0 && bytes + call.bytes > bytes_max)) {
      launch(core, lane, batch, now_ms);
      batch = [];
      bytes = 0;
    }
    batch.push(call);
    bytes += call.bytes;
  }
  if (probed) awaitProbe(lane, now_ms);
  if (batch.length > 0) launch(core, lane, batch, now_ms);
}

const isNewWrite = (call: Call): boolean => call.write && call.since < 0 && !call.settled;

function takeWaiting(lane: Lane): readonly Call[] {
  const calls = lane.waiting.filter((call) => !call.settled);
  if (!lane.sorted) calls.sort((a, b) => a.number - b.number);
  lane.waiting = [];
  lane.sorted = true;
  return calls;
}

function isFull(core: Core, call: Call, batched: number, batched_bytes: number): boolean {
  const flying = core.flying + batched;
  const over = core.flying_bytes + batched_bytes + call.bytes > bounds.flying_bytes_max;
  return flying > 0 && (over || flying >= bounds.flying_max);
}

/** A read that teaches the log index and the cluster's id before a write leaves that would name neither. */
function primer(core: Core, lane: Lane): Call {
  const done = (): void => {
    lane.primer = undefined;
    core.wake();
  };
  return issue(core, {
    request: { op: 'kv.range', body: rangeRequest(NUL, { limit: 1, keysOnly: true }) },
    write: false,
    destination: lane.destination,
    options: undefined,
    succeed: done,
    fail: (error) => {
      const denied = error.cause instanceof LinkError && error.cause.reason === 'denied' ? error.cause : undefined;
      for (const call of [...lane.waiting]) {
        call.trouble = error;
        if (denied !== undefined && !call.settled) fail(core, call, deniedError(call, denied));
      }
      backOff(lane, core.clock.now_ms(), core.random);
      done();
    },
  });
}

/* ---- one message ----------------------------------------------------------------------------------------------- */

function launch(core: Core, lane: Lane, calls: readonly Call[], now_ms: number): void {
  for (const call of calls) if (call.since < 0) call.since = core.highestIndex;
  const body = encode(core, lane, calls);
  if (body.length > core.link.max_payload - bounds.headers_bytes) return divide(core, lane, calls, now_ms);
  const member = lane.destination.type === 'anyMember' ? nextMember(core.roster, now_ms) : undefined;
  const attempt: Attempt = {
    lane,
    calls,
    member,
    sent_ms: now_ms,
    overdue_ms: Infinity,
    heard: false,
    over: false,
    blamed: false,
  };
  noteSent(attempt);
  let deadline_ms = now_ms;
  for (const call of calls) {
    call.attempts++;
    // [safety] From here on it may have been applied, until every attempt is known to have reached nobody.
    call.reached++;
    call.overdue_ms = now_ms + patience(call);
    attempt.overdue_ms = Math.min(attempt.overdue_ms, call.overdue_ms);
    deadline_ms = Math.max(deadline_ms, call.deadline_ms);
    fly(core, call, attempt);
  }
  core.attempts.add(attempt);
  const timeout_ms = Math.max(1, Math.ceil(deadline_ms - now_ms));
  core.link
    .requestMany(
      subjectOf(core.cluster, lane.destination, member),
      body,
      headers(core, timeout_ms),
      timeout_ms,
      (message) => hear(core, attempt, message),
    )
    .then(
      () => ended(core, attempt, undefined),
      (error: unknown) => ended(core, attempt, error),
    );
}

function encode(core: Core, lane: Lane, calls: readonly Call[]): Uint8Array {
  const [first] = calls;
  if (lane.destination.type === 'single' && first !== undefined) return encodeRequest(first.request, 'msgpack');
  return encodeBatch({ client: core.client, requests: calls }, 'msgpack');
}

/** They turned out larger than one message; one alone that does is refused, unsent this time. */
function divide(core: Core, lane: Lane, calls: readonly Call[], now_ms: number): void {
  const [first] = calls;
  if (calls.length === 1 && first !== undefined) {
    fail(core, first, refusedUnsent(first, errorOf('RequestTooLarge')));
    return;
  }
  const half = calls.length >> 1;
  launch(core, lane, calls.slice(0, half), now_ms);
  launch(core, lane, calls.slice(half), now_ms);
}

function headers(core: Core, timeout_ms: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string>([
    [headerNames.timeoutMs, String(timeout_ms)],
    [headerNames.pieces, 'yes'],
  ]);
  if (core.clusterHeader !== '') fields.set(headerNames.clusterId, core.clusterHeader);
  return fields;
}

/** How long an attempt may be silent: well under the budget, and longer each time. */
function patience(call: Call): number {
  const first = call.lane.destination.type === 'anyMember' ? ANY_MEMBER_ATTEMPT_MS : ATTEMPT_MS;
  return Math.min(first * 2 ** (call.attempts - 1), call.budget_ms / 3);
}
