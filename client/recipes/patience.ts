/** How recipes wait: by the client's clock, as long as the caller allows, and through the times without a leader. */
import { errorOf, QuorateError } from '../../machines/language/errors.js';
import type { Clock } from '../../machines/language/time.js';
import { onAbort } from '../aborting.js';

/** How long a call of a recipe may wait. */
export interface WaitOptions {
  /** Without one it waits as long as it takes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PAUSE_MS = 100;

export const canceledError = (reason: unknown): QuorateError =>
  new QuorateError('Canceled', errorOf('Canceled').message, false, { cause: reason });

/** Calls `ended` when the caller's patience is over, unless what this gives back is called before. */
export function whenOver(
  clock: Clock,
  what: string,
  { timeoutMs, signal }: WaitOptions,
  ended: (error: QuorateError) => void,
): () => void {
  if (signal?.aborted === true) {
    ended(canceledError(signal.reason));
    return () => undefined;
  }
  const unhook = signal === undefined ? undefined : onAbort(signal, () => ended(canceledError(signal.reason)));
  const expired = () => ended(new QuorateError('DeadlineExceeded', `quorate: ${what} within ${timeoutMs} ms`));
  const timer = timeoutMs === undefined ? undefined : clock.setTimeout(expired, timeoutMs);
  return () => {
    unhook?.();
    if (timer !== undefined) clock.clearTimeout(timer);
  };
}

/** Resolves after `delay_ms`; rejects when the signal aborts. */
export function pause(clock: Clock, delay_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(canceledError(signal.reason));
    const unhook = signal === undefined ? undefined : onAbort(signal, () => stop());
    const timer = clock.setTimeout(() => {
      unhook?.();
      resolve();
    }, delay_ms);
    const stop = (): void => {
      clock.clearTimeout(timer);
      reject(canceledError(signal?.reason));
    };
  });
}

/** Codes that say nothing about the request itself: it may be asked again, if asking twice does no harm. */
const passing: ReadonlySet<string> = new Set(['Unavailable', 'Aborted']);

/** Asks until there is an outcome. `ask` must do no harm when it is applied twice. */
export async function persistently<T>(clock: Clock, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof QuorateError) || !passing.has(error.code) || signal.aborted) throw error;
      await pause(clock, PAUSE_MS, signal);
    }
  }
}

/** Runs something that ends when its signal aborts; the error is then that of the patience that was over. */
export async function patiently<T>(
  clock: Clock,
  what: string,
  options: WaitOptions,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let over: QuorateError | undefined;
  const unhook = whenOver(clock, what, options, (error) => {
    over = error;
    controller.abort(error);
  });
  try {
    return await run(controller.signal);
  } catch (error) {
    throw over ?? error;
  } finally {
    unhook();
  }
}
