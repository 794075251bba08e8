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
/** What is due within this time goes in the same message. */
const TOGETHER = 0.1;
/** For a lease of which nothing is known yet. */
const FIRST_TIMEOUT_MS = 5_000;

export function openKeeper(clock: Clock, renew: Renew): Keeper {
  const kept = new Set<Kept>();
  let timer: unknown = null;
  let armedFor_ms = Infinity;

  /** Keeps the one timer on the earliest moment that something is due. */
  const arm = (): void => {
    let next_ms = Infinity;
    for (const one of kept) next_ms = Math.min(next_ms, one.asking ? endOf(one) : Math.min(one.due_ms, endOf(one)));
    if (next_ms === armedFor_ms) return;
    if (timer !== null) clock.clearTimeout(timer);
    armedFor_ms = next_ms;
    timer = null;
    if (next_ms === Infinity) return;
    timer = clock.setTimeout(
      () => {
        timer = null;
        armedFor_ms = Infinity;
        turn();
      },
      Math.max(0, next_ms - clock.now_ms()),
    );
  };

  const drop = (one: Kept): void => {
    one.over = true;
    kept.delete(one);
    arm();
  };

  const lose = (one: Kept, reason: Error): void => {
    if (one.over) return;
    drop(one);
    one.lose(reason);
  };

  const turn = (): void => {
    const now_ms = clock.now_ms();
    for (const one of [...kept]) if (now_ms >= endOf(one)) lose(one, lateError(one));
    const due = [...kept].filter((one) => !one.asking && one.due_ms - one.ttl_ms * TOGETHER <= now_ms);
    if (due.some((one) => one.due_ms <= now_ms)) {
      for (let at = 0; at < due.length; at += limits.keepalive_leases_max) {
        void ask(due.slice(at, at + limits.keepalive_leases_max), now_ms);
      }
    }
    arm();
  };

  const ask = async (batch: readonly Kept[], sent_ms: number): Promise<void> => {
    for (const one of batch) one.asking = true;
    const left_ms = Math.min(...batch.map((one) => endOf(one) - sent_ms));
    const timeoutMs = Math.max(1, Math.min(left_ms, FIRST_TIMEOUT_MS));
    try {
      const { header, leases } = await renew(
        batch.map(({ id }) => id),
        { timeoutMs },
      );
      batch.forEach((one, n) => settle(one, header, leases[n]?.ttlMs ?? 0, sent_ms));
    } catch (error) {
      for (const one of batch) fail(one, error);
    }
    arm();
  };

  const settle = (one: Kept, header: ResponseHeader, ttl_ms: number, sent_ms: number): void => {
    one.asking = false;
    if (one.over) return;
    if (ttl_ms === 0) return lose(one, errorOf('LeaseNotFound'));
    one.ttl_ms = ttl_ms;
    one.since_ms = sent_ms;
    one.due_ms = sent_ms + ttl_ms / SHARE;
    for (const listener of [...one.listeners]) listener({ header, id: one.id, ttlMs: ttl_ms });
  };

  /** Asked again until its time is over; a closed client, or one that may not ask, is no reason to wait. */
  const fail = (one: Kept, error: unknown): void => {
    one.asking = false;
    if (one.over) return;
    const reason = error instanceof Error ? error : new Error(String(error));
    if (error instanceof QuorateError && FINAL.has(error.code)) return lose(one, reason);
    one.due_ms = clock.now_ms() + Math.min(RETRY_MS, Math.max(1, one.ttl_ms / SHARE / SHARE));
  };

  return {
    keep(id, options = {}) {
      const now_ms = clock.now_ms();
      const ttl_ms = options.ttlMs === undefined ? 0 : ttlMs(options.ttlMs);
      let lose: Kept['lose'] = () => undefined;
      const lost = new Promise<Error>((resolve) => (lose = resolve));
      const listeners: Kept['listeners'] = new Set();
      const due_ms = now_ms + ttl_ms / SHARE;
      const one: Kept = { id, ttl_ms, since_ms: now_ms, due_ms, asking: false, over: false, listeners, lose };
      kept.add(one);
      const unhook = options.signal === undefined ? undefined : onAbort(options.signal, () => drop(one));
      arm();
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
          drop(one);
        },
      };
    },
  };
}

/** Errors after which a renewal is not asked for again. */
const FINAL: ReadonlySet<string> = new Set(['InvalidArgument', 'PermissionDenied', 'Unauthenticated', 'Canceled']);

const endOf = (one: Kept): number => (one.ttl_ms === 0 ? Infinity : one.since_ms + one.ttl_ms);

const lateError = (one: Kept): QuorateError =>
  new QuorateError(
    'DeadlineExceeded',
    `quorate: lease ${BigInt.asUintN(64, one.id).toString(16)} may be over: no renewal was answered for ${one.ttl_ms} ms`,
  );
