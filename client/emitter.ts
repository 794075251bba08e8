/** Listeners by event, as an emitter of Node's has them, in plain JavaScript because browsers watch too. */

export interface Emitter<Events> {
  on<E extends keyof Events>(event: E, listener: Events[E]): void;
  off<E extends keyof Events>(event: E, listener: Events[E]): void;
  emit<E extends keyof Events>(
    event: E,
    ...given: Events[E] extends (...all: infer Given) => void ? Given : never
  ): void;
  /** Somebody listens to one of them. */
  hears(events: readonly (keyof Events)[]): boolean;
}

export function makeEmitter<Events>(): Emitter<Events> {
  const listeners = new Map<keyof Events, Set<Events[keyof Events]>>();
  return {
    on: (event, listener) => {
      const known = listeners.get(event) ?? new Set();
      listeners.set(event, known.add(listener));
    },
    off: (event, listener) => void listeners.get(event)?.delete(listener),
    emit: (event, ...given) => {
      const all = [...(listeners.get(event) ?? [])] as unknown as ((...all: typeof given) => void)[];
      for (const listener of all) listener(...given);
    },
    hears: (events) => events.some((event) => (listeners.get(event)?.size ?? 0) > 0),
  };
}
