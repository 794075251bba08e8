/** What only some states do: learners, members that install a snapshot, candidates, leaders that leave. */
import assert from 'node:assert/strict';
import type { Entry, EventOf, ProposalId, ReadId, Round } from '../../machines/language/vocabulary.js';
import { index, term } from '../../machines/language/vocabulary.js';
import { effectsOf, members, n1, n2, n3, promised, sent, storybook } from './raft-stage.js';
import type { Stage, Stages } from './raft-stage.js';
import { letters, pending, snapshot, standings } from './raft-standings.js';

const { story, stories } = storybook();
export { stories as rolesStories };

const mark = (i: number, t: number) => ({ index: index(i), term: term(t) });
const on = (stages: Stages, name: string): Stage => {
  const standing = standings[name];
  if (standing === undefined) throw new Error(`no standing is called ${name}`);
  return standing(stages);
};
const asked = (transfer: boolean, inTerm = 4, last = mark(9, 4)): EventOf<'vote.asked'> => ({
  type: 'vote.asked',
  from: n3,
  term: term(inTerm),
  last,
  campaign: 7,
  transfer,
});
const preAsked = (inTerm: number, last = mark(9, 4)): EventOf<'preVote.asked'> => ({
  type: 'preVote.asked',
  from: n3,
  term: term(inTerm),
  last,
  campaign: 7,
});
const refusal = [{ granted: false, term: 4 }];
const votes = (messages: readonly object[]) =>
  messages.flatMap((message) => ('granted' in message && 'term' in message ? [message] : []));
const granted = (messages: readonly object[]) =>
  votes(messages).map(({ granted: yes, term: t }) => ({ granted: yes, term: t }));
const offer = (at: number): EventOf<'snapshot.offered'> => ({
  type: 'snapshot.offered',
  from: n2,
  term: term(4),
  snapshot: { ...snapshot, index: index(at) },
});
const heartbeat = (stage: Stage) => letters['heartbeat.sent'](stage, n2, 4);

/* ---- a snapshot is installed ------------------------------------------------------------------------------------- */

for (const role of ['follower', 'learner']) {
  story(`${role}: who installs a snapshot promises no vote`, (stages) => {
    for (const name of [`${role}.installing`, `${role}.installing, behind`]) {
      const stage = on(stages, name);
      for (const letter of [asked(true), preAsked(5)]) assert.deepEqual(stage.tell(letter), [], name);
    }
  });

  story(`${role}: an append is heard while a snapshot is installed, and taken by nobody`, (stages) => {
    const busy = on(stages, `${role}.installing`);
    busy.tick(3);
    assert.deepEqual(busy.tell(letters['append.sent'](busy, n2, 4)), []);
    assert.equal(busy.context.heard_tick, busy.context.ticks);
    const behind = on(stages, `${role}.installing, behind`);
    const [answer] = sent(behind.tell(letters['append.sent'](behind, n2, 4)));
    assert.ok(answer?.type === 'append.refused' && answer.needsSnapshot, 'its state is gone: it asks for a snapshot');
    assert.equal(behind.context.leader, n2);
  });

  story(`${role}: an offer is taken when it helps, refused when it does not, and taken once`, (stages) => {
    const behind = on(stages, `${role}.installing, behind`);
    assert.equal(effectsOf(behind.tell(offer(9)), 'installSnapshot').length, 1);
    behind.tick(3);
    assert.deepEqual(behind.tell(offer(12)), [], 'one is being installed');
    assert.equal(behind.context.heard_tick, behind.context.ticks, 'its leader is heard all the same');
    const configuration = role === 'learner' ? members([n2, n3], [n1]) : members([n1, n2, n3]);
    const cut = stages.raftOn({ configuration, terms: [1, 3, 3], term: 4, commit: 3, behind: true });
    cut.log.trim({ ...mark(3, 3), configuration });
    const [answer] = sent(cut.tell(offer(2)));
    assert.ok(answer?.type === 'snapshot.refused' && answer.index === 2, 'it does not reach the log that is here');
    assert.equal(cut.state, `${role}.installing`);
  });

  story(`${role}: an installation that failed is reported; without a state it waits for the next offer`, (stages) => {
    const failed = { type: 'snapshot.failed', index: index(9), reason: 'a piece is damaged' } as const;
    const busy = on(stages, `${role}.installing`);
    const [told] = sent(busy.tell(failed));
    assert.ok(told?.type === 'snapshot.refused' && told.reason === failed.reason);
    assert.match(busy.state, /following|learning/);
    assert.equal(busy.context.installing, null);
    const behind = on(stages, `${role}.installing, behind`);
    behind.tell(offer(9));
    behind.tell(failed);
    assert.equal(behind.state, `${role}.installing`);
    assert.equal(effectsOf(behind.tell(offer(9)), 'installSnapshot').length, 1);
  });

  story(`${role}: an offer of what is committed here is acknowledged, not taken`, (stages) => {
    const stage = on(stages, role === 'follower' ? 'follower.following' : 'learner.learning');
    const effects = stage.tell(offer(1));
    assert.deepEqual(sent(effects), [{ type: 'append.accepted', from: n1, term: 4, upTo: 2 }]);
  });
}

/** Long enough that nobody leads as far as it knows. */
function forgotten(stage: Stage): Stage {
  stage.tick(21);
  assert.equal(stage.context.leader, null);
  return stage;
}

story('follower: a snapshot installed after its leader was forgotten is adopted all the same', (stages) => {
  const stage = forgotten(on(stages, 'follower.installing'));
  stage.log.install(snapshot);
  const effects = stage.tell({ type: 'snapshot.installed', mark: snapshot });
  assert.deepEqual([stage.state, stage.context.handed, stage.context.installing], ['follower.leaderless', 9, null]);
  assert.deepEqual(promised(effects), [], 'there is nobody to tell');
  const failing = forgotten(on(stages, 'follower.installing'));
  const failed = { type: 'snapshot.failed', index: index(9), reason: 'nobody answers' } as const;
  assert.deepEqual(sent(failing.tell(failed)), []);
  assert.deepEqual([failing.state, failing.context.installing], ['follower.leaderless', null]);
});

story('a learner that the snapshot promoted is a follower, also when its leader was forgotten', (stages) => {
  const stage = forgotten(on(stages, 'learner.installing'));
  stage.log.install(snapshot);
  stage.tell({ type: 'snapshot.installed', mark: snapshot });
  assert.equal(stage.state, 'follower.leaderless');
});

/* ---- learners ---------------------------------------------------------------------------------------------------- */

story('a learner answers for its vote like any other', (stages) => {
  const stage = on(stages, 'learner.learning');
  assert.deepEqual(stage.tell(asked(false)), [], 'its leader is heard');
  assert.deepEqual(stage.tell(preAsked(5)), []);
  assert.deepEqual(granted(sent(stage.tell(asked(true)))), refusal, 'it follows the leader of this term');
  const quiet = stages.raftOn({ configuration: members([n2, n3], [n1]), terms: [1, 3, 3], term: 4, seed: 1 });
  quiet.tell(heartbeat(quiet));
  quiet.tick(10);
  assert.equal(quiet.context.leader, n2, 'not heard for an election timeout, and not forgotten yet');
  assert.deepEqual(granted(sent(quiet.tell(asked(false)))), refusal, 'it follows the leader of this term');
  const free = on(stages, 'learner.learning, leaderless');
  assert.deepEqual(granted(sent(free.tell(preAsked(5, mark(1, 1))))), refusal, 'its log is further');
  assert.deepEqual(granted(sent(free.tell(preAsked(5)))), [{ granted: true, term: 5 }]);
  assert.deepEqual(granted(sent(free.tell(asked(false, 4, mark(1, 1))))), refusal, 'its log is further');
  assert.deepEqual(granted(promised(free.tell(asked(false)))), [{ granted: true, term: 4 }]);
});

story('a learner refuses an append after a gap', (stages) => {
  const stage = on(stages, 'learner.learning');
  const gap = { ...letters['append.sent'](stage, n2, 4), previous: mark(7, 4) };
  const [answer] = sent(stage.tell(gap));
  assert.ok(answer?.type === 'append.refused' && answer.hint.index === 4);
});

/* ---- candidates -------------------------------------------------------------------------------------------------- */

story('a candidate that a quorum refuses is a follower', (stages) => {
  const stage = on(stages, 'candidate');
  const refused = { ...letters['vote.answered'](stage, n2, 4), granted: false };
  stage.tell(refused);
  stage.tell({ ...refused, from: n3 });
  assert.equal(stage.state, 'follower.leaderless');
});

story('an election without an outcome begins anew with the question who would vote', (stages) => {
  const stage = on(stages, 'candidate');
  for (let i = 0; stage.role === 'candidate' && i < 20; i++) stage.tick(1);
  assert.deepEqual([stage.role, stage.context.hardState.term], ['preCandidate', 4]);
});

story('a candidate grants and refuses pre-votes like any other', (stages) => {
  const stage = on(stages, 'candidate');
  assert.deepEqual(granted(sent(stage.tell(preAsked(5)))), [{ granted: true, term: 5 }]);
  assert.deepEqual(granted(sent(stage.tell(preAsked(5, mark(1, 1))))), refusal);
});

story('who only asks whether others would vote gives its own vote, and ends asking', (stages) => {
  const stage = on(stages, 'preCandidate');
  assert.deepEqual(granted(sent(stage.tell(asked(false, 4, mark(1, 1))))), refusal);
  assert.equal(stage.role, 'preCandidate');
  assert.deepEqual(granted(promised(stage.tell(asked(false)))), [{ granted: true, term: 4 }]);
  assert.deepEqual([stage.role, stage.context.hardState.vote], ['follower', n3]);
});

story('a campaign voids what was asked of the leader', (stages) => {
  const due = on(stages, 'follower.following');
  for (let i = 0; due.context.ticks + 1 - due.context.heard_tick < due.context.timeout && i < 20; i++) due.tick(1);
  due.tell({ type: 'read.asked', id: 6 as ReadId });
  assert.deepEqual(effectsOf(due.tick(1), 'voidReads').at(-1)?.ids, [pending, 6]);
  assert.equal(due.role, 'preCandidate');
  const invited = on(stages, 'follower.following');
  const effects = invited.tell({ type: 'campaign.asked', from: n2, term: term(4) });
  assert.deepEqual(effectsOf(effects, 'voidReads')[0]?.ids, [pending]);
  assert.equal(invited.role, 'candidate');
});

/* ---- leaders ----------------------------------------------------------------------------------------------------- */

const change = (inTerm: number): EventOf<'change.proposed'> => ({
  type: 'change.proposed',
  id: 3 as ProposalId,
  term: term(inTerm),
  change: { type: 'remove', member: n3 },
});
const batch = [{ id: 3 as ProposalId, data: Uint8Array.of(3) }];
const reason = (effects: Parameters<typeof effectsOf>[0]) => effectsOf(effects, 'refuseProposals')[0]?.reason;

story(
  'membership changes are refused by name: of another term, before the own first entry, while handing over',
  (stages) => {
    for (const name of ['leader.settling', 'leader.serving', 'leader.handingOver']) {
      assert.equal(reason(on(stages, name).tell(change(3))), 'staleTerm', name);
      assert.equal(reason(on(stages, name).tell({ type: 'proposed', term: term(3), batch })), 'staleTerm', name);
    }
    assert.equal(reason(on(stages, 'leader.settling').tell(change(4))), 'changeInProgress');
    const leaving = on(stages, 'leader.handingOver');
    assert.equal(reason(leaving.tell(change(4))), 'handingOver');
    assert.equal(reason(leaving.tell({ type: 'proposed', term: term(4), batch })), 'handingOver');
  },
);

story('whatever only a leader says breaks an invariant at another leader of its term', (stages) => {
  for (const kind of ['append.sent', 'heartbeat.sent', 'snapshot.offered', 'campaign.asked'] as const) {
    const stage = on(stages, 'leader.serving');
    stage.tell(letters[kind](stage, n2, 4));
    assert.match(String(stage.error), /a term has one leader/, kind);
  }
});

story('a leader that hears a quorum is not disturbed by a candidate of a newer term', (stages) => {
  const stage = on(stages, 'leader.serving');
  assert.deepEqual(stage.tell(asked(false, 9)), []);
  assert.deepEqual([stage.role, stage.context.hardState.term], ['leader', 4]);
});

story('a member whose offered snapshot was dropped is probed again when it next answers', (stages) => {
  const stage = on(stages, 'leader.serving');
  stage.tell({ type: 'snapshot.dropped', to: n3 });
  assert.equal(stage.context.progress.get(n3)?.phase, 'probing');
  stage.tick(4);
  const again = sent(stage.tell({ ...letters['heartbeat.answered'](stage, n3, 4), round: 0 as Round }));
  assert.equal(again[0]?.type, 'append.sent');
});

story('the own write may be what makes a quorum: the others learn of it at once', (stages) => {
  const stage = on(stages, 'leader.settling');
  stage.tell({ type: 'append.accepted', from: n2, term: term(4), upTo: index(5) });
  assert.equal(stage.context.hardState.commit, 2, 'the own log is not written yet');
  stage.write();
  const told = sent(stage.take()).filter(({ type }) => type === 'append.sent');
  assert.equal(stage.context.hardState.commit, 5);
  assert.deepEqual(
    told.map((message) => message.type === 'append.sent' && message.commit),
    [5],
  );
});

story('a leader with a silent connection resigns in favour of who holds most', (stages) => {
  const stage = on(stages, 'leader.serving');
  stage.tell({ type: 'link.silent', link: 'bulk' });
  const { ticks } = stage.context;
  const effects = stage.tick(1);
  assert.deepEqual([stage.role, stage.context.ticks], ['follower', ticks + 1]);
  assert.equal(sent(effects).find((message) => message.type === 'campaign.asked')?.term, 4);
});

story('while it hands over a leader still gives read indexes, once a round confirms it', (stages) => {
  const stage = on(stages, 'leader.handingOver');
  const answers = (effects: Parameters<typeof effectsOf>[0]) => [
    ...effectsOf(effects, 'answerRead').map(({ id }) => id),
    ...sent(effects).flatMap((message) => (message.type === 'readIndex.answered' ? [message.id] : [])),
  ];
  assert.deepEqual(answers(stage.tell({ type: 'read.asked', id: 6 as ReadId })), [], 'the round is on its way');
  assert.deepEqual(answers(stage.tell(letters['readIndex.asked'](stage, n3, 4))), []);
  const round = stage.context.round;
  assert.deepEqual(answers(stage.tell({ ...letters['heartbeat.answered'](stage, n2, 4), round })), [pending]);
  const next = stage.context.round;
  assert.ok(next > round, 'the next round is for the reads that came meanwhile');
  assert.deepEqual(answers(stage.tell({ ...letters['heartbeat.answered'](stage, n2, 4), round: next })), [6, 8]);
});

story('a successor that does not catch up in time is given up, and the leader serves again', (stages) => {
  const stage = on(stages, 'leader.handingOver');
  for (let i = 0; i < 10; i++) {
    stage.tell(letters['heartbeat.answered'](stage, n2, 4));
    stage.tick(1);
  }
  assert.deepEqual([stage.state, stage.context.transfer], ['leader.serving', null]);
});

story('leadership is handed to another voter, or to nobody', (stages) => {
  const configuration = members([n1, n2], [n3]);
  for (const target of [n1, n3, 9n as never]) {
    const stage = stages.leaderOn({ configuration });
    assert.deepEqual(stage.tell({ type: 'transfer.asked', target }), []);
    assert.equal(stage.state, 'leader.serving', `${target}`);
  }
});

/* ---- removed ----------------------------------------------------------------------------------------------------- */

const removal: Entry = { ...mark(4, 3), kind: 'configuration', configuration: members([n2, n3]) };
const removing = (stage: Stage, commit: number) =>
  stage.tell({
    type: 'append.sent',
    from: n2,
    term: stage.context.hardState.term,
    previous: mark(3, 3),
    entries: [removal],
    commit: index(commit),
  });

story('a member whose removal is committed is removed, retires, and says so', (stages) => {
  for (const configuration of [members([n1, n2, n3]), members([n2, n3], [n1])]) {
    const stage = stages.raftOn({ configuration, terms: [1, 3, 3], term: 4 });
    stage.tell(heartbeat(stage));
    removing(stage, 3);
    assert.notEqual(stage.role, 'removed', 'not committed yet');
    const effects = removing(stage, 4);
    assert.equal(stage.role, 'removed');
    assert.deepEqual(
      [effectsOf(effects, 'retire').length, effectsOf(effects, 'announce').at(-1)?.role],
      [1, 'removed'],
    );
  }
  const restarted = stages.raftOn({ terms: [1, 3, 3], term: 4, more: [removal], commit: 4 });
  assert.equal(restarted.role, 'removed', 'also when it starts again');
});

story('who is removed promises nothing, and refuses what it is asked', (stages) => {
  const stage = stages.raftOn({ terms: [1, 3, 3], term: 4 });
  removing(stage, 4);
  const { durable } = stage.context;
  stage.tell({ type: 'log.kept', term: term(3), end: mark(4, 3) });
  assert.equal(stage.context.durable, durable);
  stage.write();
  assert.equal(stage.context.durable, 4, 'what was being written counts');
  stage.tell({ type: 'applied', index: index(4) });
  assert.equal(stage.context.applied, 4);
  assert.equal(reason(stage.tell({ type: 'proposed', term: term(4), batch })), 'notLeader');
  assert.equal(reason(stage.tell(change(4))), 'notLeader');
  assert.deepEqual(stage.tell({ type: 'read.asked', id: 6 as ReadId }), [{ type: 'voidReads', ids: [6] }]);
  assert.deepEqual(stage.tell({ type: 'snapshot.prepared', to: n3, snapshot }), [{ type: 'dropSnapshot', to: n3 }]);
  for (const letter of [asked(true), preAsked(5), heartbeat(stage)]) assert.deepEqual(stage.tell(letter), []);
});
