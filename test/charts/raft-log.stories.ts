/** The log, event by event: appends, own durability, commit, apply, trim (Raft §5.3, §5.4). */
import assert from 'node:assert/strict';
import type { Entry, ProposalId } from '../../machines/language/vocabulary.js';
import { index, term } from '../../machines/language/vocabulary.js';
import { limits } from '../../machines/language/limits.js';
import { lastIndex } from '../../machines/raft/tail.js';
import { command, effectsOf, members, n1, n2, n3, n4, promised, sent, storybook } from './raft-stage.js';

const { story, stories } = storybook();
export { stories as logStories };

const mark = (i: number, t: number) => ({ index: index(i), term: term(t) });
const append = (inTerm: number, previous: ReturnType<typeof mark>, entries: readonly Entry[], commit = 1) =>
  ({ type: 'append.sent', from: n2, term: term(inTerm), previous, entries, commit: index(commit) }) as const;
const proposed = (inTerm: number, ...ids: number[]) =>
  ({
    type: 'proposed',
    term: term(inTerm),
    batch: ids.map((id) => ({ id: id as ProposalId, data: Uint8Array.of(id) })),
  }) as const;
const accepted = (from: typeof n1, inTerm: number, upTo: number) =>
  ({ type: 'append.accepted', from, term: term(inTerm), upTo: index(upTo) }) as const;

story(
  'an acknowledgement hangs on the write; a repeated append is acknowledged at once only when it is on disk',
  ({ followerOn }) => {
    const raft = followerOn();
    const letter = append(1, mark(1, 1), [command(2, 1)]);
    const first = raft.tell(letter);
    assert.deepEqual(sent(first), []);
    assert.deepEqual(promised(first), [{ type: 'append.accepted', from: n1, term: 1, upTo: 2 }]);
    const again = raft.tell(letter);
    assert.deepEqual(sent(again), [], 'it is not durable yet');
    assert.equal(promised(again).length, 1);
    raft.write();
    assert.deepEqual(sent(raft.tell(letter)), [{ type: 'append.accepted', from: n1, term: 1, upTo: 2 }]);
  },
);

story('a late append whose entries are all there truncates nothing', ({ followerOn }) => {
  const raft = followerOn({ terms: [1, 1, 1, 1], term: 1 });
  raft.tell(append(1, mark(1, 1), [command(2, 1)]));
  assert.equal(lastIndex(raft.context), 4);
});

story('from the first conflict on the log is replaced, and own durability with it', ({ followerOn }) => {
  const raft = followerOn({ terms: [1, 2, 2, 2], term: 3 });
  const effects = raft.tell(append(3, mark(2, 2), [command(3, 3)]));
  assert.deepEqual(
    effectsOf(effects, 'persist')[0]?.entries.map((entry) => entry.index),
    [3],
  );
  assert.equal(lastIndex(raft.context), 3);
  assert.equal(raft.context.durable, 2);
});

story('an append after a gap or a conflict is refused with the place where the logs may agree', ({ followerOn }) => {
  const raft = followerOn({ terms: [1, 2, 2, 2], term: 5 });
  const [gap] = sent(raft.tell(append(5, mark(9, 5), [])));
  assert.ok(gap?.type === 'append.refused');
  assert.deepEqual(gap.hint, mark(4, 2));
  const [conflict] = sent(raft.tell(append(5, mark(4, 1), [])));
  assert.ok(conflict?.type === 'append.refused');
  assert.deepEqual(conflict.hint, mark(1, 1), 'all of term 2 is skipped at once');
});

story('commit moves only as far as the append showed that the logs agree', ({ followerOn }) => {
  const raft = followerOn({ terms: [1, 1, 1, 1], term: 1 });
  raft.tell(append(1, mark(1, 1), [command(2, 1)], 4));
  assert.equal(raft.context.hardState.commit, 2);
});

story('the state is handed nothing that the own log does not hold durably', ({ followerOn }) => {
  const raft = followerOn();
  const effects = raft.tell(append(1, mark(1, 1), [command(2, 1)], 2));
  assert.equal(raft.context.hardState.commit, 2);
  assert.deepEqual(effectsOf(effects, 'apply'), []);
  raft.write();
  assert.deepEqual(
    effectsOf(raft.take(), 'apply').flatMap((effect) => effect.entries.map((entry) => entry.index)),
    [2],
  );
});

story(
  'a letter of the own log counts in its own term, and where the log still holds what it names',
  ({ followerOn }) => {
    const raft = followerOn();
    raft.tell(append(1, mark(1, 1), [command(2, 1)]));
    assert.deepEqual(raft.tell({ type: 'log.kept', term: term(1), end: mark(2, 9) }), []);
    assert.equal(raft.context.durable, 1);
    raft.tell({ type: 'heartbeat.sent', from: n2, term: term(2), commit: index(0), round: 1 as never });
    raft.tell({ type: 'log.kept', term: term(1), end: mark(2, 1) });
    assert.equal(raft.context.durable, 1, 'told in an older term');
    raft.write();
    assert.equal(raft.context.durable, 2, 'the write of the new term said it again');
  },
);

story('a batch is one write and one append for each follower; ids are confirmed with their place', ({ leaderOn }) => {
  const raft = leaderOn();
  const effects = raft.tell(proposed(2, 1, 2, 3));
  assert.deepEqual(
    effects.map((effect) => effect.type),
    ['confirmAppended', 'send', 'persist'],
  );
  const [confirmed] = effectsOf(effects, 'confirmAppended');
  assert.deepEqual([confirmed?.first, confirmed?.term, confirmed?.ids], [3, 2, [1, 2, 3]]);
  assert.equal(sent(effects).length, 2);
});

story('commit needs a quorum of distinct voters, each counted for what is durable there', ({ leaderOn }) => {
  const raft = leaderOn({ configuration: members([n1, n2, n3, n4, 5n as never]) });
  raft.tell(proposed(2, 1));
  const before = raft.context.hardState.commit;
  raft.tell(accepted(n2, 2, 3));
  raft.tell(accepted(n2, 2, 3));
  raft.tell(accepted(n2, 2, 3));
  assert.equal(raft.context.hardState.commit, before, 'a repeated acknowledgement counts once');
  raft.tell(accepted(n3, 2, 3));
  assert.equal(raft.context.hardState.commit, before, 'the own log is not written yet');
  raft.write();
  assert.equal(raft.context.hardState.commit, 3);
});

story('an entry of an older term is not committed by counting (figure 8)', ({ raftOn }) => {
  const raft = raftOn({ terms: [1, 2, 2], term: 2 });
  raft.campaign();
  raft.tell({ type: 'preVote.answered', from: n2, term: term(3), campaign: 1, granted: true });
  raft.write();
  raft.tell({ type: 'vote.answered', from: n2, term: term(3), campaign: 2, granted: true });
  assert.equal(raft.context.opened, 4);
  raft.tell(accepted(n2, 3, 3));
  raft.tell(accepted(n3, 3, 3));
  assert.equal(raft.context.hardState.commit, 1, 'entry 3 is on all members, and of term 2');
  raft.write();
  raft.tell(accepted(n2, 3, 4));
  assert.equal(raft.context.hardState.commit, 4);
});

story(
  'proposals of another term, at a follower, or beyond the bound are refused by name',
  ({ followerOn, leaderOn }) => {
    const raft = leaderOn();
    assert.equal(effectsOf(raft.tell(proposed(1, 7)), 'refuseProposals')[0]?.reason, 'staleTerm');
    const big = { id: 8 as ProposalId, data: new Uint8Array(limits.uncommitted_bytes_max) };
    assert.equal(effectsOf(raft.tell({ type: 'proposed', term: term(2), batch: [big] }), 'confirmAppended').length, 1);
    assert.equal(effectsOf(raft.tell(proposed(2, 9)), 'refuseProposals')[0]?.reason, 'tooManyUncommitted');
    assert.equal(effectsOf(followerOn().tell(proposed(1, 7)), 'refuseProposals')[0]?.reason, 'notLeader');
  },
);

story('a slow follower gets no more than its window', ({ leaderOn }) => {
  const raft = leaderOn();
  for (let i = 0; i < limits.appends_in_flight_max + 50; i++) raft.tell(proposed(2, i));
  const row = raft.context.progress.get(n2);
  assert.equal(row?.flights.length, limits.appends_in_flight_max);
  const effects = raft.tell(accepted(n2, 2, 10));
  assert.ok(sent(effects).length > 0, 'an acknowledgement lets the next appends go');
});

story('a refusal brings the leader back to where the logs agree; a late one is not heard', ({ leaderOn }) => {
  const raft = leaderOn({ terms: [1, 1, 1, 1], term: 1 });
  const refusal = { type: 'append.refused', from: n3, term: term(2), needsSnapshot: false } as const;
  raft.tell(proposed(2, 1));
  assert.deepEqual(sent(raft.tell({ ...refusal, previous: index(4), hint: mark(2, 1) })), [], 'acknowledged before');
  const [again] = sent(raft.tell({ ...refusal, previous: index(6), hint: mark(5, 2) }));
  assert.ok(again?.type === 'append.sent');
  assert.deepEqual(again.previous, mark(5, 2));
});

story('a heartbeat carries no more of the commit index than the follower acknowledged in this term', ({ leaderOn }) => {
  const raft = leaderOn();
  raft.tell(proposed(2, 1));
  raft.write();
  raft.tell(accepted(n2, 2, 3));
  assert.equal(raft.context.hardState.commit, 3);
  const beats = sent(raft.tick(2)).flatMap((m) => (m.type === 'heartbeat.sent' ? [m.commit] : []));
  assert.deepEqual(beats, [3, 2]);
});

story('an acknowledgement of what the leader does not hold is a broken invariant', ({ leaderOn }) => {
  const raft = leaderOn();
  raft.tell(accepted(n2, 2, 99));
  assert.match(String(raft.error), /nobody acknowledges what its leader does not hold/);
});

story('a state beyond what is committed is a broken invariant', ({ followerOn }) => {
  const raft = followerOn({ terms: [1, 1, 1], commit: 2 });
  raft.tell({ type: 'applied', index: index(3) });
  assert.match(String(raft.error), /only what is committed is applied/);
});

story('a log of large entries is trimmed by its bytes, long before it has many of them', ({ raftOn }) => {
  const raft = raftOn({ terms: Array.from({ length: 100 }, () => 1), commit: 100, text: 'x'.repeat(1024 * 1024) });
  const [trim] = effectsOf(raft.tell({ type: 'applied', index: index(90) }), 'trimLog');
  assert.ok(trim, 'a hundred MiB are more than a log may hold');
  const kept_bytes = (90 - trim.mark.index) * 1024 * 1024;
  assert.ok(kept_bytes <= limits.log_bytes_before_trim / 2, `${kept_bytes} bytes stay`);
  assert.ok(kept_bytes > 0, 'a follower close behind is still served');
});

story('the log is trimmed below what is applied, with the membership in force there, once', ({ followerOn }) => {
  const raft = followerOn({ terms: Array.from({ length: 1200 }, () => 1), commit: 1200 });
  const [trim] = effectsOf(raft.tell({ type: 'applied', index: index(1200) }), 'trimLog');
  assert.deepEqual([trim?.mark.index, trim?.mark.term], [700, 1]);
  assert.equal(trim?.mark.configuration.voters.length, 3);
  assert.deepEqual(raft.tell({ type: 'applied', index: index(1200) }), []);
});

story('a trimmed log begins with the membership at its mark, not with a later one', ({ followerOn }) => {
  const raft = followerOn({ terms: Array.from({ length: 1200 }, () => 1), commit: 1200 });
  const later = { index: index(1201), term: term(1), kind: 'configuration', configuration: members([n1, n2]) } as const;
  const previous = { index: index(1200), term: term(1) };
  raft.tell({ type: 'append.sent', from: n2, term: term(1), previous, entries: [later], commit: index(1200) });
  assert.equal(raft.context.configurations.at(-1)?.index, 1201);
  const [trim] = effectsOf(raft.tell({ type: 'applied', index: index(1200) }), 'trimLog');
  assert.deepEqual([trim?.mark.index, trim?.mark.configuration.voters.length], [700, 3]);
});
