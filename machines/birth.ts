/**
 * How a cluster is born, once: the founder (the first of the listed names) has heard from *all* listed members, in one
 * round of questions, that their logs are empty; then the first entry records every name with its identity.
 */
import type { ClusterId, Member } from './language/vocabulary.js';

/** What one unborn member knows in one round of its questions. */
export interface Gathering {
  readonly self: Member;
  readonly names: readonly string[];
  readonly round: number;
  readonly answered: ReadonlyMap<string, Member>;
}

export type BirthAnswer = {
  readonly round: number;
  readonly members: readonly string[];
  readonly cluster: ClusterId | null;
};

export type Verdict =
  | { readonly type: 'waiting'; readonly missing: readonly string[] }
  /** All logs are empty, and this member is the founder. */
  | { readonly type: 'found'; readonly members: readonly Member[] }
  /** It cannot be: for people to mend. */
  | { readonly type: 'conflict'; readonly reason: string };

export const founderOf = (names: readonly string[]): string => [...names].sort()[0] ?? '';

export const gathering = (self: Member, names: readonly string[], round: number): Gathering => ({
  self,
  names: [...names].sort(),
  round,
  answered: new Map([[self.name, self]]),
});

/** [safety] Only answers to this very round count: an earlier one may come from an identity that is gone. */
export function heard(known: Gathering, from: Member, answer: BirthAnswer): readonly [Gathering, Verdict] {
  if (answer.round !== known.round || !known.names.includes(from.name)) return [known, verdictOf(known)];
  if (answer.cluster !== null) return [known, conflict(alreadyBorn(known, from))];
  if ([...answer.members].sort().join() !== known.names.join())
    return [known, conflict(otherList(known, from, answer))];
  const earlier = known.answered.get(from.name);
  if (earlier !== undefined && earlier.id !== from.id) return [known, conflict(twoOfOneName(from))];
  const next = { ...known, answered: new Map(known.answered).set(from.name, from) };
  return [next, verdictOf(next)];
}

export function verdictOf(known: Gathering): Verdict {
  const missing = known.names.filter((name) => !known.answered.has(name));
  if (missing.length > 0) return { type: 'waiting', missing };
  if (founderOf(known.names) !== known.self.name) return { type: 'waiting', missing: [] };
  return { type: 'found', members: known.names.flatMap((name) => known.answered.get(name) ?? []) };
}

/** A member takes the first entry only when it stands in it, by name and identity. */
export const isBornIn = (self: Member, members: readonly Member[]): boolean =>
  members.some((member) => member.name === self.name && member.id === self.id);

const conflict = (reason: string): Verdict => ({ type: 'conflict', reason });

const alreadyBorn = (known: Gathering, from: Member): string =>
  `${from.name} is in a cluster already, and this data directory of ${known.self.name} is new: ` +
  'it takes part once the cluster has taken in its identity';

const otherList = (known: Gathering, from: Member, answer: BirthAnswer): string =>
  `${from.name} lists the members ${answer.members.join()}, this node lists ${known.names.join()}: ` +
  'all must list the same';

const twoOfOneName = (from: Member): string =>
  `two data directories answer to the name ${from.name}: each member needs a name of its own`;
