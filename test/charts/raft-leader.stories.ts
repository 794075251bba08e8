/** Leading, event by event: reads, check quorum, handing over, membership, snapshots. */
import assert from 'node:assert/strict';
import type { ProposalId, ReadId, Round } from '../../machines/language/vocabulary.js';
import { index, term } from '../../machines/language/vocabulary.js';
import { createActor } from 'xstate';
import { command, effectsOf, members, n1, n2, n3, n4, promised, sent, storybook } from './raft-stage.js';

const { story, stories } = storybook();
export { stories as leaderStories };

const mark = (i: number, t: number) => ({ index: index(i), term: term(t) });
const read = (id: number) => ({ type: 'read.asked', id: id as ReadId }) as const;
const answer = (from: typeof n1, round: number, inTerm = 2) =>
  ({ type: 'heartbeat.answered', from, term: term(inTerm), round: round as Round }) as const;
const answered = (effects: Parameters<typeof effectsOf>[0]) =>
  effectsOf(effects, 'answerRead').map(({ id, index: at }) => [id, at]);

story('a chart that nobody gave a way out says so', ({ machine, raftOn }) => {
  const raft = raftOn();
  const actor = createActor(machine, {
    input: {
      self: n1,
      hardState: raft.context.hardState,
      log: raft.log,
      configurations: raft.log.configurations,
      applied: index(0),
      seed: 1,
      behind: false,
      settings: raft.context.settings,
    },
  });
  let error: unknown;
  actor.subscribe({ error: (reason) => (error = reason) });
  actor.start();
  assert.match(String(error), /'ready' is not provided/);
});

story('until its first entry is committed a leader gives no read index', ({ raftOn }) => {
  const raft = raftOn();
  raft.campaign();
  raft.tell({ type: 'preVote.answered', from: n2, term: term(2), campaign: 1, granted: true });
  raft.write();
  raft.tell({ type: 'vote.answered', from: n2, term: term(2), campaign: 2, granted: true });
  assert.equal(raft.state, 'leader.settling');
  assert.deepEqual(effectsOf(raft.tell(read(1)), 'voidReads')[0]?.ids, [1]);
  const [relayed] = sent(raft.tell({ type: 'readIndex.asked', from: n3, term: term(2), id: 4 as ReadId }));
  assert.ok(relayed?.type === 'readIndex.answered' && relayed.index === null);
});

story('reads share a round, later ones wait for the next; an old answer confirms nothing', ({ leaderOn }) => {
  const raft = leaderOn();
  const [beat] = sent(raft.tell(read(1)));
  assert.ok(beat?.type === 'heartbeat.sent');
  assert.deepEqual(raft.tell(read(2)), []);
  assert.deepEqual(answered(raft.tell(answer(n2, beat.round - 1))), []);
  assert.deepEqual(answered(raft.tell(answer(n2, beat.round))), [[1, 2]]);
  assert.deepEqual(answered(raft.tell(answer(n2, beat.round))), [], 'repeated: it was sent before read 2 was asked');
  assert.deepEqual(answered(raft.tell(answer(n3, beat.round + 1))), [[2, 2]]);
});

story('one member that answers twice is no quorum of five', ({ leaderOn }) => {
  const raft = leaderOn({ configuration: members([n1, n2, n3, n4, 5n as never]) });
  raft.tell(read(1));
  const round = raft.context.round;
  assert.deepEqual(answered(raft.tell(answer(n2, round))), []);
  assert.deepEqual(answered(raft.tell(answer(n2, round))), []);
  assert.equal(answered(raft.tell(answer(n3, round))).length, 1);
});

story('an older answer that comes after a newer one takes nothing back', ({ leaderOn }) => {
  const raft = leaderOn({ configuration: members([n1, n2, n3, n4, 5n as never]) });
  raft.tell(read(1));
  const { round } = raft.context;
  raft.tell(answer(n2, round));
  raft.tell(answer(n2, round - 1));
  assert.equal(answered(raft.tell(answer(n3, round))).length, 1);
});

story('leaving office voids reads and closes the door of its term', ({ leaderOn }) => {
  const raft = leaderOn();
  raft.tell(read(1));
  const effects = raft.tell(answer(n2, 1, 9));
  assert.deepEqual(effectsOf(effects, 'voidReads')[0]?.ids, [1]);
  assert.deepEqual(effectsOf(effects, 'closeDoor'), [{ type: 'closeDoor', term: 2 }]);
});

story('a follower relays a read under its own id, and a change of leader voids it', ({ followerOn }) => {
  const raft = followerOn();
  assert.deepEqual(sent(raft.tell(read(5))), [{ type: 'readIndex.asked', from: n1, term: 1, id: 5 }]);
  const late = { type: 'readIndex.answered', term: term(1), id: 5 as ReadId, index: index(1) } as const;
  assert.deepEqual(raft.tell({ ...late, from: n3 }), [], 'not the leader');
  raft.tell(read(6));
  assert.deepEqual(answered(raft.tell({ ...late, from: n2 })), [[5, 1]]);
  const effects = raft.tell({ type: 'heartbeat.sent', from: n3, term: term(2), commit: index(0), round: 1 as Round });
  assert.deepEqual(effectsOf(effects, 'voidReads')[0]?.ids, [6]);
  assert.deepEqual(effectsOf(raft.tick(11), 'voidReads'), [], 'a read is voided once');
});

story(
  'a leader that hears no quorum for an election timeout steps down; a learner is not heard for it',
  ({ leaderOn }) => {
    const raft = leaderOn({ configuration: members([n1, n2, n3], [n4]) });
    for (let i = 0; i < 11; i++) {
      raft.tell(answer(n4, raft.context.round));
      raft.tick(1);
    }
    assert.equal(raft.state, 'follower.leaderless');
  },
);

story('a slow log that moves deposes nobody', ({ leaderOn }) => {
  const raft = leaderOn();
  for (let i = 0; i < 6; i++) {
    raft.tell({ type: 'proposed', term: term(2), batch: [{ id: i as ProposalId, data: Uint8Array.of(i) }] });
    raft.tick(8);
    raft.write();
    raft.tell({ type: 'append.accepted', from: n2, term: term(2), upTo: index(3 + i) });
    raft.tell(answer(n3, raft.context.round));
    assert.equal(raft.role, 'leader');
  }
});

story('membership changes one at a time, in force when appended', ({ leaderOn }) => {
  const raft = leaderOn();
  const add = (id: number) =>
    ({
      type: 'change.proposed',
      id: id as ProposalId,
      term: term(2),
      change: { type: 'addLearner', member: { id: n4, name: 'n4' } },
    }) as const;
  const effects = raft.tell(add(1));
  assert.equal(effectsOf(effects, 'announce')[0]?.configuration.learners.length, 1);
  assert.ok(raft.context.progress.has(n4));
  assert.equal(effectsOf(raft.tell(add(2)), 'refuseProposals')[0]?.reason, 'changeInProgress');
});

story('a member whose state is gone promises nothing before a snapshot is installed', ({ raftOn }) => {
  const raft = raftOn({ behind: true });
  assert.equal(raft.state, 'follower.installing');
  raft.tick(60);
  assert.equal(raft.state, 'follower.installing', 'it does not campaign');
  const question = { from: n3, term: term(1), last: mark(9, 1), campaign: 1 };
  assert.deepEqual(raft.tell({ type: 'vote.asked', ...question, transfer: true }), []);
  const append = { from: n2, term: term(1), previous: mark(1, 1), entries: [], commit: index(1) };
  const [refusal] = sent(raft.tell({ type: 'append.sent', ...append }));
  assert.ok(refusal?.type === 'append.refused' && refusal.needsSnapshot);
  const snapshot = { ...mark(7, 1), configuration: members([n1, n2, n3]), id: 's1', size_bytes: 10 };
  const offer = { type: 'snapshot.offered', from: n2, term: term(1), snapshot } as const;
  assert.equal(effectsOf(raft.tell(offer), 'installSnapshot').length, 1);
  assert.deepEqual(raft.tell(offer), [], 'a repeated offer begins nothing anew');
  raft.log.install(snapshot);
  const effects = raft.tell({ type: 'snapshot.installed', mark: snapshot });
  assert.equal(raft.state, 'follower.following');
  assert.deepEqual(promised(effects), [{ type: 'append.accepted', from: n1, term: 1, upTo: 7 }]);
  assert.equal(raft.context.hardState.commit, 7);
  assert.equal(raft.context.handed, 7);
});

story('the log may be cut at the snapshot before raft hears that it is installed', ({ followerOn }) => {
  const raft = followerOn({ terms: [1, 1, 1] });
  const previous = mark(3, 1);
  raft.tell({ type: 'append.sent', from: n2, term: term(1), previous, entries: [command(4, 1)], commit: index(4) });
  const snapshot = { ...mark(9, 1), configuration: members([n1, n2, n3]), id: 's1', size_bytes: 10 };
  raft.tell({ type: 'snapshot.offered', from: n2, term: term(1), snapshot });
  assert.equal(raft.state, 'follower.installing');
  // Entry 4 was written together with the installation: its letter comes when the log no longer holds it.
  raft.log.install(snapshot);
  assert.deepEqual(effectsOf(raft.tell({ type: 'log.kept', term: term(1), end: mark(4, 1) }), 'apply'), []);
  const heartbeat = { type: 'heartbeat.sent', from: n3, term: term(2), commit: index(0), round: 1 as Round } as const;
  const own = effectsOf(raft.tell(heartbeat), 'persist')[0]?.then[0]?.message;
  assert.deepEqual(own, { type: 'log.kept', term: 2, end: mark(9, 1) });
  assert.deepEqual(effectsOf(raft.tell({ type: 'snapshot.installed', mark: snapshot }), 'apply'), []);
  assert.equal(raft.error, null);
  assert.equal(raft.context.handed, 9);
  assert.equal(raft.context.durable, 9);
});

story(
  'a snapshot that failed is refused by name, and offered again when the leader probes',
  ({ followerOn, leaderOn }) => {
    const raft = followerOn();
    const snapshot = { ...mark(7, 1), configuration: members([n1, n2, n3]), id: 's1', size_bytes: 10 };
    raft.tell({ type: 'snapshot.offered', from: n2, term: term(1), snapshot });
    const [refusal] = sent(raft.tell({ type: 'snapshot.failed', index: index(7), reason: 'a piece is damaged' }));
    assert.ok(refusal?.type === 'snapshot.refused' && refusal.reason === 'a piece is damaged');
    assert.equal(raft.state, 'follower.following');
    const leader = leaderOn();
    leader.tell({
      type: 'append.refused',
      from: n3,
      term: term(2),
      previous: index(2),
      hint: mark(1, 1),
      needsSnapshot: true,
    });
    leader.tell({ type: 'snapshot.prepared', to: n3, snapshot });
    const effects = leader.tell({ ...refusal, from: n3, term: term(2) });
    assert.deepEqual(effectsOf(effects, 'dropSnapshot')[0]?.to, n3);
    assert.equal(leader.context.progress.get(n3)?.phase, 'probing');
  },
);
