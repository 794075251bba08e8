/** The follower's side of the log: appends, heartbeats and the leader behind them (Raft §5.3). */
import { invariant } from '../language/invariant.js';
import type { Effect, Entry, EventOf, Index, Mark, MemberId } from '../language/vocabulary.js';
import { index } from '../language/vocabulary.js';
import type { Handler, Outcome, RaftContext } from './context.js';
import { followedBy } from './context.js';
import { commitTo, persist } from './keeping.js';
import { configurationsAfter } from './membership.js';
import { appended, lastAgreement, lastIndex, lastMark, termAt } from './tail.js';

/** A leader of this term was heard: no election is due for a while. */
export const heardLeader = (c: RaftContext, from: MemberId): Partial<RaftContext> => ({
  leader: from,
  heard_tick: c.ticks,
});

/** Whether the log holds the entry before the append's. What is committed here is in every later leader's log. */
export const continuesLog = (c: RaftContext, event: EventOf<'append.sent'>): boolean =>
  event.previous.index <= c.hardState.commit || termAt(c, event.previous.index) === event.previous.term;

/** The entries of an append that this log does not hold yet: from the first one that is missing or of another term. */
export function newEntries(c: RaftContext, event: EventOf<'append.sent'>): readonly Entry[] {
  const { entries } = event;
  const last = lastIndex(c);
  const begin = entries[0]?.index;
  if (begin === undefined || begin > last) return entries;
  const skipped = Math.max(0, c.hardState.commit + 1 - begin);
  for (let i = skipped; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    if (entry.index > last || termAt(c, entry.index) !== entry.term) return i === 0 ? entries : entries.slice(i);
  }
  return [];
}

/**
 * Takes what is new. [safety] A late append whose entries are all here truncates nothing. [safety] The acknowledgement
 * hangs on the write; only what is durable already is acknowledged at once.
 */
export const acceptAppendBy =
  (choose: typeof newEntries): Handler<EventOf<'append.sent'>> =>
  (c, event) => {
    const entries = choose(c, event);
    const matched = index(Math.max(event.previous.index + event.entries.length, c.hardState.commit));
    const first = takeEntries(c, entries, heardLeader(c, event.from));
    const after = { ...c, ...first };
    const ack = {
      to: event.from,
      message: { type: 'append.accepted', from: c.self, term: c.hardState.term, upTo: matched },
    } as const;
    const out: Effect[] =
      entries.length === 0 && matched <= c.durable
        ? [{ type: 'send', letters: [ack] }]
        : [persist(after, entries, [ack])];
    return followedBy(c, { next: first, out }, (then) => commitFrom(then, event.commit, matched));
  };
export const acceptAppend = acceptAppendBy(newEntries);

/** [safety] What the leader committed is committed here only as far as this append showed that the logs agree. */
const commitFrom = (c: RaftContext, theirs: Index, matched: Index): Outcome =>
  commitTo(c, index(Math.max(c.hardState.commit, Math.min(theirs, matched))));

function takeEntries(c: RaftContext, entries: readonly Entry[], next: Partial<RaftContext>): Partial<RaftContext> {
  const from = entries[0]?.index;
  if (from === undefined) return next;
  invariant(from > c.hardState.commit && from > c.handed, 'an applied entry never changes', {
    from,
    commit: c.hardState.commit,
    handed: c.handed,
  });
  return {
    ...next,
    tail: appended(c, entries),
    durable: index(Math.min(c.durable, from - 1)),
    configurations: configurationsAfter(c.configurations, entries),
  };
}

/** The entry before the append's is missing or of another term: says where the logs may agree. */
export const refuseAppend: Handler<EventOf<'append.sent'>> = (c, event) => ({
  next: heardLeader(c, event.from),
  out: [refusal(c, event, hintFor(c, event.previous), false)],
});

/** This member's state is gone: no append can help it. */
export const askForSnapshot: Handler<EventOf<'append.sent'>> = (c, event) => ({
  next: heardLeader(c, event.from),
  out: [refusal(c, event, lastMark(c), true)],
});

function hintFor(c: RaftContext, previous: Mark): Mark {
  if (previous.index > lastIndex(c)) return lastMark(c);
  return lastAgreement(c, index(previous.index - 1), previous.term);
}

const refusal = (c: RaftContext, event: EventOf<'append.sent'>, hint: Mark, needsSnapshot: boolean): Effect => ({
  type: 'send',
  letters: [
    {
      to: event.from,
      message: {
        type: 'append.refused',
        from: c.self,
        term: c.hardState.term,
        previous: event.previous.index,
        hint,
        needsSnapshot,
      },
    },
  ],
});

/** The leader lives, and what this member acknowledged to it is committed as far as it says. */
export const hearHeartbeat: Handler<EventOf<'heartbeat.sent'>> = (c, event) => {
  const lost = 'what this member acknowledged is in its log (or its directory is an older copy, or its disk lost it)';
  invariant(event.commit <= lastIndex(c), lost, { acknowledged: event.commit, last: lastIndex(c) });
  return followedBy(c, { next: heardLeader(c, event.from), out: [answerTo(c, event)] }, (then) =>
    commitTo(then, index(Math.max(c.hardState.commit, event.commit))),
  );
};

/** While a snapshot is installed the commit index stands still: it is what the snapshot will be judged by. */
export const hearHeartbeatOnly: Handler<EventOf<'heartbeat.sent'>> = (c, event) => ({
  next: heardLeader(c, event.from),
  out: [answerTo(c, event)],
});

const answerTo = (c: RaftContext, event: EventOf<'heartbeat.sent'>): Effect => ({
  type: 'send',
  letters: [
    {
      to: event.from,
      message: { type: 'heartbeat.answered', from: c.self, term: c.hardState.term, round: event.round },
    },
  ],
});

/** A leader of this term shows itself to one that did not know it. */
export const followLeader: Handler<{ readonly from: MemberId }> = (c, event) => ({
  next: heardLeader(c, event.from),
  out: [],
});
