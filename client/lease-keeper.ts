/** Keeps leases alive: one timer for all of a client's leases, and one message for all that are due together. */
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { Clock } from '../machines/language/time.js';
import { onAbort } from './aborting.js';
import type { KeepAlive, KeepAliveOptions, KeepAliveResponse } from './lease-types.js';
import { ttlMs } from './requests.js';
import type { ResponseHeader } from './types.js';

export interface Renewed {
  readonly header: ResponseHeader;
  /** In the order asked; 0 where there is no such lease. */
  readonly leases: readonly { readonly id: bigint; readonly ttlMs: number }[];
}

type Renew = (ids: readonly bigint[], options: { readonly timeoutMs: number }) => Promise<Renewed>;

export interface Keeper {
  keep(id: bigint, options?: KeepAliveOptions): KeepAlive;
  /** The client is closed: all are lost. */
  readonly close: () => void;
}

/** One lease that is kept: several may keep the same. */
interface Kept {
  readonly id: bigint;
  /** 0 until it is known. */
  ttl_ms: number;
  /** Its time counts from here: when the last renewal that was answered was sent. */
  since_ms: number;
  due_ms: number;
  asking: boolean;
  over: boolean;
  readonly listeners: Set<(answer: KeepAliveResponse) => void>;
  lose(reason: Error): void;
}

/** Renewed at every third of the TTL. */
const SHARE = 3;
/** After a failure it is tried again this much later, or sooner where little time is left. */
const RETRY_MS = 200;
/** What is due within this share of its TTL goes in the same message. */
const TOGETHER = 0.1;
/** For a lease of which nothing is known yet. */
const FIRST_TIMEOUT_MS = 5_000;
/** Timers count to 2³¹ milliseconds; a lease may have longer to go. */
const TIMER_MAX_MS = 86_400_000;
/** Errors after which a renewal is not asked for again. */
const FINAL: ReadonlySet<string> = new Set(['InvalidArgument', 'PermissionDenied', 'Unauthenticated', 'Canceled']);

interface Keeping {
  readonly clock: Clock;
  readonly renew: Renew;
  readonly kept: Set<Kept>;
  timer: unknown;
  armedFor_ms: number;
}

export function openKeeper(clock: Clock, renew: Renew): Keeper {
  const keeping: Keeping = { clock, renew, kept: new Set(), timer: null, armedFor_ms: Infinity };
  return {
    keep: (id, options = {}) => keep(keeping, id, options),
    close() {
      for (const one of [...keeping.kept])
        lose(keeping, one, new QuorateError('Canceled', 'quorate: the client is closed'));
    },
  };
}

/** The first renewal is asked for at once: how long ago the lease was granted is not known here. */
function keep(keeping: Keeping, id: bigint, options: KeepAliveOptions): KeepAlive {
  const { clock, kept } = keeping;
  const now_ms = clock.now_ms();
  const ttl_ms = options.ttlMs === undefined ? 0 : ttlMs(options.ttlMs);
  let lose: Kept['lose'] = () => undefined;
  const lost = new Promise<Error>((resolve) => (lose = resolve));
  const listeners: Kept['listeners'] = new Set();
  const one: Kept = { id, ttl_ms, since_ms: now_ms, due_ms: now_ms, asking: false, over: false, listeners, lose };
  kept.add(one);
  const unhook = options.signal === undefined ? undefined : onAbort(options.signal, () => drop(keeping, one));
  if (options.signal?.aborted === true) drop(keeping, one);
  else armFor(keeping, now_ms);
  return {
    id,
    get alive() {
      return !one.over && clock.now_ms() < endOf(one);
    },
    lost,
    onRenewed(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop() {
      unhook?.();
      drop(keeping, one);
    },
  };
}

/* ---- one timer for all ------------------------------------------------------------------------------------------ */

function arm(keeping: Keeping): void {
  let next_ms = Infinity;
  for (const one of keeping.kept)
    next_ms = Math.min(next_ms, one.asking ? endOf(one) : Math.min(one.due_ms, endOf(one)));
  armFor(keeping, next_ms);
}

/** Keeps the timer on the earliest moment that something is due; one that comes too early only looks again. */
function armFor(keeping: Keeping, next_ms: number): void {
  const { clock } = keeping;
  if (next_ms >= keeping.armedFor_ms) return;
  if (keeping.timer !== null) clock.clearTimeout(keeping.timer);
  keeping.armedFor_ms = next_ms;
  const wait_ms = Math.min(TIMER_MAX_MS, Math.max(0, next_ms - clock.now_ms()));
  keeping.timer = clock.setTimeout(() => {
    keeping.timer = null;
    keeping.armedFor_ms = Infinity;
    turn(keeping);
  }, wait_ms);
}

function turn(keeping: Keeping): void {
  const { clock, kept } = keeping;
  const now_ms = clock.now_ms();
  for (const one of [...kept]) if (now_ms >= endOf(one)) lose(keeping, one, lateError(one));
  const due = [...kept].filter((one) => !one.asking && one.due_ms - one.ttl_ms * TOGETHER <= now_ms);
  if (due.some((one) => one.due_ms <= now_ms)) {
    for (let at = 0; at < due.length; at += limits.keepalive_leases_max) {
      void ask(keeping, due.slice(at, at + limits.keepalive_leases_max), now_ms);
    }
  }
  arm(keeping);
}

/* ---- renewals --------------------------------------------------------------------------------------------------- */

async function ask(keeping: Keeping, batch: readonly Kept[], sent_ms: number): Promise<void> {
  for (const one of batch) one.asking = true;
  const left_ms = Math.min(...batch.map((one) => endOf(one) - sent_ms));
  const timeoutMs = Math.max(1, Math.min(left_ms, FIRST_TIMEOUT_MS));
  const ids = batch.map(({ id }) => id);
  const outcome = await keeping.renew(ids, { timeoutMs }).then(
    (renewed) => ({ renewed }),
    (error: unknown) => ({ error }),
  );
  // Whatever a listener throws: the others are kept on.
  for (const one of batch) one.asking = false;
  if ('error' in outcome) for (const one of batch) fail(keeping, one, outcome.error);
  else batch.forEach((one, n) => settle(keeping, one, outcome.renewed.leases[n]?.ttlMs ?? 0, sent_ms));
  arm(keeping);
  if ('renewed' in outcome) for (const one of batch) tell(one, outcome.renewed.header);
}

function settle(keeping: Keeping, one: Kept, ttl_ms: number, sent_ms: number): void {
  if (one.over) return;
  if (ttl_ms === 0) return lose(keeping, one, errorOf('LeaseNotFound'));
  one.ttl_ms = ttl_ms;
  one.since_ms = sent_ms;
  one.due_ms = sent_ms + ttl_ms / SHARE;
}

function tell(one: Kept, header: ResponseHeader): void {
  if (one.over) return;
  for (const listener of [...one.listeners]) listener({ header, id: one.id, ttlMs: one.ttl_ms });
}

/** Asked again until its time is over; a closed client, or one that may not ask, is no reason to wait. */
function fail(keeping: Keeping, one: Kept, error: unknown): void {
  if (one.over) return;
  const reason = error instanceof Error ? error : new Error(String(error));
  if (error instanceof QuorateError && FINAL.has(error.code)) return lose(keeping, one, reason);
  const ninth_ms = one.ttl_ms === 0 ? RETRY_MS : Math.max(1, one.ttl_ms / SHARE / SHARE);
  one.due_ms = keeping.clock.now_ms() + Math.min(RETRY_MS, ninth_ms);
}

/** With none left there is nothing to wake up for. */
function drop(keeping: Keeping, one: Kept): void {
  one.over = true;
  keeping.kept.delete(one);
  if (keeping.kept.size > 0 || keeping.timer === null) return;
  keeping.clock.clearTimeout(keeping.timer);
  keeping.timer = null;
  keeping.armedFor_ms = Infinity;
}

function lose(keeping: Keeping, one: Kept, reason: Error): void {
  if (one.over) return;
  drop(keeping, one);
  one.lose(reason);
}

const endOf = (one: Kept): number => (one.ttl_ms === 0 ? Infinity : one.since_ms + one.ttl_ms);

function lateError({ id, ttl_ms }: Kept): QuorateError {
  const lease = BigInt.asUintN(64, id).toString(16);
  return new QuorateError(
    'DeadlineExceeded',
    `quorate: lease ${lease} may be over: no renewal was answered for ${ttl_ms} ms`,
  );
}
