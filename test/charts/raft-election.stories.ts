/** Elections, event by event (Raft §5.2, §5.4.1; thesis §9.6). */
import assert from 'node:assert/strict';
import { index, term } from '../../machines/language/vocabulary.js';
import { effectsOf, members, n1, n2, n3, n4, promised, sent, storybook } from './raft-stage.js';

const { story, stories } = storybook();
export { stories as electionStories };

const mark = (i: number, t: number) => ({ index: index(i), term: term(t) });
const asked = (inTerm: number, last = mark(1, 1), transfer = false) =>
  ({ type: 'vote.asked', from: n3, term: term(inTerm), last, campaign: 1, transfer }) as const;
const preAsked = (inTerm: number, last = mark(1, 1)) =>
  ({ type: 'preVote.asked', from: n3, term: term(inTerm), last, campaign: 1 }) as const;

story(
  'an election is due between one and two election timeouts, and raises no term before a quorum would vote',
  ({ raftOn }) => {
    const raft = raftOn();
    raft.tick(9);
    assert.equal(raft.role, 'follower');
    raft.tick(11);
    assert.equal(raft.role, 'preCandidate');
    assert.equal(raft.context.hardState.term, 1);
  },
);

story('a vote is granted once a term, on disk first, and again to the same candidate only', ({ raftOn }) => {
  const raft = raftOn();
  const effects = raft.tell(asked(2));
  assert.deepEqual(sent(effects), []);
  assert.equal(promised(effects)[0]?.type, 'vote.answered');
  assert.equal(effectsOf(effects, 'persist').at(-1)?.hardState.vote, n3);
  const rival = raft.tell({ ...asked(2), from: n2 });
  assert.deepEqual(sent(rival), [{ type: 'vote.answered', from: n1, term: 2, campaign: 1, granted: false }]);
  assert.equal(promised(raft.tell(asked(2))).length, 1, 'the same candidate gets it again');
});

story('nobody votes for a log that ends in an older term, or earlier in the same', ({ raftOn }) => {
  for (const last of [mark(9, 1), mark(2, 2)]) {
    const raft = raftOn({ terms: [1, 2, 2], term: 2 });
    const answer = sent(raft.tell(asked(3, last)))[0];
    assert.ok(answer?.type === 'vote.answered' && !answer.granted);
    assert.equal(raft.context.hardState.term, 3, 'the term is adopted all the same');
  }
});

story(
  'while a leader is heard a vote or pre-vote is not answered, unless the leader asked for it',
  ({ followerOn }) => {
    const raft = followerOn();
    assert.deepEqual(raft.tell(asked(5)), []);
    assert.deepEqual(raft.tell(preAsked(5)), []);
    assert.equal(raft.context.hardState.term, 1);
    assert.equal(promised(raft.tell(asked(5, mark(1, 1), true))).length, 1);
  },
);

story('a pre-vote changes nothing at the one that grants it', ({ raftOn }) => {
  const raft = raftOn();
  const before = raft.context;
  const [answer] = sent(raft.tell(preAsked(2)));
  assert.deepEqual(answer, { type: 'preVote.answered', from: n1, term: 2, campaign: 1, granted: true });
  assert.deepEqual(raft.context.hardState, before.hardState);
  assert.equal(raft.context.heard_tick, before.heard_tick);
});

story('requests for votes hang on the write of the own vote', ({ raftOn }) => {
  const raft = raftOn();
  raft.campaign();
  const effects = raft.tell({ type: 'preVote.answered', from: n2, term: term(2), campaign: 1, granted: true });
  assert.equal(raft.role, 'candidate');
  assert.deepEqual(sent(effects), []);
  assert.deepEqual(
    promised(effects).map((message) => message.type),
    ['vote.asked', 'vote.asked'],
  );
  assert.deepEqual(effectsOf(effects, 'persist')[0]?.hardState, { term: 2, vote: n1, commit: 1 });
});

story('answers to another campaign, repeated answers and strangers make no quorum', ({ raftOn }) => {
  const raft = raftOn({ configuration: members([n1, n2, n3, n4, 5n as never]) });
  raft.campaign();
  const grant = { type: 'preVote.answered', term: term(2), granted: true } as const;
  raft.tell({ ...grant, from: n3, campaign: 0 });
  raft.tell({ ...grant, from: n2, campaign: 1 });
  raft.tell({ ...grant, from: n2, campaign: 1 });
  raft.tell({ ...grant, from: 9n as never, campaign: 1 });
  assert.equal(raft.role, 'preCandidate');
  raft.tell({ ...grant, from: n4, campaign: 1 });
  assert.equal(raft.role, 'candidate');
});

story('a campaign that a quorum refuses ends', ({ raftOn }) => {
  const raft = raftOn();
  raft.campaign();
  const refusal = { type: 'preVote.answered', term: term(1), campaign: 1, granted: false } as const;
  raft.tell({ ...refusal, from: n2 });
  assert.equal(raft.role, 'preCandidate');
  raft.tell({ ...refusal, from: n3 });
  assert.equal(raft.role, 'follower');
});

story(
  'a newer term in any letter makes a follower of every role, and is kept before anything is said in it',
  ({ leaderOn }) => {
    const raft = leaderOn();
    const effects = raft.tell({ type: 'heartbeat.answered', from: n2, term: term(7), round: 0 as never });
    assert.equal(raft.state, 'follower.leaderless');
    assert.deepEqual(effectsOf(effects, 'persist')[0]?.hardState, { term: 7, vote: null, commit: 2 });
    assert.equal(effectsOf(effects, 'closeDoor')[0]?.term, 2);
  },
);

story(
  'a request of an older term is answered with the own one, an answer of an older term with silence',
  ({ raftOn }) => {
    const raft = raftOn({ term: 4 });
    const late = { from: n2, term: term(3) };
    const [refused] = sent(
      raft.tell({ type: 'append.sent', ...late, previous: mark(1, 1), entries: [], commit: index(1) }),
    );
    assert.equal(refused?.type, 'append.refused');
    assert.equal(refused?.term, 4);
    const [answered] = sent(raft.tell({ type: 'heartbeat.sent', ...late, commit: index(1), round: 1 as never }));
    assert.equal(answered?.term, 4);
    assert.deepEqual(raft.tell({ type: 'append.accepted', ...late, upTo: index(1) }), []);
  },
);

story('two leaders of one term are a broken invariant, not a choice', ({ leaderOn }) => {
  const raft = leaderOn();
  raft.tell({ type: 'heartbeat.sent', from: n2, term: term(2), commit: index(1), round: 1 as never });
  assert.match(String(raft.error), /a term has one leader/);
});

story('an invitation to campaign counts from the leader of the term only, and needs no pre-vote', ({ followerOn }) => {
  const raft = followerOn();
  assert.deepEqual(raft.tell({ type: 'campaign.asked', from: n3, term: term(1) }), []);
  const effects = raft.tell({ type: 'campaign.asked', from: n2, term: term(1) });
  assert.equal(raft.role, 'candidate');
  const [question] = promised(effects);
  assert.ok(question?.type === 'vote.asked' && question.transfer);
});

story('a learner does not campaign; asked for its vote it answers like any other', ({ raftOn }) => {
  const raft = raftOn({ configuration: members([n2, n3], [n1]) });
  raft.tick(60);
  assert.equal(raft.role, 'learner');
  const answer = promised(raft.tell(asked(2)))[0];
  assert.ok(answer?.type === 'vote.answered' && answer.granted);
});

story('a member whose connection is silent does not campaign until it is heard again', ({ raftOn }) => {
  const raft = raftOn();
  raft.tell({ type: 'link.silent', link: 'bulk' });
  raft.tick(60);
  assert.equal(raft.role, 'follower');
  raft.tell({ type: 'link.heard', link: 'bulk' });
  raft.tick(20);
  assert.equal(raft.role, 'preCandidate');
});
