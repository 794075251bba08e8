/** Membership changes, one at a time (thesis §4): in force when appended, undone when truncated. */
import type {
  Configuration,
  ConfigurationAt,
  ConfigurationChange,
  Entry,
  Index,
  MemberId,
} from '../language/vocabulary.js';
import type { RaftContext } from './context.js';

const nobody: Configuration = { voters: [], learners: [] };

export const inForce = (c: Pick<RaftContext, 'configurations'>): Configuration =>
  c.configurations[c.configurations.length - 1]?.configuration ?? nobody;

/** The configuration in force at `at`: the last one that stands there or before. */
export function inForceAt(configurations: readonly ConfigurationAt[], at: Index): ConfigurationAt | undefined {
  return configurations.findLast((entry) => entry.index <= at);
}

const has = (members: readonly { readonly id: MemberId }[], id: MemberId): boolean =>
  members.some((member) => member.id === id);

export const isVoter = (c: RaftContext, id: MemberId): boolean => has(inForce(c).voters, id);
export const isLearner = (c: RaftContext, id: MemberId): boolean => has(inForce(c).learners, id);
export const isMember = (configuration: Configuration, id: MemberId): boolean =>
  has(configuration.voters, id) || has(configuration.learners, id);

/** Whether another voter exists that could lead in this one's place. */
export const someoneElseVotes = (c: RaftContext): boolean => inForce(c).voters.some((voter) => voter.id !== c.self);

/** A membership change is in the log and not committed. */
export const changePending = (c: RaftContext): boolean =>
  (c.configurations[c.configurations.length - 1]?.index ?? 0) > c.hardState.commit;

/** The member was in the cluster, and the entry that removed it is committed. */
export function ownRemovalCommitted(c: RaftContext): boolean {
  const at = c.configurations.findLastIndex((entry) => entry.index <= c.hardState.commit);
  const committed = c.configurations[at];
  if (committed === undefined || isMember(committed.configuration, c.self)) return false;
  return c.configurations.slice(0, at).some((entry) => isMember(entry.configuration, c.self));
}

/** The configurations once the log goes on with `entries` (in place of what it holds from their first index on). */
export function configurationsAfter(
  configurations: readonly ConfigurationAt[],
  entries: readonly Entry[],
): readonly ConfigurationAt[] {
  const from = entries[0]?.index;
  if (from === undefined) return configurations;
  const truncated = (configurations[configurations.length - 1]?.index ?? 0) >= from;
  const kept = truncated ? configurations.filter((entry) => entry.index < from) : configurations;
  const added: ConfigurationAt[] = [];
  for (const entry of entries) {
    if (entry.kind === 'configuration') added.push({ index: entry.index, configuration: entry.configuration });
  }
  return added.length === 0 ? kept : [...kept, ...added];
}

/** What the membership becomes, or undefined where the change means nothing to it (any more). */
export function changed(now: Configuration, change: ConfigurationChange): Configuration | undefined {
  const { voters, learners } = now;
  switch (change.type) {
    case 'addLearner':
      if (isMember(now, change.member.id)) return undefined;
      return { voters, learners: [...learners, change.member] };
    case 'addVoter':
      if (isMember(now, change.member.id)) return undefined;
      return { voters: [...voters, change.member], learners };
    case 'promote': {
      const learner = learners.find((member) => member.id === change.member);
      if (learner === undefined) return undefined;
      return { voters: [...voters, learner], learners: learners.filter((member) => member !== learner) };
    }
    case 'remove': {
      if (!isMember(now, change.member)) return undefined;
      const left = voters.filter((member) => member.id !== change.member);
      if (left.length === 0) return undefined;
      return { voters: left, learners: learners.filter((member) => member.id !== change.member) };
    }
  }
}
