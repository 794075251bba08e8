/** One listener for each abort signal, however many calls share it: a thousand on one signal are nothing unusual. */

interface Listening {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const listening = new WeakMap<AbortSignal, Listening>();

/** Runs `ended` when the signal aborts, unless what this gives back is called before. */
export function onAbort(signal: AbortSignal, ended: () => void): () => void {
  const { calls } = listening.get(signal) ?? listenTo(signal);
  calls.add(ended);
  return () => {
    calls.delete(ended);
    if (calls.size === 0) forget(signal);
  };
}

function listenTo(signal: AbortSignal): Listening {
  const calls = new Set<() => void>();
  const listener = (): void => {
    for (const ended of [...calls]) ended();
  };
  const made = { calls, listener };
  signal.addEventListener('abort', listener, { once: true });
  listening.set(signal, made);
  return made;
}

function forget(signal: AbortSignal): void {
  const known = listening.get(signal);
  if (known === undefined || known.calls.size > 0) return;
  signal.removeEventListener('abort', known.listener);
  listening.delete(signal);
}
