/**
 * Raft's properties, checked at every step from outside: what a node promises in a letter against what its disk holds,
 * and what all nodes do against each other (Raft, figure 3).
 */
import {
  index,
  type Entry,
  type LogView,
  type MemberId,
  type PeerMessage,
  type Role,
  type Term,
} from '../../machines/language/vocabulary.js';
import { must } from './failure.js';

/** A node as the checks see it, dead or alive. */
export interface Witness {
  readonly id: MemberId;
  /** What its disk would give back now. */
  readonly log: LogView & { readonly hardState: { readonly term: number; readonly vote: MemberId | null } };
}

export interface RaftChecks {
  /** A letter is about to leave a node. */
  letterLeaves(from: Witness, to: MemberId, message: PeerMessage): void;
  /** A batch is about to become durable on a node. */
  keeping(by: Witness, entries: readonly Entry[]): void;
  /** A node starts from its disk. */
  started(by: Witness): void;
  /** How far a node believes its own log to be durable. */
  believes(by: Witness, durable: number, term: number | undefined): void;
  /** A node applies entries that are said to be committed. */
  applied(by: Witness, entries: readonly Entry[]): void;
  /** A log is about to forget what lies before `mark`; the state would come back at `state`. */
  trimming(by: Witness, state: number, mark: number): void;
  announced(by: Witness, role: Role, term: Term): void;
  /** The highest index that anybody may have been told about. */
  readonly committed: number;
  readonly committedTerm: number;
  /** Terms that had a leader. */
  readonly terms: number;
}

/** `votersOf`: the voters of the configuration in force at a member. */
export function createRaftChecks(
  witnesses: () => readonly Witness[],
  votersOf: (by: Witness) => readonly MemberId[],
): RaftChecks {
  /** (index, term) → the entry, its predecessor's term: enough for log matching, by induction. */
  const matching = new Map<string, { before: number | undefined; digest: number }>();
  const leaders = new Map<number, MemberId>();
  const votes = new Map<string, MemberId>();
  const chosen = new Map<number, { term: number; digest: number }>();
  let committed = 0;
  let committedTerm = 0;

  const holds = ({ log }: Witness, at: number, term: number): boolean =>
    log.termAt(index(at)) === term || log.start.index >= at;

  function voted(voter: MemberId, term: number, candidate: MemberId): void {
    const earlier = votes.get(`${voter}/${term}`);
    must(earlier === undefined || earlier === candidate, 'one vote a term', { voter, term, earlier, candidate });
    votes.set(`${voter}/${term}`, candidate);
  }

  function mustNotReplace(by: Witness, at: number, digest: number | null): void {
    const decided = chosen.get(at);
    const held = decided !== undefined && by.log.termAt(index(at)) === decided.term;
    const kept = !held || decided.digest === digest;
    must(kept, 'a committed entry is never taken out of a log', { by: by.id, index: at, term: decided?.term });
  }

  /** Raft, figure 8: who lacks a committed entry must not be able to win an election with the logs as they are. */
  function mustBeSafe(at: number, term: number, voters: readonly MemberId[]): void {
    const all = witnesses().filter((one) => voters.includes(one.id));
    for (const candidate of all.filter((one) => !holds(one, at, term))) {
      const wouldVote = all.filter((voter) => !furtherThan(voter, candidate));
      const facts = { index: at, term, candidate: candidate.id, wouldVote: wouldVote.map((one) => one.id) };
      must(2 * wouldVote.length <= voters.length, 'nobody can be elected who lacks a committed entry', facts);
    }
  }

  return {
    letterLeaves(from, to, message) {
      const { hardState } = from.log;
      if (promisesTerm(message)) {
        must(hardState.term >= message.term, 'a term is durable before it is told', { from: from.id, message });
      }
      if (message.type === 'vote.asked') {
        const own = hardState.term > message.term || hardState.vote === from.id;
        must(own, 'an own vote is durable before others are asked', { from: from.id, message });
        voted(from.id, message.term, from.id);
      }
      if (message.type === 'vote.answered' && message.granted) {
        const durable = hardState.term > message.term || hardState.vote === to;
        must(durable, 'a vote is durable before it is told', { from: from.id, to, message });
        voted(from.id, message.term, to);
      }
      if (message.type === 'append.accepted' && hardState.term === message.term) {
        const durable = from.log.last >= message.upTo;
        must(durable, 'entries are durable before they are acknowledged', { from: from.id, message });
      }
    },
    keeping(by, entries) {
      entries.forEach((entry, i) => {
        const before = entries[i - 1]?.term ?? by.log.termAt(index(entry.index - 1));
        const digest = digestOf(entry);
        const key = `${entry.index}/${entry.term}`;
        const other = matching.get(key);
        if (other === undefined) matching.set(key, { before, digest });
        else {
          const same = other.digest === digest && (other.before === before || before === undefined);
          must(same, 'log matching', { by: by.id, index: entry.index, term: entry.term });
        }
        mustNotReplace(by, entry.index, digest);
      });
      const last = entries.at(-1)?.index ?? by.log.last;
      for (let at = last + 1; at <= Math.min(by.log.last, committed); at++) mustNotReplace(by, at, null);
    },
    started(by) {
      const { term, vote } = by.log.hardState;
      const given = votes.get(`${by.id}/${term}`);
      must(given === undefined || given === vote, 'a vote that was given is remembered', {
        by: by.id,
        term,
        given,
        vote,
      });
    },
    believes(by, durable, term) {
      const held = durable <= by.log.last && (term === undefined || by.log.termAt(index(durable)) === term);
      must(held, 'what a node believes durable is on its disk', { by: by.id, durable, term, last: by.log.last });
    },
    applied(by, entries) {
      for (const entry of entries) {
        const digest = digestOf(entry);
        const other = chosen.get(entry.index);
        const facts = { by: by.id, index: entry.index, term: entry.term, other: other?.term };
        must(holds(by, entry.index, entry.term), 'a state never runs ahead of its own log', facts);
        if (other !== undefined) must(other.digest === digest, 'state machine safety', facts);
        else {
          const voters = votersOf(by);
          const keepers = witnesses().filter((one) => voters.includes(one.id) && holds(one, entry.index, entry.term));
          const enough = 2 * keepers.length > voters.length;
          must(enough, 'what is applied is durable on a quorum', { ...facts, keepers: keepers.map((one) => one.id) });
          chosen.set(entry.index, { term: entry.term, digest });
          if (entry === entries.at(-1)) mustBeSafe(entry.index, entry.term, voters);
        }
        if (entry.index > committed) [committed, committedTerm] = [entry.index, entry.term];
      }
    },
    trimming(by, state, mark) {
      must(mark <= state, 'a log is trimmed only below a durable state', { by: by.id, mark, state });
    },
    announced(by, role, term) {
      if (role !== 'leader') return;
      const other = leaders.get(term);
      must(other === undefined || other === by.id, 'election safety', { term, other, by: by.id });
      if (other === undefined) {
        leaders.set(term, by.id);
        if (term > committedTerm) {
          must(holds(by, committed, committedTerm), 'leader completeness', {
            by: by.id,
            term,
            committed,
            committedTerm,
          });
        }
      }
    },
    get committed() {
      return committed;
    },
    get terms() {
      return leaders.size;
    },
    get committedTerm() {
      return committedTerm;
    },
  };
}

/** Whether a's log is further than b's, as voters compare them (Raft §5.4.1). */
function furtherThan({ log: a }: Witness, { log: b }: Witness): boolean {
  const [termA = 0, termB = 0] = [a.termAt(a.last), b.termAt(b.last)];
  return termA > termB || (termA === termB && a.last > b.last);
}

/** Letters that would be broken promises if their sender forgot the term. */
const promisesTerm = (message: PeerMessage): boolean =>
  message.type === 'vote.asked' ||
  message.type === 'append.sent' ||
  message.type === 'heartbeat.sent' ||
  message.type === 'append.accepted' ||
  (message.type === 'vote.answered' && message.granted);

function digestOf(entry: Entry): number {
  let hash = Math.imul(entry.term, 31) ^ entry.kind.length;
  if (entry.kind === 'command') for (const byte of entry.data) hash = Math.imul(hash ^ byte, 0x01000193);
  if (entry.kind === 'configuration') {
    for (const member of [...entry.configuration.voters, ...entry.configuration.learners]) {
      hash = Math.imul(hash ^ Number(member.id & 0xffffffn), 0x01000193);
    }
  }
  return hash | 0;
}
