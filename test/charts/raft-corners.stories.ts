/** Corners of the protocol, one story each: what a handler would get wrong without anything else noticing. */
import assert from 'node:assert/strict';
import type { ConfigurationChange, Entry, ProposalId, ReadId, Round } from '../../machines/language/vocabulary.js';
import { index, term } from '../../machines/language/vocabulary.js';
import { limits } from '../../machines/language/limits.js';
import { command, effectsOf, members, n1, n2, n3, n4, n5, promised, sent, storybook } from './raft-stage.js';
import type { Stage, StageOptions, Stages } from './raft-stage.js';

const { story, stories } = storybook();
export { stories as cornersStories };

const mark = (i: number, t: number) => ({ index: index(i), term: term(t) });
const heartbeat = (inTerm: number) =>
  ({ type: 'heartbeat.sent', from: n2, term: term(inTerm), commit: index(0), round: 3 as Round }) as const;
const preAsked = { type: 'preVote.asked', from: n3, term: term(9), last: mark(99, 9), campaign: 7 } as const;
const asked = { ...preAsked, type: 'vote.asked', transfer: false } as const;
const accepted = (from: typeof n1, upTo: number, inTerm = 2) =>
  ({ type: 'append.accepted', from, term: term(inTerm), upTo: index(upTo) }) as const;
const proposed = (id: number, bytes = 1) =>
  ({ type: 'proposed', term: term(2), batch: [{ id: id as ProposalId, data: new Uint8Array(bytes) }] }) as const;

/* ---- elections --------------------------------------------------------------------------------------------------- */

story('the only voter campaigns also with a silent connection: nobody else could lead', ({ raftOn }) => {
  const raft = raftOn({ configuration: members([n1]) });
  raft.tell({ type: 'link.silent', link: 'bulk' });
  raft.campaign();
  assert.equal(raft.role, 'candidate');
});

story('who is no voter any more does not campaign, its removal committed or not', ({ raftOn }) => {
  const removal: Entry = { ...mark(2, 1), kind: 'configuration', configuration: members([n2, n3]) };
  const raft = raftOn({ more: [removal] });
  raft.tick(60);
  assert.equal(raft.role, 'follower');
});

story('a leader that is heard is defended, however long it has led', ({ followerOn }) => {
  const raft = followerOn();
  for (let i = 0; i < 6; i++) {
    raft.tell(heartbeat(1));
    raft.tick(9);
  }
  assert.deepEqual(raft.tell(preAsked), []);
  assert.deepEqual(raft.tell(asked), []);
});

story('who gives its vote waits anew before it campaigns itself', ({ raftOn }) => {
  const raft = raftOn();
  raft.tick(9);
  raft.tell({ ...asked, term: term(2) });
  raft.tick(9);
  assert.equal(raft.role, 'follower');
});

story('an answer to an earlier campaign is no vote in this one', ({ raftOn }) => {
  const raft = raftOn({ configuration: members([n1, n2, n3, n4, n5]) });
  raft.campaign();
  const { campaign } = raft.context;
  const grant = { type: 'preVote.answered', term: term(2), granted: true } as const;
  raft.tell({ ...grant, from: n2, campaign: campaign - 1 });
  raft.tell({ ...grant, from: n3, campaign });
  assert.equal(raft.role, 'preCandidate');
});

story('a late question is answered with all that its sender needs to make sense of it', ({ raftOn }) => {
  const raft = raftOn({ terms: [1, 3, 3], term: 4 });
  const late = { from: n2, term: term(2) } as const;
  const own = { from: n1, term: 4 };
  const snapshot = { ...mark(9, 2), configuration: members([n1, n2, n3]), id: 's1', size_bytes: 10 };
  const append = { ...late, previous: mark(1, 1), entries: [], commit: index(1) } as const;
  assert.deepEqual(
    [
      ...sent(raft.tell({ ...preAsked, ...late })),
      ...sent(raft.tell({ ...asked, ...late })),
      ...sent(raft.tell({ type: 'append.sent', ...append })),
      ...sent(raft.tell({ ...heartbeat(2), ...late })),
      ...sent(raft.tell({ type: 'snapshot.offered', ...late, snapshot })),
      ...sent(raft.tell({ type: 'readIndex.asked', ...late, id: 8 as ReadId })),
    ],
    [
      { type: 'preVote.answered', ...own, campaign: 7, granted: false },
      { type: 'vote.answered', ...own, campaign: 7, granted: false },
      { type: 'append.refused', ...own, previous: 1, hint: mark(3, 3), needsSnapshot: false },
      { type: 'heartbeat.answered', ...own, round: 3 },
      { type: 'snapshot.refused', ...own, index: 9, reason: 'offered in an older term' },
      { type: 'readIndex.answered', ...own, id: 8, index: null },
    ],
  );
});

/* ---- following --------------------------------------------------------------------------------------------------- */

story('a read that was just relayed is not void, however long its leader has led', ({ followerOn }) => {
  const raft = followerOn();
  const beat = (): void => {
    raft.tick(9);
    raft.tell(heartbeat(1));
  };
  for (let i = 0; i < 4; i++) beat();
  raft.tell({ type: 'read.asked', id: 5 as ReadId });
  assert.deepEqual(effectsOf(raft.tick(1), 'voidReads'), []);
});

story('an append that begins before the own log is taken from where it brings something new', ({ followerOn }) => {
  const raft = followerOn({ terms: Array.from({ length: 12 }, () => 1), commit: 8 });
  raft.log.trim({ ...mark(5, 1), configuration: members([n1, n2, n3]) });
  const entries = Array.from({ length: 10 }, (_, i) => command(4 + i, 1));
  const append = { from: n2, term: term(1), previous: mark(3, 1), entries, commit: index(8) } as const;
  const effects = raft.tell({ type: 'append.sent', ...append });
  assert.deepEqual(
    effectsOf(effects, 'persist').map((effect) => effect.entries.map((entry) => entry.index)),
    [[13]],
  );
  assert.deepEqual(promised(effects), [{ type: 'append.accepted', from: n1, term: 1, upTo: 13 }]);
});

story('a late letter of the own log takes back nothing of what is durable', ({ followerOn }) => {
  const raft = followerOn({ terms: [1, 1, 1] });
  raft.tell({ type: 'log.kept', term: term(1), end: mark(2, 1) });
  assert.equal(raft.context.durable, 3);
});

story('a late report of the state takes back nothing of what is applied', ({ followerOn }) => {
  const raft = followerOn({ terms: [1, 1, 1], commit: 3 });
  raft.tell({ type: 'applied', index: index(3) });
  raft.tell({ type: 'applied', index: index(2) });
  assert.equal(raft.context.applied, 3);
});

story('who installs a snapshot still answers heartbeats: its leader counts on it', ({ raftOn }) => {
  const raft = raftOn({ behind: true });
  assert.deepEqual(sent(raft.tell(heartbeat(1))), [{ type: 'heartbeat.answered', from: n1, term: 1, round: 3 }]);
});

/* ---- leading ----------------------------------------------------------------------------------------------------- */

const change = (id: number, what: ConfigurationChange) =>
  ({ type: 'change.proposed', id: id as ProposalId, term: term(2), change: what }) as const;

story('a new voter that holds nothing yet does not take back what was committed', ({ leaderOn }) => {
  const raft = leaderOn();
  raft.tell(proposed(1));
  raft.tell(proposed(2));
  raft.write();
  raft.tell(accepted(n2, 4));
  assert.equal(raft.context.hardState.commit, 4);
  raft.tell(change(3, { type: 'addVoter', member: { id: n4, name: 'n4' } }));
  raft.tell(accepted(n2, 5));
  assert.equal(raft.error, null);
  assert.equal(raft.context.hardState.commit, 4, 'a quorum of four is three');
});

story('changes of the membership that mean nothing are refused', ({ leaderOn }) => {
  const member = (id: typeof n1) => ({ id, name: `n${id}` });
  const meaningless: readonly ConfigurationChange[] = [
    { type: 'addLearner', member: member(n2) },
    { type: 'addVoter', member: member(n4) },
    { type: 'promote', member: n2 },
    { type: 'promote', member: n5 },
    { type: 'remove', member: n5 },
  ];
  for (const what of meaningless) {
    const effects = leaderOn({ configuration: members([n1, n2, n3], [n4]) }).tell(change(1, what));
    assert.equal(effectsOf(effects, 'refuseProposals').length, 1, `${what.type}`);
  }
});

story('a change touches one member, and leaves the others where they are', ({ leaderOn }) => {
  const after = (what: ConfigurationChange): unknown => {
    const effects = leaderOn({ configuration: members([n1, n2, n3], [n4]) }).tell(change(1, what));
    const { configuration } = effectsOf(effects, 'announce').at(-1) ?? { configuration: members([]) };
    return [configuration.voters.map(({ id }) => id), configuration.learners.map(({ id }) => id)];
  };
  assert.deepEqual(after({ type: 'addLearner', member: { id: n5, name: 'n5' } }), [
    [n1, n2, n3],
    [n4, n5],
  ]);
  assert.deepEqual(after({ type: 'addVoter', member: { id: n5, name: 'n5' } }), [[n1, n2, n3, n5], [n4]]);
  assert.deepEqual(after({ type: 'promote', member: n4 }), [[n1, n2, n3, n4], []]);
  assert.deepEqual(after({ type: 'remove', member: n3 }), [[n1, n2], [n4]]);
  assert.deepEqual(after({ type: 'remove', member: n4 }), [[n1, n2, n3], []]);
});

story('what is committed makes room for more, and no more than that', ({ leaderOn }) => {
  const raft = leaderOn();
  const third = Math.floor(limits.uncommitted_bytes_max / 3);
  const refused = (id: number): number => effectsOf(raft.tell(proposed(id, third)), 'refuseProposals').length;
  assert.deepEqual([refused(1), refused(2), refused(3)], [0, 0, 1]);
  raft.write();
  raft.tell(accepted(n2, 3));
  assert.equal(raft.context.hardState.commit, 3);
  assert.deepEqual([refused(4), refused(5)], [0, 1]);
});

/* ---- an office that cannot be held ------------------------------------------------------------------------------- */

/** Wins its election; nothing of its first entry is written or acknowledged yet. */
function elected({ raftOn }: Stages): Stage {
  const raft = raftOn();
  raft.campaign();
  raft.tell({ type: 'preVote.answered', from: n2, term: term(2), campaign: 1, granted: true });
  raft.write();
  raft.tell({ type: 'vote.answered', from: n2, term: term(2), campaign: 2, granted: true });
  assert.equal(raft.state, 'leader.settling');
  return raft;
}
/** Ticks while `heard` answer every heartbeat, for a while or until it steps down. */
function leadOn(raft: Stage, heard: readonly (typeof n1)[], ticks: number): void {
  for (let i = 0; i < ticks && raft.role === 'leader'; i++) {
    for (const from of heard) {
      raft.tell({ type: 'heartbeat.answered', from, term: term(2), round: raft.context.round });
    }
    raft.tick(1);
  }
}

story('a leader whose very first write does not end steps down', (stages) => {
  const raft = elected(stages);
  raft.tell(accepted(n2, 2));
  raft.tell(accepted(n3, 2));
  leadOn(raft, [n2, n3], 12);
  assert.equal(raft.role, 'follower');
});

story('a leader whose very first entry nobody takes steps down, though all are heard', (stages) => {
  const raft = elected(stages);
  raft.write();
  leadOn(raft, [n2, n3], 12);
  assert.equal(raft.role, 'follower');
});

story('a leader waits for the snapshot that its quorum is installing', ({ leaderOn }) => {
  const raft = leaderOn();
  const needs = { previous: index(2), hint: mark(1, 1), needsSnapshot: true };
  raft.tell({ type: 'append.refused', from: n2, term: term(2), ...needs });
  raft.tell(proposed(1));
  raft.write();
  leadOn(raft, [n2], 40);
  assert.equal(raft.role, 'leader');
});

story('the only voter leads on with a silent connection: nobody else could', ({ raftOn }) => {
  const raft = raftOn({ configuration: members([n1], [n2]) });
  raft.campaign();
  raft.write();
  raft.write();
  raft.tell({ type: 'link.silent', link: 'door' });
  raft.tick(40);
  assert.equal(raft.state, 'leader.serving');
});

story('leadership goes to the voter that is heard and holds most', ({ leaderOn }) => {
  const successor = (raft: Stage): unknown => {
    raft.tell({ type: 'transfer.asked', target: null });
    return raft.context.transfer?.target;
  };
  const configuration = members([n1, n2, n3], [n4]);
  const furthest = leaderOn({ configuration });
  furthest.tell(proposed(1));
  furthest.tell(accepted(n4, 3));
  furthest.tell(accepted(n3, 3));
  assert.equal(successor(furthest), n3, 'not the learner, though it holds as much');
  const heard = leaderOn({ configuration });
  heard.tell(proposed(1));
  heard.write();
  heard.tell(accepted(n3, 3));
  leadOn(heard, [n2], 12);
  assert.equal(successor(heard), n2, 'n3 is not heard any more');
  const able = leaderOn({ configuration });
  const needs = { previous: index(2), hint: mark(1, 1), needsSnapshot: true };
  able.tell({ type: 'append.refused', from: n2, term: term(2), ...needs });
  able.tell({ type: 'append.refused', from: n3, term: term(2), ...needs });
  assert.equal(successor(able), undefined, 'nobody could lead: both install a snapshot');
});

/* ---- trimming ---------------------------------------------------------------------------------------------------- */

/** Leads a log of 3,001 entries; n2 holds all of it. */
function longLog({ raftOn }: Stages, options: StageOptions = {}): Stage {
  const raft = raftOn({ terms: Array.from({ length: 3000 }, () => 1), commit: 3000, applied: 3000, ...options });
  raft.campaign();
  raft.tell({ type: 'preVote.answered', from: n2, term: term(2), campaign: 1, granted: true });
  raft.write();
  raft.tell({ type: 'vote.answered', from: n2, term: term(2), campaign: 2, granted: true });
  raft.write();
  raft.tell(accepted(n2, 3001));
  assert.equal(raft.state, 'leader.serving');
  return raft;
}
const applied = { type: 'applied', index: index(3001) } as const;
const trims = (stage: Stage) => effectsOf(stage.tell(applied), 'trimLog').map((effect) => effect.mark.index);

story('what a member that is heard still needs is not trimmed, and asked to be trimmed once', (stages) => {
  const raft = longLog(stages);
  raft.tell(accepted(n3, 2000));
  assert.deepEqual(trims(raft), [2000]);
  raft.tell(proposed(1));
  raft.write();
  raft.tell(accepted(n2, 3002));
  assert.deepEqual(effectsOf(raft.tell({ type: 'applied', index: index(3002) }), 'trimLog'), []);
});

story('nobody waits for a member that is not heard', (stages) => {
  const raft = longLog(stages);
  raft.tell(accepted(n3, 2000));
  for (let i = 0; i < 20; i++) {
    raft.tell({ type: 'heartbeat.answered', from: n2, term: term(2), round: raft.context.round });
    raft.tick(1);
  }
  assert.deepEqual(trims(raft), [2501]);
});

story('what follows a snapshot on its way to a member is not trimmed', (stages) => {
  const needs = { previous: index(3000), hint: mark(1, 1), needsSnapshot: true };
  const raft = longLog(stages);
  raft.tell({ type: 'append.refused', from: n3, term: term(2), ...needs });
  const snapshot = { ...mark(1500, 1), configuration: members([n1, n2, n3]), id: 's1', size_bytes: 10 };
  raft.tell({ type: 'snapshot.prepared', to: n3, snapshot });
  assert.deepEqual(trims(raft), [1500]);
  const preparing = longLog(stages);
  preparing.tell({ type: 'append.refused', from: n3, term: term(2), ...needs });
  assert.deepEqual(trims(preparing), [], 'nobody knows yet where it will begin');
});
