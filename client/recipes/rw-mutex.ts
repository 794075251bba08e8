/** A lock that many readers share, or one writer has, in etcd's key scheme: readers wait for earlier writers only. */
import { errorOf } from '../../machines/language/errors.js';
import { contender } from './contending.js';
import { type Lock, lockBy, type RecipeOptions } from './mutex.js';
import { isThere, lastBefore } from './queue-of-keys.js';
import type { Session } from './session.js';
import { putUniqueOf, type UniqueKey } from './unique-key.js';

/** Each side locks and unlocks for itself; a reader that wants to write unlocks first. */
export interface RwMutex {
  readonly read: Lock;
  readonly write: Lock;
}

export function createRwMutex(session: Session, prefix: string, options: RecipeOptions = {}): RwMutex {
  return {
    read: side(session, prefix, 'read', `${prefix}/write`, options),
    write: side(session, prefix, 'write', `${prefix}/`, options),
  };
}

function side(session: Session, prefix: string, mode: string, rivals: string, options: RecipeOptions): Lock {
  let own: UniqueKey | undefined;
  return lockBy(
    contender({
      session,
      id: `${mode} mutex ${prefix}`,
      inspect: options.inspect,
      claim: async (signal) => {
        const held = own !== undefined && (await isThere(session.client, own, signal)) ? own : undefined;
        own = held ?? (await putUniqueOf(session, `${prefix}/${mode}`, '', signal));
        const { last } = await lastBefore(session.client, rivals, own.revision, signal);
        return { ...own, first: last === undefined };
      },
      rivals: () => rivals,
      tooLate: `the lock ${prefix} was not to be had for ${mode === 'read' ? 'reading' : 'writing'}`,
      expired: () => errorOf('SessionExpired'),
    }),
  );
}
