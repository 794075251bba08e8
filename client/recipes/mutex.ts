/**
 * A lock in etcd's key scheme. A holder that was paused may believe it holds what another holds by now: only a
 * transaction guarded by `isOwner()`, or a resource that refuses an older fencing token, excludes that.
 */
import type { Place } from '../../machines/client/contender.machine.js';
import { errorOf } from '../../machines/language/errors.js';
import type { Comparison } from '../types.js';
import { type Contender, contender } from './contending.js';
import type { WaitOptions } from './patience.js';
import { claim, isStill, keyUnder } from './queue-of-keys.js';
import type { Inspect, Session } from './session.js';

export interface RecipeOptions {
  readonly inspect?: Inspect | undefined;
}

export interface Lock {
  /** The own key, while it is held or was held and lost; undefined otherwise. */
  readonly key: string | undefined;
  /** The create revision of the own key: greater for each later holder. */
  readonly fencingToken: number | undefined;
  /**
   * Whether it is held, as far as this process knows: a hint. What depends on it must stand in a transaction guarded by
   * `isOwner()`.
   */
  readonly held: boolean;
  /** Waits in the queue until it is ours; resolves to the fencing token. */
  lock(options?: WaitOptions): Promise<number>;
  /** Rejects with `mutex: Locked by another session` when another has it. */
  tryLock(options?: WaitOptions): Promise<number>;
  /** Rejects with `mutex: lock has already been released` when there is nothing to release. */
  unlock(): Promise<void>;
  /** Holds for as long as the lock is ours: the condition of every transaction that needs it. */
  isOwner(): Comparison;
}

export function createMutex(session: Session, prefix: string, options: RecipeOptions = {}): Lock {
  const key = keyUnder(prefix, session);
  return lockBy(
    contender({
      session,
      id: `mutex ${prefix}`,
      inspect: options.inspect,
      claim: (signal) => claim(session, prefix, key, '', signal),
      rivals: () => `${prefix}/`,
      tooLate: `the lock ${prefix} was not to be had`,
      expired: () => errorOf('SessionExpired'),
    }),
  );
}

export function lockBy(place: Contender): Lock {
  const taken = async (patient: boolean, options: WaitOptions): Promise<number> =>
    (await place.contend(patient, options)).revision;
  return {
    get key() {
      return place.place?.key;
    },
    get fencingToken() {
      return place.place?.revision;
    },
    get held() {
      return place.held;
    },
    lock: (options = {}) => taken(true, options),
    tryLock: (options = {}) => taken(false, options),
    unlock: async () => {
      if (!(await place.leave())) throw errorOf('LockReleased');
    },
    isOwner: () => isStill(placeOf(place)),
  };
}

function placeOf({ place }: Contender): Place {
  if (place === undefined) throw errorOf('LockReleased');
  return place;
}
