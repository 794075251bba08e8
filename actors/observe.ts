/** Whoever observes an election waits here for the next leader, or for the next value of the one there is. */
import { holder, isBelow } from '../machines/coordination.js';
import type { KeyValue } from '../machines/language/commands.js';
import type { ObserveRequest } from '../machines/language/coordination.js';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { Written } from '../store/ports.js';
import type { Answer, Ask } from '../transport/ports.js';
import {
  type Desk,
  type Freed,
  made,
  type Observer,
  perform,
  resultOf,
  revisionOf,
  type Succeeded,
} from './coordination-desk.js';

/**
 * Answers with the leader once it is not as it was at the revision; throws a QuorateError when that does not happen in
 * time. A rival's key may be older than what is known of its leader, so the two are compared as they stood.
 */
export async function observe(desk: Desk, ask: Ask, { name, after_revision }: ObserveRequest): Promise<Answer> {
  if (desk.observers.size >= limits.observers_max) throw errorOf('RequestTooManyRequests');
  const deadline_ms = desk.ports.clock.now_ms() + ask.timeout_ms;
  const before = after_revision === 0 ? undefined : await leaderAt(desk, ask, name, after_revision);
  for (;;) {
    // Before the look, so that no change falls between the two.
    const change = changeBelow(desk, name, deadline_ms);
    try {
      const { done, kv } = await leaderOf(desk, ask, name);
      if (kv !== undefined && kv.mod_revision !== before?.mod_revision) {
        return made(done, { op: 'election.observe', body: { revision: revisionOf(done), kv } });
      }
      const freed = await change.comes;
      if (freed === 'late') throw errorOf('DeadlineExceeded');
      if (freed === 'closed') throw errorOf('LeaderChanged');
    } finally {
      change.forget();
    }
  }
}

/** Who leads now, or led at a revision. */
export async function leaderOf(
  desk: Desk,
  ask: Ask,
  name: Uint8Array,
  revision = 0,
): Promise<{ readonly done: Succeeded; readonly kv: KeyValue | undefined }> {
  const done = await perform(desk, ask, { op: 'kv.range', body: holder(name, revision) });
  return { done, kv: resultOf(done, 'kv.range').kvs[0] };
}

async function leaderAt(desk: Desk, ask: Ask, name: Uint8Array, revision: number): Promise<KeyValue | undefined> {
  try {
    return (await leaderOf(desk, ask, name, revision)).kv;
  } catch (error) {
    // Nobody knows any more who it was: who leads now is news.
    if (error instanceof QuorateError && error.message === errorOf('Compacted').message) return undefined;
    throw error;
  }
}

function changeBelow(desk: Desk, name: Uint8Array, deadline_ms: number) {
  let resume = (_freed: Freed): void => undefined;
  const comes = new Promise<Freed>((resolve) => (resume = resolve));
  const observer: Observer = { name, deadline_ms, resume };
  desk.observers.add(observer);
  if (desk.term === null) resume('closed');
  return { comes, forget: () => void desk.observers.delete(observer) };
}

export function noteChanges({ observers }: Desk, { events }: Written): void {
  if (observers.size === 0) return;
  for (const event of events.flatMap((each) => each.events)) {
    for (const { name, resume } of observers) if (isBelow(name, event.kv.key)) resume('freed');
  }
}
