/** Snapshots (Raft §7): offering one to a member that the log cannot serve, and installing one. */
import { invariant } from '../language/invariant.js';
import type { Effect, EventOf, Letter } from '../language/vocabulary.js';
import { index, term } from '../language/vocabulary.js';
import type { Handler, Outcome, RaftContext } from './context.js';
import { followedBy, nothing } from './context.js';
import { send } from './election.js';
import { heardLeader } from './following.js';
import { handOnAtStart, persist } from './keeping.js';
import { probe } from './progress.js';
import { withRow } from './replication.js';

/* ---- at the leader ----------------------------------------------------------------------------------------------- */

/** A stream is ready: offers it to the member it was made for, if that still needs one. */
export const offerSnapshot: Handler<EventOf<'snapshot.prepared'>> = (c, event) => {
  const row = c.progress.get(event.to);
  if (row?.phase !== 'snapshotting') return dropPrepared(c, event);
  const message = { type: 'snapshot.offered', from: c.self, term: c.hardState.term, snapshot: event.snapshot } as const;
  return {
    next: withRow(c, event.to, { ...row, offer: event.snapshot, moved_tick: c.ticks }),
    out: [{ type: 'send', letters: [{ to: event.to, message }] }],
  };
};

export const dropPrepared: Handler<EventOf<'snapshot.prepared'>> = (_c, event) => ({
  next: {},
  out: [{ type: 'dropSnapshot', to: event.to }],
});

/** The stream ended without being installed: the member is probed again when it next answers. */
export const endOffer: Handler<EventOf<'snapshot.dropped'>> = (c, event) => {
  const row = c.progress.get(event.to);
  if (row?.phase !== 'snapshotting') return nothing;
  return { next: withRow(c, event.to, { ...probe(row, row.next, c.ticks), asked: true }), out: [] };
};

export const hearOfferRefused: Handler<EventOf<'snapshot.refused'>> = (c, event) => {
  const row = c.progress.get(event.from);
  if (row?.phase !== 'snapshotting' || row.offer?.index !== event.index) return nothing;
  const known = { ...probe(row, row.next, c.ticks), asked: true, heard_tick: c.ticks };
  return { next: withRow(c, event.from, known), out: [{ type: 'dropSnapshot', to: event.from }] };
};

/* ---- at the follower --------------------------------------------------------------------------------------------- */

/** The offer goes beyond what is committed here. One that does not is thrown away: a late snapshot must not rewind. */
export const offerIsAhead = (c: RaftContext, event: EventOf<'snapshot.offered'>): boolean =>
  event.snapshot.index > c.hardState.commit || (c.behind && event.snapshot.index >= c.log.start.index);

export const takeOffer: Handler<EventOf<'snapshot.offered'>> = (c, event) => ({
  next: { ...heardLeader(c, event.from), installing: event.snapshot.id },
  out: [{ type: 'installSnapshot', from: event.from, snapshot: event.snapshot }],
});

/** All of the offer is here already: says so. */
export const acknowledgeOffer: Handler<EventOf<'snapshot.offered'>> = (c, event) => ({
  next: heardLeader(c, event.from),
  out: acknowledgeCommitted({ ...c, leader: event.from }),
});

/**
 * Its state is gone, and the offer does not reach the log: neither helps the other. [safety] Nothing is acknowledged.
 */
export const refuseOffer: Handler<EventOf<'snapshot.offered'>> = (c, event) => {
  const reason = `the log here begins after index ${c.log.start.index}`;
  const own = { from: c.self, term: c.hardState.term };
  const refusal = send({
    to: event.from,
    message: { type: 'snapshot.refused', ...own, index: event.snapshot.index, reason },
  });
  return { next: heardLeader(c, event.from), out: refusal.out };
};

/** What is committed and durable here matches every leader's log. */
function acknowledgeCommitted(c: RaftContext): readonly Effect[] {
  if (c.leader === null) return [];
  const upTo = index(Math.min(c.hardState.commit, c.durable));
  const message = { type: 'append.accepted', from: c.self, term: c.hardState.term, upTo } as const;
  return [{ type: 'send', letters: [{ to: c.leader, message }] }];
}

/** The log was cut at the snapshot's mark and the state is current: goes on from there. */
export const adoptSnapshot: Handler<EventOf<'snapshot.installed'>> = (c, event) => {
  const { mark } = event;
  const { log } = c;
  const done = { installing: null };
  if (mark.index <= c.hardState.commit && !c.behind) return { next: done, out: acknowledgeCommitted(c) };
  invariant(log.start.index === mark.index && log.termAt(mark.index) === mark.term, 'the log begins at the snapshot', {
    mark,
    start: log.start,
  });
  const later = c.configurations.filter((entry) => entry.index > mark.index && entry.index <= log.last);
  const commit = index(Math.max(c.hardState.commit, mark.index));
  const next: Partial<RaftContext> = {
    ...done,
    behind: false,
    hardState: { ...c.hardState, term: term(Math.max(c.hardState.term, mark.term)), commit },
    tail: { first: index(log.last + 1), entries: [] },
    durable: log.last,
    handed: mark.index,
    applied: mark.index,
    trimmed: mark.index,
    configurations: [{ index: mark.index, configuration: mark.configuration }, ...later],
  };
  const after = { ...c, ...next };
  const kept: Outcome = { next, out: [persist(after, [], acknowledgement(after))] };
  return followedBy(c, kept, handOnAtStart);
};

/** The acknowledgement hangs on the write of the commit index that the snapshot brought. */
function acknowledgement(c: RaftContext): readonly Letter[] {
  return acknowledgeCommitted(c).flatMap((effect) => (effect.type === 'send' ? effect.letters : []));
}

/** It could not be fetched, or was damaged. The leader will probe, and offer another if need be. */
export const reportFailure: Handler<EventOf<'snapshot.failed'>> = (c, event): Outcome => {
  const next = { installing: null };
  if (c.leader === null) return { next, out: [] };
  const { index: at, reason } = event;
  const message = { type: 'snapshot.refused', from: c.self, term: c.hardState.term, index: at, reason } as const;
  const refusal = send({ to: c.leader, message });
  return { next, out: refusal.out };
};

export const nothingInstalling = (c: RaftContext): boolean => c.installing === null;
export const isBehind = (c: RaftContext): boolean => c.behind;
