/** What the page tells of elections, of letters, and of how far everybody is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bandsOf, graphsOf } from '../../deploy/inspector/page/model/curves.js';
import { columnsOf, lastPut, type MessageFilter, selectMessages } from '../../deploy/inspector/page/model/messages.js';
import { createStory } from '../../deploy/inspector/page/model/story.js';
import { actor, frame, letter, peerLetter, standing, step } from './frames.js';

const nameOf = (_member: string, sessionId: string): string =>
  ({ 'x:1': 'raft', 'x:2': 'requests' })[sessionId] ?? sessionId;

describe('what happened', () => {
  // Would be red if a short-lived role were not told, or told twice because the standing says it, too.
  test('an election is told step by step, in order of time', () => {
    const story = createStory();
    story.heard('n1', true, 0);
    story.add(frame('n2', 1, 1_400, [standing({ leader: 'n1' })]));
    story.add(frame('n1', 1, 1_000, [actor('x:1', 'raft', 'follower')]));
    story.add(
      frame('n1', 2, 1_200, [step('x:1', 'follower', 'preCandidate'), step('x:1', 'preCandidate', 'candidate')]),
    );
    story.add(frame('n1', 3, 1_300, [step('x:1', 'candidate', 'leader'), standing({ role: 'leader', term: 2 })]));
    story.add(frame('n2', 2, 1_500, [standing({ leader: 'n2', term: 3, role: 'leader' })]));
    assert.deepEqual(
      story.happenings.map(({ at_ms, member, text }) => `${at_ms} ${member} ${text}`),
      [
        '1000 n1 follows',
        '1200 n1 asks whether others would vote for it (preCandidate)',
        '1200 n1 stands for leader (candidate)',
        '1300 n1 leads from now on',
        '1400 n2 follows',
        '1500 n2 leads from now on',
      ],
    );
    assert.equal(story.of('n1').roles.at(-1)?.term, 2);
  });

  // Would be red if who was never there fell silent, or a silent member still looked like a leader in the timeline.
  test('silence is told, and is a band of its own', () => {
    const story = createStory();
    story.heard('n1', false, 500);
    story.heard('n1', true, 600);
    story.add(frame('n1', 1, 1_000, [actor('x:1', 'raft', 'leader')]));
    story.heard('n1', false, 2_000);
    story.heard('n1', true, 3_000);
    assert.deepEqual(
      story.happenings.map(({ text }) => text),
      ['leads from now on', 'is silent: dead, paused or cut off', 'is heard again'],
    );
    const bands = bandsOf(story.of('n1'), { from_ms: 1_000, to_ms: 5_000 });
    assert.deepEqual(
      bands.map(({ role, from, to }) => [role, from, to]),
      [
        ['leader', 0, 0.25],
        ['', 0.25, 0.5],
        ['leader', 0.5, 1],
      ],
    );
  });

  // Would be red if the story outgrew the recording.
  test('what is let go of is forgotten, but not who was what at the beginning', () => {
    const story = createStory();
    for (let n = 1; n <= 50; n++) story.add(frame('n1', n, n * 100, [standing({ commit: n })]));
    story.forget(4_000);
    assert.equal(story.of('n1').standings[0]?.at_ms, 4_000);
    assert.equal(story.of('n1').roles[0]?.role, 'follower');
  });
});

describe('the curves', () => {
  // Would be red if a member that counts anew had a negative rate, or a silence were drawn as a straight line.
  test('show lag as the leader knows it, and requests a second', () => {
    const story = createStory();
    const peers = [{ name: 'n2', state: 'streaming', match: 7, next: 8, voter: true }];
    for (let n = 0; n <= 20; n++) {
      story.add(
        frame('n1', n, 1_000 + n * 100, [standing({ role: 'leader', commit: n, last: 10, requests: n * 5, peers })]),
      );
    }
    const stretch = { from_ms: 1_000, to_ms: 20_000 };
    const at = (at_ms: number) => graphsOf(story, stretch, at_ms, { width: 100, height: 20 });
    assert.deepEqual(
      at(3_000).lag.curves.map(({ member, value }) => [member, value]),
      [['n2', 3]],
    );
    assert.equal(at(3_000).requests.curves[0]?.value, 50);
    assert.equal(at(1_550).commit.curves[0]?.value, 5);
    story.add(frame('n1', 1, 9_000, [standing({ requests: 0 })]));
    story.add(frame('n1', 2, 9_100, [standing({ requests: 1 })]));
    assert.ok(at(9_100).requests.curves.every(({ value }) => value >= 0));
    assert.equal(at(9_100).commit.curves[0]?.path.match(/M/g)?.length, 2, 'a gap begins a new line');
  });
});

describe('letters', () => {
  const frames = [
    frame('n1', 2, 2_000, [letter('x:2', 'decided', 'x:1'), peerLetter('heard', 'n2', 'append.accepted')]),
    frame('n2', 1, 1_950, [
      peerLetter('sent', 'n1', 'append.accepted'),
      peerLetter('sent', 'n1', 'heartbeat.answered'),
    ]),
    frame('n1', 1, 1_900, [
      letter('x:1', 'proposed', 'x:2'),
      letter('x:1', 'tick'),
      peerLetter('sent', 'n2', 'append.sent'),
    ]),
  ];
  const select = (filter: Partial<MessageFilter>, most = 100) =>
    selectMessages(
      frames,
      nameOf,
      { scope: { kind: 'between' }, words: '', withTicks: false, ...filter },
      { from_ms: 0, until_ms: 3_000, most },
    );
  const texts = (filter: Partial<MessageFilter>) =>
    select(filter).messages.map(({ from, to, type }) => `${from} ${type} ${to}`);

  // Would be red if a letter were drawn twice, by who sent it and by who heard it.
  test('between members are shown once, in order of time', () => {
    assert.deepEqual(texts({}), ['n1 append.sent n2', 'n2 append.accepted n1']);
    assert.deepEqual(texts({ withTicks: true, words: 'HEART' }), ['n2 heartbeat.answered n1']);
  });

  test('inside a member are shown with their sender; with all, those between members go from room to room', () => {
    assert.deepEqual(texts({ scope: { kind: 'inside', member: 'n1' } }), [
      'n1/requests proposed n1/raft',
      'n1/raft decided n1/requests',
    ]);
    assert.deepEqual(texts({ scope: { kind: 'all' } }), [
      'n1/requests proposed n1/raft',
      'n1/peers append.sent n2/raft',
      'n2/peers append.accepted n1/raft',
      'n1/raft decided n1/requests',
    ]);
    assert.deepEqual(columnsOf(select({ scope: { kind: 'all' } }).messages), [
      'n1/requests',
      'n1/raft',
      'n1/peers',
      'n2/raft',
      'n2/peers',
    ]);
  });

  // Would be red if older letters disappeared without a word.
  test('are bounded, and say so', () => {
    assert.deepEqual([select({}).isCut, select({}, 1).isCut, select({}, 1).messages.length], [false, true, 1]);
  });

  // Would be red if the decision of one put were paired with the proposal of another.
  test('of the last put are found from its decision back to its proposal', () => {
    assert.deepEqual(lastPut(frames, nameOf), { member: 'n1', from_ms: 1_898, until_ms: 2_001 });
    assert.equal(lastPut(frames.slice(1), nameOf), undefined);
  });
});
