/** Why a member has its role, as it announces it: for whoever reads its log. */
import assert from 'node:assert/strict';
import type { Effect, Entry } from '../../machines/language/vocabulary.js';
import { index, term } from '../../machines/language/vocabulary.js';
import { effectsOf, members, n1, n2, n3, storybook } from './raft-stage.js';
import type { Stage } from './raft-stage.js';
import { letters } from './raft-standings.js';

const { story, stories } = storybook();
export { stories as causesStories };

const mark = (i: number, t: number) => ({ index: index(i), term: term(t) });

/** One word for each announcement: the role, why, and through whom. */
const told = (effects: readonly Effect[]): readonly string[] =>
  effectsOf(effects, 'announce').map(({ role, cause }) => `${role}: ${cause.why} ${cause.by ?? '-'}`);

const until = (stage: Stage, role: string): readonly string[] => {
  const words: string[] = [];
  for (let i = 0; stage.role !== role && i < 40; i++) words.push(...told(stage.tick(1)));
  assert.equal(stage.role, role);
  return words;
};

const preVote = (stage: Stage, granted: boolean, from = n2) =>
  stage.tell({
    type: 'preVote.answered',
    from,
    term: term(stage.context.hardState.term + (granted ? 1 : 0)),
    campaign: stage.context.campaign,
    granted,
  });
const vote = (stage: Stage, granted: boolean, from = n2) => {
  const { hardState, campaign } = stage.context;
  return stage.tell({ type: 'vote.answered', from, term: hardState.term, campaign, granted });
};

story('an election tells each of its steps', ({ raftOn }) => {
  const stage = raftOn();
  assert.deepEqual(told(stage.take()), ['follower: started -']);
  assert.deepEqual(until(stage, 'preCandidate'), ['preCandidate: electionTimeout -']);
  assert.deepEqual(told(preVote(stage, true)), ['candidate: quorumWouldVote -']);
  stage.write();
  assert.deepEqual(told(vote(stage, true)), ['leader: quorumVoted -']);
});

story('who is refused says so', ({ raftOn }) => {
  const stage = raftOn();
  until(stage, 'preCandidate');
  assert.deepEqual([...told(preVote(stage, false)), ...told(preVote(stage, false, n3))], ['follower: quorumRefused -']);
  until(stage, 'preCandidate');
  preVote(stage, true);
  stage.write();
  assert.deepEqual([...told(vote(stage, false)), ...told(vote(stage, false, n3))], ['follower: quorumRefused -']);
});

story('a rival that leads this term, and one that gets the vote, are named', ({ raftOn }) => {
  for (const type of ['append.sent', 'heartbeat.sent', 'snapshot.offered'] as const) {
    const asking = raftOn();
    until(asking, 'preCandidate');
    const standing = raftOn();
    until(standing, 'preCandidate');
    preVote(standing, true);
    standing.take();
    for (const stage of [asking, standing]) {
      const words = told(stage.tell(letters[type](stage, n2, stage.context.hardState.term)));
      assert.equal(words[0], 'follower: leaderHeard 2', type);
    }
  }
  const generous = raftOn();
  until(generous, 'preCandidate');
  const asked = { type: 'vote.asked', from: n3, last: mark(1, 1), campaign: 1, transfer: false } as const;
  assert.deepEqual(told(generous.tell({ ...asked, term: generous.context.hardState.term })), ['follower: voteGiven 3']);
});

story('a newer term is told with its sender, whatever the letter is', ({ raftOn, leaderOn }) => {
  const stage = raftOn();
  until(stage, 'preCandidate');
  assert.equal(told(stage.tell(letters['append.sent'](stage, n2, 7)))[0], 'follower: newerTerm 2');
  const leader = leaderOn();
  assert.deepEqual(told(leader.tell(letters['append.accepted'](leader, n3, 9))), ['follower: newerTerm 3']);
});

story('a leader that steps down says whether it lost its quorum or cannot lead', ({ leaderOn }) => {
  assert.deepEqual(until(leaderOn(), 'follower'), ['follower: quorumLost -']);
  const deaf = leaderOn();
  deaf.tell({ type: 'link.silent', link: 'door' });
  assert.deepEqual(until(deaf, 'follower'), ['follower: cannotLead -']);
});

story('who was asked to campaign by its leader says so', ({ followerOn }) => {
  const stage = followerOn();
  const asked = { type: 'campaign.asked', from: n2, term: stage.context.hardState.term } as const;
  assert.deepEqual(told(stage.tell(asked)), ['candidate: invited 2']);
});

const changed = (configuration: ReturnType<typeof members>): Entry => ({
  ...mark(2, 1),
  kind: 'configuration',
  configuration,
});
const append = (stage: Stage, entry: Entry, commit: number) =>
  stage.tell({
    type: 'append.sent',
    from: n2,
    term: stage.context.hardState.term,
    previous: mark(1, 1),
    entries: [entry],
    commit: index(commit),
  });

story('what comes of a change of the membership is told as such', ({ raftOn, followerOn }) => {
  const learning = raftOn({ configuration: members([n2, n3], [n1]) });
  assert.deepEqual(told(learning.take()), ['learner: membershipChanged -']);
  // Its cause is another one meanwhile.
  learning.tell(letters['heartbeat.sent'](learning, n2, 5));
  assert.equal(told(append(learning, changed(members([n1, n2, n3])), 1))[0], 'follower: membershipChanged -');
  const demoted = followerOn();
  assert.equal(told(append(demoted, changed(members([n2, n3], [n1])), 1))[0], 'learner: membershipChanged -');
  const removed = followerOn();
  assert.equal(told(append(removed, changed(members([n2, n3])), 2)).at(-1), 'removed: removalCommitted -');
});

story('a learner that is promoted while it knows no leader says why too', ({ raftOn }) => {
  const stage = raftOn({ configuration: members([n2, n3], [n1]) });
  const beat = letters['heartbeat.sent'](stage, n2, stage.context.hardState.term);
  stage.tell(beat);
  stage.tick(25);
  assert.equal(stage.context.leader, null);
  const snapshot = { ...mark(5, 1), configuration: members([n1, n2, n3]) };
  stage.tell({
    type: 'snapshot.offered',
    from: n2,
    term: beat.term,
    snapshot: { ...snapshot, id: 's', size_bytes: 1 },
  });
  stage.tick(25);
  stage.log.install(snapshot);
  const effects = stage.tell({ type: 'snapshot.installed', mark: snapshot });
  assert.equal(stage.state, 'follower.leaderless');
  assert.equal(told(effects)[0], 'follower: membershipChanged -');
});
