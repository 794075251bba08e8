/** One stage for every state of the chart: its own term is 4, n2 leads where a leader is known, n3 is a rival. */
import type { EventOf, MemberId, PeerMessage, ReadId, Round } from '../../machines/language/vocabulary.js';
import { index, term } from '../../machines/language/vocabulary.js';
import { lastIndex } from '../../machines/raft/tail.js';
import { command, members, n1, n2, n3 } from './raft-stage.js';
import type { Stage, StageOptions, Stages } from './raft-stage.js';

const mark = (i: number, t: number) => ({ index: index(i), term: term(t) });
export const snapshot = { ...mark(9, 4), configuration: members([n1, n2, n3]), id: 's1', size_bytes: 10 };

/** The read that every state with a leader has asked it for. */
export const pending = 5 as ReadId;

const inTerm = (t: number, options: StageOptions = {}): StageOptions => ({ terms: [1, 3, 3], term: t, ...options });
const asLearner = { configuration: members([n2, n3], [n1]) };

/** Hears n2, which sent it an entry that is still on its way to the disk, and has asked it for a read. */
function hearing(stage: Stage): Stage {
  const t = stage.context.hardState.term;
  stage.tell({
    type: 'append.sent',
    from: n2,
    term: t,
    previous: mark(3, 3),
    entries: [command(4, t)],
    commit: index(2),
  });
  stage.tell({ type: 'read.asked', id: pending });
  return stage;
}

function offered(stage: Stage): Stage {
  stage.tell({ type: 'snapshot.offered', from: n2, term: stage.context.hardState.term, snapshot });
  return stage;
}

/** An entry is on its way to its disk, and its leader is not heard any more. */
function preCandidate(stages: Stages): Stage {
  const stage = hearing(stages.raftOn(inTerm(4)));
  stage.campaign();
  return stage;
}

function candidate(stages: Stages): Stage {
  const stage = hearing(stages.raftOn(inTerm(3)));
  stage.campaign();
  grantPreVote(stage, 4);
  return stage;
}

const grantPreVote = (stage: Stage, t: number): unknown =>
  stage.tell({ type: 'preVote.answered', from: n3, term: term(t), campaign: stage.context.campaign, granted: true });

function settling(stages: Stages): Stage {
  const stage = candidate(stages);
  stage.write();
  const { campaign } = stage.context;
  stage.tell({ type: 'vote.answered', from: n2, term: term(4), campaign, granted: true });
  return stage;
}

/** Its read waits for a round, its last entry for n2; n3 is offered a snapshot. */
function serving(stages: Stages): Stage {
  const stage = settling(stages);
  stage.write();
  stage.tell({ type: 'append.accepted', from: n2, term: term(4), upTo: index(5) });
  stage.tell({ type: 'proposed', term: term(4), batch: [{ id: 1 as never, data: Uint8Array.of(1) }] });
  const refused = { from: n3, term: term(4), previous: index(4), hint: mark(1, 1), needsSnapshot: true };
  stage.tell({ type: 'append.refused', ...refused });
  stage.tell({ type: 'snapshot.prepared', to: n3, snapshot: { ...snapshot, ...mark(4, 3) } });
  stage.tell({ type: 'read.asked', id: pending });
  return stage;
}

function handingOver(stages: Stages): Stage {
  const stage = serving(stages);
  stage.tell({ type: 'transfer.asked', target: n2 });
  return stage;
}

export const standings: Readonly<Record<string, (stages: Stages) => Stage>> = {
  'follower.leaderless': ({ raftOn }) => raftOn(inTerm(4)),
  'follower.following': ({ raftOn }) => hearing(raftOn(inTerm(4))),
  'follower.installing': ({ raftOn }) => offered(hearing(raftOn(inTerm(4)))),
  'follower.installing, behind': ({ raftOn }) => raftOn(inTerm(4, { behind: true })),
  'learner.learning': ({ raftOn }) => hearing(raftOn(inTerm(4, asLearner))),
  'learner.learning, leaderless': ({ raftOn }) => raftOn(inTerm(4, asLearner)),
  'learner.installing': ({ raftOn }) => offered(hearing(raftOn(inTerm(4, asLearner)))),
  'learner.installing, behind': ({ raftOn }) => raftOn(inTerm(4, { ...asLearner, behind: true })),
  preCandidate,
  candidate,
  'leader.settling': settling,
  'leader.serving': serving,
  'leader.handingOver': handingOver,
};

/** A letter of a kind, as it might come from another member in term `t`. */
export type Kind = PeerMessage['type'];
type Letters = { readonly [K in Kind]: (stage: Stage, from: MemberId, t: number) => EventOf<K> };

export const letters: Letters = {
  'preVote.asked': (_, from, t) => ({ type: 'preVote.asked', from, term: term(t), last: mark(9, 4), campaign: 7 }),
  'vote.asked': (_, from, t) => ({
    type: 'vote.asked',
    from,
    term: term(t),
    last: mark(9, 4),
    campaign: 7,
    transfer: true,
  }),
  'append.sent': (_, from, t) => ({
    type: 'append.sent',
    from,
    term: term(t),
    previous: mark(1, 1),
    entries: [],
    commit: index(1),
  }),
  'heartbeat.sent': (_, from, t) => ({
    type: 'heartbeat.sent',
    from,
    term: term(t),
    commit: index(1),
    round: 3 as Round,
  }),
  'snapshot.offered': (_, from, t) => ({ type: 'snapshot.offered', from, term: term(t), snapshot }),
  'readIndex.asked': (_, from, t) => ({ type: 'readIndex.asked', from, term: term(t), id: 8 as ReadId }),
  'preVote.answered': ({ context }, from, t) => ({
    type: 'preVote.answered',
    from,
    term: term(t),
    campaign: context.campaign,
    granted: false,
  }),
  'vote.answered': ({ context }, from, t) => ({
    type: 'vote.answered',
    from,
    term: term(t),
    campaign: context.campaign,
    granted: true,
  }),
  'append.accepted': ({ context }, from, t) => ({
    type: 'append.accepted',
    from,
    term: term(t),
    upTo: lastIndex(context),
  }),
  'append.refused': (_, from, t) => ({
    type: 'append.refused',
    from,
    term: term(t),
    previous: index(4),
    hint: mark(1, 1),
    needsSnapshot: false,
  }),
  'heartbeat.answered': (_, from, t) => ({ type: 'heartbeat.answered', from, term: term(t), round: 99 as Round }),
  'snapshot.refused': (_, from, t) => ({
    type: 'snapshot.refused',
    from,
    term: term(t),
    index: index(4),
    reason: 'no room',
  }),
  'readIndex.answered': (_, from, t) => ({
    type: 'readIndex.answered',
    from,
    term: term(t),
    id: pending,
    index: index(2),
  }),
  'campaign.asked': (_, from, t) => ({ type: 'campaign.asked', from, term: term(t) }),
};
