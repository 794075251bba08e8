/** What this member is, as raft last announced it: the premises of every admission and the facts of every status. */
import type { EffectOf, Role, Term } from '../machines/language/vocabulary.js';

export interface Standing {
  role: Role;
  term: Term;
  announcement: EffectOf<'announce'> | null;
  /** The term this member serves as leader, or null. */
  serving: Term | null;
  draining: boolean;
}

export const newcomer = (): Standing => ({
  role: 'follower',
  term: 0 as Term,
  announcement: null,
  serving: null,
  draining: false,
});

/** True: a leader is heard that was not heard just before. */
export function hear(standing: Standing, announcement: EffectOf<'announce'>): boolean {
  const before = standing.announcement?.leader ?? null;
  standing.role = announcement.role;
  standing.term = announcement.term;
  standing.announcement = announcement;
  return announcement.leader !== null && announcement.leader !== before;
}
