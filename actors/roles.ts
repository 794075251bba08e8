/** One line in the journal for each change of role: from what to what, in which term, and why. */
import { hex16 } from '../machines/language/bytes.js';
import type { Cause, Configuration, EffectOf, MemberId, Role } from '../machines/language/vocabulary.js';
import type { NodePorts } from './ports.js';

/** For people; `by` is the member that brought it about. */
const reasons: Readonly<Record<Cause['why'], (by: string) => string>> = {
  started: () => 'it started',
  electionTimeout: () => 'election timeout',
  quorumWouldVote: () => 'a quorum would vote for it',
  quorumVoted: () => 'a quorum voted for it',
  quorumRefused: () => 'a quorum refused its vote',
  invited: (by) => `its leader ${by} asked it to campaign`,
  newerTerm: (by) => `newer term from ${by}`,
  leaderHeard: (by) => `${by} leads this term`,
  voteGiven: (by) => `it voted for ${by}`,
  quorumLost: () => 'nothing heard from a quorum for an election timeout',
  cannotLead: () => 'it cannot write, be heard or commit',
  membershipChanged: () => 'the membership changed',
  removalCommitted: () => 'its removal from the cluster is committed',
};

export const nameOf = (member: MemberId, { voters, learners }: Configuration): string =>
  [...voters, ...learners].find(({ id }) => id === member)?.name ?? hex16(member);

export function roleTeller({ journal }: Pick<NodePorts, 'journal'>) {
  let role: Role | null = null;
  return ({ role: to, term, cause, configuration }: EffectOf<'announce'>): void => {
    const from = role;
    role = to;
    if (from === null || from === to) return;
    const why = reasons[cause.why](cause.by === null ? '' : nameOf(cause.by, configuration));
    journal.info('role', { from, to, term, why });
  };
}
