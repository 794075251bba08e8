/** The broken handlers behind the variants that need more than a line. */
import { index, type Effect, type EventOf, type Letter, type ReadId } from '../../machines/language/vocabulary.js';
import type { Handler, Outcome, RaftContext } from '../../machines/raft/context.js';
import { commitTo } from '../../machines/raft/keeping.js';
import { quorumMatch } from '../../machines/raft/quorum.js';
import { hearReadIndex, relayRead } from '../../machines/raft/reads.js';
import { countAck, withRow } from '../../machines/raft/replication.js';
import { termAt } from '../../machines/raft/tail.js';

export const nothing: Outcome = { next: {}, out: [] };

/** The letters that hang on a write leave at once, if `which` says so. */
export const early = (outcome: Outcome, which: (letter: Letter) => boolean): Outcome => ({
  next: outcome.next,
  out: outcome.out.flatMap((effect): readonly Effect[] => {
    if (effect.type !== 'persist') return [effect];
    const now = effect.then.filter(which);
    const later = effect.then.filter((letter) => !which(letter));
    return [
      { ...effect, then: later },
      { type: 'send', letters: now },
    ];
  }),
});

export const toOthers = (letter: Letter): boolean => letter.to !== 'self';

export function countTwice(c: RaftContext, event: EventOf<'append.accepted'>): Outcome {
  const row = c.progress.get(event.from);
  const outcome = countAck(c, event);
  if (row === undefined || event.upTo > row.match) return outcome;
  const other = [...c.progress.keys()].find((id) => id !== event.from);
  const theirs = other === undefined ? undefined : c.progress.get(other);
  if (other === undefined || theirs === undefined || theirs.match >= event.upTo) return outcome;
  const after = { ...c, ...outcome.next };
  return { next: { ...outcome.next, ...withRow(after, other, { ...theirs, match: event.upTo }) }, out: outcome.out };
}

export function applyFromTail(c: RaftContext): Outcome {
  const held = quorumMatch(c);
  if (held <= c.hardState.commit || termAt(c, held) !== c.hardState.term) return nothing;
  const entries = [
    ...c.log.slice(index(c.handed + 1), index(Math.min(held, c.tail.first - 1)), Infinity),
    ...c.tail.entries.filter((entry) => entry.index > c.handed && entry.index <= held),
  ];
  const handed = index(Math.max(c.handed, held));
  const outcome = commitTo({ ...c, handed }, held);
  return { next: { ...outcome.next, handed }, out: [...outcome.out, { type: 'apply', entries }] };
}

export function trimFurther(c: RaftContext, effect: Effect): Effect {
  if (effect.type !== 'trimLog') return effect;
  const at = index(Math.min(c.hardState.commit, c.durable));
  return { ...effect, mark: { ...effect.mark, index: at, term: termAt(c, at) ?? effect.mark.term } };
}

/** An offer is acknowledged before anything of it is here. */
export function acknowledgeAtOnce(
  c: RaftContext,
  event: EventOf<'snapshot.offered'>,
  takeOffer: Handler<EventOf<'snapshot.offered'>>,
): Outcome {
  const { next, out } = takeOffer(c, event);
  const upTo = event.snapshot.index;
  const message = { type: 'append.accepted', from: c.self, term: c.hardState.term, upTo } as const;
  return { next, out: [...out, { type: 'send', letters: [{ to: event.from, message }] }] };
}

/** Commits whatever a quorum holds, of any term. */
export function commitAnyTerm(c: RaftContext): Outcome {
  const held = quorumMatch(c);
  return held > c.hardState.commit ? commitTo(c, held) : nothing;
}

/* ---- reads under few ids ----------------------------------------------------------------------------------------- */

const fewIds = 2;

/** A read is relayed under an id that many have had before it. */
export function relayUnderFewIds(c: RaftContext, event: EventOf<'read.asked'>): Outcome {
  const { next, out } = relayRead(c, event);
  const rename = (letter: Letter): Letter =>
    letter.to === 'self' || letter.message.type !== 'readIndex.asked'
      ? letter
      : { ...letter, message: { ...letter.message, id: (letter.message.id % fewIds) as ReadId } };
  return {
    next,
    out: out.map((effect) => (effect.type === 'send' ? { ...effect, letters: effect.letters.map(rename) } : effect)),
  };
}

/** An answer is for whichever open read has its id. */
export function hearUnderFewIds(c: RaftContext, event: EventOf<'readIndex.answered'>): Outcome {
  const open = c.relayed.find((read) => read.id % fewIds === event.id);
  return open === undefined ? nothing : hearReadIndex(c, { ...event, id: open.id });
}
