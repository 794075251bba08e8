/** Who is a quorum, and what a quorum holds. */
import type { Configuration, Index, MemberId } from '../language/vocabulary.js';
import { index } from '../language/vocabulary.js';
import type { RaftContext } from './context.js';
import { inForce } from './membership.js';

const quorumSize = (voters: number): number => Math.floor(voters / 2) + 1;

/** Whether a quorum of distinct voters is among those of whom `said` is true. */
export function isQuorum(configuration: Configuration, said: (id: MemberId) => boolean): boolean {
  let count = 0;
  for (const voter of configuration.voters) if (said(voter.id)) count++;
  return count >= quorumSize(configuration.voters.length);
}

/** The highest index that a quorum of voters holds durably; this member's own log counts once it is on disk. */
export function quorumMatch(c: RaftContext): Index {
  const voters = inForce(c).voters;
  if (voters.length === 0) return index(0);
  const matches = voters.map((voter) => (voter.id === c.self ? c.durable : (c.progress.get(voter.id)?.match ?? 0)));
  matches.sort((a, b) => b - a);
  return index(matches[quorumSize(voters.length) - 1] as number);
}

/** A quorum has granted its vote or pre-vote. */
export const quorumGranted = (c: RaftContext): boolean => isQuorum(inForce(c), (id) => c.votes.get(id) === true);

/** So many have refused that no quorum can grant any more. */
export function quorumRefused(c: RaftContext): boolean {
  const { voters } = inForce(c);
  let open = 0;
  for (const voter of voters) if (c.votes.get(voter.id) !== false) open++;
  return open < quorumSize(voters.length);
}

/** Whether the row's member answered within an election timeout, `tick` being now. */
export const heardRecently = (c: RaftContext, id: MemberId, tick: number): boolean => {
  if (id === c.self) return true;
  const row = c.progress.get(id);
  return row !== undefined && tick - row.heard_tick < c.settings.election_ticks;
};

/** Check quorum: whether a quorum was heard within an election timeout. */
export const quorumHeard = (c: RaftContext, tick: number): boolean =>
  isQuorum(inForce(c), (id) => heardRecently(c, id, tick));
