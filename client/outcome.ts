/** What an answer means for a call: its outcome, or a reason to ask again; and what to say when time is up. */
import { errorOf, errors, QuorateError } from '../machines/language/errors.js';
import type { LinkError } from '../transport/ports.js';
import type { Call } from './call.js';

/** Texts that say nothing about the request: another member, or the same one later, may serve it. */
const passing: ReadonlySet<string> = new Set([
  errors.NotLeader.message,
  errors.LeaderChanged.message,
  errors.RequestTooManyRequests.message,
]);

/**
 * [safety] An outcome is a decision of the state machine or a check that looks at the request alone. A member that does
 * not lead, or no longer, cannot know what became of a request: another may have heard it too.
 */
export const isOutcome = (error: QuorateError): boolean => error.code !== 'Unavailable' && !passing.has(error.message);

/** Codes of decisions and of checks of the request alone; after any other a sent write may have been applied. */
const decided: ReadonlySet<string> = new Set([
  'InvalidArgument',
  'OutOfRange',
  'NotFound',
  'FailedPrecondition',
  'ResourceExhausted',
  'PermissionDenied',
  'Unauthenticated',
  'Unimplemented',
]);

/** Texts that are about who was asked: another member may have taken an earlier attempt, or the same one. */
const askedElsewhere: ReadonlySet<string> = new Set([
  errors.ClusterIDMismatch.message,
  errors.NotSupportedForLearner.message,
]);

/** Texts that depend on a member's own flags: one with larger bounds may have taken an earlier attempt. */
const boundsOfOne: ReadonlySet<string> = new Set([errors.RequestTooLarge.message, errors.TooManyOps.message]);

/** The error that the caller gets for an outcome. */
export function outcomeError(call: Call, error: QuorateError): QuorateError {
  const unsure = error.maybe_applied || !decided.has(error.code) || askedElsewhere.has(error.message);
  const earlier = boundsOfOne.has(error.message) && call.reached > 1;
  return withDoubt(call, error, earlier || (unsure && call.reached > 0));
}

/**
 * [safety] Refused here and not by a node: that says nothing about an attempt that was sent before, when the server
 * took more.
 */
export const refusedUnsent = (call: Call, error: QuorateError): QuorateError =>
  withDoubt(call, error, call.reached > 0);

function withDoubt(call: Call, error: QuorateError, doubt: boolean, cause: unknown = error.cause): QuorateError {
  const maybe_applied = call.write && doubt;
  if (maybe_applied === error.maybe_applied && cause === error.cause) return error;
  return new QuorateError(error.code, error.message, maybe_applied, cause === undefined ? undefined : { cause });
}

/** The NATS server lets us in, but does not allow this message. Another one of the kind may have been let through. */
export const deniedError = (call: Call, error: LinkError): QuorateError =>
  new QuorateError('PermissionDenied', error.message, call.write && call.reached > 0, { cause: error });

/** Time is up. [safety] Only 503 for every attempt, or no attempt at all, means that a write was not applied. */
export function deadlineError(call: Call, connected: boolean, link: LinkError | undefined): QuorateError {
  const trouble = call.trouble ?? link;
  if (trouble instanceof QuorateError && trouble.message === errors.ClusterIDMismatch.message) {
    return withDoubt(call, trouble, call.reached > 0);
  }
  if (call.reached > 0) return withDoubt(call, errorOf('Timeout'), true, trouble);
  if (!connected) return withDoubt(call, errorOf('TimeoutDueToConnectionLost'), false, trouble);
  if (!call.lane.unserved) return withDoubt(call, errorOf('Timeout'), false, trouble);
  const { destination } = call.lane;
  const member = destination.type === 'member' || destination.type === 'single' ? destination.member : undefined;
  if (member === undefined) return withDoubt(call, errorOf('NoLeader'), false, trouble);
  return new QuorateError('Unavailable', `quorate: no member named "${member}" answers`, false);
}

export const abortError = (call: Call, reason: unknown): QuorateError =>
  withDoubt(call, errorOf('Canceled'), call.reached > 0, reason);

export const closedError = (call: Call): QuorateError =>
  withDoubt(call, new QuorateError('Canceled', 'quorate: the client is closed'), call.reached > 0);

/** The command was applied, but its answer is too long to be kept or sent. */
export const truncatedError = (revision: number): QuorateError =>
  new QuorateError(
    'ResourceExhausted',
    `quorate: the request was applied at or before revision ${revision}, but its answer is no longer kept`,
    true,
  );
