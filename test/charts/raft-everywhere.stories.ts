/** What holds in every state of the chart: the term gate, and what a member does that does not lead. */
import assert from 'node:assert/strict';
import type { ProposalId, ReadId } from '../../machines/language/vocabulary.js';
import { index, term } from '../../machines/language/vocabulary.js';
import { lastIndex } from '../../machines/raft/tail.js';
import { effectsOf, n1, n2, n3, promised, sent, storybook } from './raft-stage.js';
import type { Stage } from './raft-stage.js';
import { letters, pending, snapshot, standings, type Kind } from './raft-standings.js';

const { story, stories } = storybook();
export { stories as everywhereStories };

const questions = ['append.sent', 'heartbeat.sent', 'snapshot.offered', 'readIndex.asked', 'vote.asked'] as const;
const answers = [
  'vote.answered',
  'preVote.answered',
  'append.accepted',
  'append.refused',
  'heartbeat.answered',
  'snapshot.refused',
  'readIndex.answered',
  'campaign.asked',
] as const;

/** A story in every state whose name fits, on a stage of its own. */
function everywhere(sentence: string, fits: RegExp, told: (stage: Stage, name: string) => void): void {
  everyStage(sentence, fits, (stageOf, name) => told(stageOf(), name));
}

/** The same for every kind of letter. */
function everyLetter(sentence: string, kinds: readonly Kind[], told: (stage: Stage, kind: Kind) => void): void {
  everyStage(sentence, /./, (stageOf) => kinds.forEach((kind) => told(stageOf(), kind)));
}

function everyStage(sentence: string, fits: RegExp, told: (stageOf: () => Stage, name: string) => void): void {
  for (const [name, standing] of Object.entries(standings)) {
    if (!fits.test(name)) continue;
    story(`${sentence} (${name})`, (stages) => {
      const used: Stage[] = [];
      const stageOf = (): Stage => {
        const stage = standing(stages);
        assert.equal(stage.state, name.split(',')[0], 'the standing is what it is called');
        used.push(stage);
        return stage;
      };
      told(stageOf, name);
      for (const stage of used) assert.equal(stage.error, null);
    });
  }
}

/** What a candidate's rival and a leader's follower say comes from n3, what a leader says from n2. */
const letter = (stage: Stage, kind: Kind, inTerm: number) =>
  letters[kind](stage, /^(append|readIndex\.answered|campaign)/.test(kind) ? n2 : n3, inTerm);

const promisesNothing = (stage: Stage, kind: Kind): boolean =>
  stage.state.includes('installing') && kind === 'vote.asked';

const notLeading = /^(follower|learner|preC|c)/;
const leaderKnown = (stage: Stage): boolean => stage.context.leader !== null;

/* ---- terms ------------------------------------------------------------------------------------------------------- */

everyLetter('a newer term is kept on disk before all else, and told', [...questions, ...answers], (stage, kind) => {
  const before = stage.state;
  const effects = stage.tell(letter(stage, kind, 9));
  if (promisesNothing(stage, kind)) return assert.deepEqual([effects, stage.context.hardState.term], [[], 4]);
  assert.deepEqual(effectsOf(effects, 'persist')[0]?.hardState, { ...stage.context.hardState, term: 9, vote: null });
  const kept = effects.findIndex((effect) => effect.type === 'persist');
  const said = effects.findIndex((effect) => effect.type === 'send' && effect.letters[0]?.message.term === 9);
  assert.ok(said < 0 || kept < said, kind);
  const told = effectsOf(effects, 'announce').map((announced) => announced.term);
  assert.deepEqual([...new Set(told)], [9], `${kind}: nothing is told of the old term`);
  const inPlace = /learner|installing/.test(before) ? before.split('.')[0] : 'follower';
  assert.equal(stage.role, inPlace, kind);
});

everyLetter('a newer term voids what was asked of the leader', [...questions, ...answers], (stage, kind) => {
  const { relayed, reading } = stage.context;
  const effects = stage.tell(letter(stage, kind, 9));
  const open = (relayed.length > 0 || reading !== null) && !promisesNothing(stage, kind);
  const voided = effectsOf(effects, 'voidReads').flatMap(({ ids }) => ids);
  assert.deepEqual(voided, open ? [pending] : [], kind);
});

everyLetter(
  'a question in a newer term is heard again in it, an answer is not',
  [...questions, ...answers],
  (stage, kind) => {
    if (promisesNothing(stage, kind)) return;
    const asked = letter(stage, kind, 9);
    const effects = stage.tell(asked);
    const { leader, hardState } = stage.context;
    if (kind === 'vote.asked') {
      assert.equal(promised(effects).find((message) => message.type === 'vote.answered')?.term, 9);
      assert.equal(hardState.vote, n3);
    } else if (kind === 'readIndex.asked') {
      const answer = sent(effects).find((message) => message.type === 'readIndex.answered' && message.term === 9);
      assert.deepEqual(answer, { type: 'readIndex.answered', from: n1, term: 9, id: 8, index: null });
    } else {
      assert.equal(leader, (questions as readonly Kind[]).includes(kind) ? asked.from : null, kind);
    }
  },
);

const answeredBy: Partial<Record<Kind, Kind>> = {
  'append.sent': 'append.refused',
  'heartbeat.sent': 'heartbeat.answered',
  'snapshot.offered': 'snapshot.refused',
  'readIndex.asked': 'readIndex.answered',
  'vote.asked': 'vote.answered',
};
everyLetter(
  'a question in an older term is answered with the own one, and changes nothing',
  questions,
  (stage, kind) => {
    stage.tick(1);
    const before = [stage.state, stage.context];
    const effects = stage.tell(letter(stage, kind, 3));
    assert.deepEqual([stage.state, stage.context], before, kind);
    if (promisesNothing(stage, kind)) return assert.deepEqual(effects, []);
    const said = sent(effects).map((message) => [message.type, message.term]);
    assert.deepEqual([effects.length, said], [1, [[answeredBy[kind], 4]]]);
    const [answer] = sent(effects);
    if (answer?.type === 'vote.answered') assert.equal(answer.granted, false);
  },
);

everyLetter('an answer in an older term is heard by nobody', answers, (stage, kind) => {
  if (stage.role === 'preCandidate' && kind === 'preVote.answered') return; // A refusal is in the answerer's term.
  stage.tick(1);
  const before = stage.context;
  for (const from of [n2, n3]) assert.deepEqual(stage.tell(letters[kind](stage, from, 3)), [], kind);
  assert.deepEqual(stage.context, before, kind);
});

/* ---- what comes too late ----------------------------------------------------------------------------------------- */

const late: readonly Kind[] = ['append.accepted', 'append.refused', 'heartbeat.answered', 'snapshot.refused'];
everywhere('what was meant for a leader says nothing to who does not lead', notLeading, (stage) => {
  const before = stage.context;
  for (const kind of late) assert.deepEqual(stage.tell(letters[kind](stage, n3, 4)), [], kind);
  assert.deepEqual(stage.context, before);
});

everywhere('an answer to a campaign says nothing to who does not campaign', /^(follower|learner|leader)/, (stage) => {
  const before = stage.context;
  for (const kind of ['vote.answered', 'preVote.answered'] as const) {
    assert.deepEqual(stage.tell(letters[kind](stage, n3, 4)), [], kind);
  }
  assert.deepEqual(stage.context, before);
});

/* ---- who does not lead ------------------------------------------------------------------------------------------- */

everywhere('who does not lead refuses proposals, and drops a snapshot made for someone', notLeading, (stage) => {
  const change = { type: 'remove', member: n3 } as const;
  const id = 1 as ProposalId;
  const inTerm = term(4);
  const refused = [{ type: 'refuseProposals', ids: [1], reason: 'notLeader' }];
  const batch = [{ id, data: Uint8Array.of(1) }];
  assert.deepEqual(stage.tell({ type: 'proposed', term: inTerm, batch }), refused);
  assert.deepEqual(stage.tell({ type: 'change.proposed', id, term: inTerm, change }), refused);
  assert.deepEqual(stage.tell({ type: 'snapshot.prepared', to: n3, snapshot }), [{ type: 'dropSnapshot', to: n3 }]);
});

everywhere('who does not lead gives no read index; it asks its leader, or voids the read', notLeading, (stage) => {
  const [answer] = sent(stage.tell(letters['readIndex.asked'](stage, n3, 4)));
  assert.deepEqual(answer, { type: 'readIndex.answered', from: n1, term: 4, id: 8, index: null });
  const effects = stage.tell({ type: 'read.asked', id: 6 as ReadId });
  if (!leaderKnown(stage)) return assert.deepEqual(effects, [{ type: 'voidReads', ids: [6] }]);
  assert.deepEqual(sent(effects), [{ type: 'readIndex.asked', from: n1, term: 4, id: 6 }]);
  const told = { from: n2, term: term(4), id: 6 as ReadId, index: index(3) };
  assert.deepEqual(stage.tell({ type: 'readIndex.answered', ...told }), [{ type: 'answerRead', id: 6, index: 3 }]);
});

everywhere('a read that the leader does not answer for an election timeout is void', /ing$/, (stage) => {
  if (!/follower|learner/.test(stage.role)) return;
  const beat = () => stage.tell(letters['heartbeat.sent'](stage, n2, 4));
  const effects = Array.from({ length: 12 }, () => [...beat(), ...stage.tick(1)]).flat();
  assert.deepEqual(effectsOf(effects, 'voidReads'), [{ type: 'voidReads', ids: [pending] }]);
  assert.equal(stage.context.leader, n2);
});

/* ---- leaders and their absence ----------------------------------------------------------------------------------- */

everyStage(
  'a leader of the own term that shows itself is followed, and heard',
  /follower.leaderless|andidate/,
  (stageOf) => {
    for (const kind of ['append.sent', 'heartbeat.sent', 'snapshot.offered'] as const) {
      const stage = stageOf();
      const effects = stage.tell(letters[kind](stage, n2, 4));
      assert.equal(stage.context.leader, n2, kind);
      const first = effects.findIndex((effect) => effect.type !== 'announce');
      assert.equal(effectsOf(effects, 'announce').at(-1), effects[first - 1], 'it is announced before it is answered');
      const said = [...sent(effects), ...promised(effects)].map((message) => message.type);
      if (kind === 'append.sent') assert.deepEqual(said, ['append.accepted']);
      else if (kind === 'heartbeat.sent') assert.deepEqual(said, ['heartbeat.answered']);
      else assert.equal(stage.state, 'follower.installing');
    }
  },
);

everywhere(
  'when its election is due a member that may not campaign waits anew, without a leader',
  notLeading,
  (stage) => {
    stage.tell({ type: 'link.silent', link: 'door' });
    for (let due = 0; due < 3; due++) {
      const { random } = stage.context;
      for (let i = 0; stage.context.random === random && i < 20; i++) {
        const { ticks, heard_tick, timeout } = stage.context;
        const overdue = ticks + 1 - heard_tick >= timeout;
        stage.tick(1);
        assert.equal(stage.context.ticks, ticks + 1);
        assert.equal(stage.context.random !== random, overdue, 'a new wait is drawn when the old one is over');
      }
      assert.ok(stage.context.ticks - stage.context.heard_tick <= 1);
      assert.equal(stage.context.leader, null);
      assert.match(stage.role, /follower|learner/);
    }
  },
);

everywhere('a heartbeat puts the election off', /^(follower|learner)/, (stage) => {
  const before = stage.state;
  for (let i = 0; i < 10; i++) {
    stage.tell(letters['heartbeat.sent'](stage, n2, 4));
    const { state } = stage;
    stage.tick(9);
    assert.equal(stage.state, state);
    assert.equal(stage.context.leader, n2);
    if (before !== 'follower.leaderless') assert.equal(state, before);
  }
});

/* ---- everybody --------------------------------------------------------------------------------------------------- */

everywhere('what is written counts, told in its own term', /./, (stage) => {
  const { durable } = stage.context;
  const last = lastIndex(stage.context);
  const end = { index: last, term: term(last > 3 && stage.role !== 'candidate' ? 4 : 3) };
  stage.tell({ type: 'log.kept', term: term(3), end });
  assert.equal(stage.context.durable, durable, 'told in an older term');
  stage.write();
  assert.equal(stage.context.durable, last);
});

everywhere('a silent connection is noted, until it is heard again', /./, (stage) => {
  stage.tell({ type: 'link.silent', link: 'door' });
  assert.deepEqual([...stage.context.silent], ['door']);
  stage.tell({ type: 'link.heard', link: 'door' });
  assert.deepEqual([...stage.context.silent], []);
});

everywhere('what is applied is noted', /./, (stage) => {
  stage.tell({ type: 'applied', index: index(1) });
  assert.equal(stage.context.applied, 1);
});

everywhere('every tick is counted, whatever comes of it', /./, (stage) => {
  const { ticks } = stage.context;
  stage.tick(100);
  assert.equal(stage.context.ticks, ticks + 100);
});
