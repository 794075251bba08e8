/** What the page keeps of what it heard, and what it shows of any moment. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { actorTree, rateAt, raftOf, roleOf } from '../../deploy/inspector/page/model/member.js';
import { createRecording } from '../../deploy/inspector/page/model/recording.js';
import { readRecordedLine } from '../../deploy/inspector/page/model/feed.js';
import { missingTexts } from '../../deploy/inspector/page/model/words.js';
import { actor, counted, frame, letter, snapshot, standing, step } from './frames.js';

const states = ['preCandidate', 'candidate', 'leader'] as const;

/** Raft of n1 goes from follower to leader in frames 2 to 4, and stays there. */
function campaign(frames = 60) {
  const recording = createRecording({ frames: 10_000, bytes: 1e9 });
  recording.add(frame('n1', 1, 1_000, [actor('x:1', 'raft', 'follower')]), 100);
  let before = 'follower';
  for (let n = 2; n <= frames; n++) {
    const next = states[Math.min(n - 2, 2)] ?? 'leader';
    const told = before === next ? [snapshot('x:1', { n })] : [step('x:1', before, next)];
    before = next;
    recording.add(frame('n1', n, 1_000 + (n - 1) * 100, told), 100);
  }
  return recording;
}

describe('a moment of the past', () => {
  // Would be red if going back showed a later state, or the newest one.
  test('shows each member as it was then', () => {
    const recording = campaign();
    const roleAt = (at_ms: number): string => {
      const member = recording.at(at_ms).get('n1');
      return member === undefined ? 'not heard' : roleOf(member);
    };
    assert.deepEqual([900, 1_000, 1_099, 1_100, 1_200, 1_300, 5_000, 99_000].map(roleAt), [
      'not heard',
      'follower',
      'follower',
      'preCandidate',
      'candidate',
      'leader',
      'leader',
      'leader',
    ]);
    assert.deepEqual(raftOf(recording.at(4_050).get('n1') ?? assert.fail())?.context, { n: 31 });
  });

  // Would be red if moments inside one frame could not be told apart: an election takes a few milliseconds.
  test('is exact within a frame', () => {
    const recording = createRecording();
    recording.add(frame('n1', 1, 1_000, [actor('x:1', 'raft', 'follower')]), 100);
    const events = [step('x:1', 'follower', 'preCandidate')(1_050), step('x:1', 'preCandidate', 'candidate')(1_060)];
    recording.add(frame('n1', 2, 1_100, [], { events }), 100);
    const trail = (at_ms: number) =>
      recording
        .at(at_ms)
        .get('n1')
        ?.trail.map(({ state }) => state);
    assert.deepEqual(trail(1_055), ['follower', 'preCandidate']);
    assert.deepEqual(trail(1_060), ['follower', 'preCandidate', 'candidate']);
  });

  // Would be red if letting go of old frames lost what those frames had told of actors that still live.
  test('is right after old frames were let go of', () => {
    const recording = createRecording({ frames: 50, bytes: 1e9 });
    recording.add(frame('n1', 1, 1_000, [actor('x:1', 'raft', 'follower')]), 100);
    for (let n = 2; n <= 200; n++) recording.add(frame('n1', n, 900 + n * 100, [snapshot('x:1', { n })]), 100);
    assert.ok(recording.size.frames <= 50);
    assert.equal(recording.size.frames + recording.missing.forgotten, 200);
    const { from_ms } = recording.span;
    assert.ok(from_ms > 1_000);
    assert.deepEqual(raftOf(recording.at(from_ms).get('n1') ?? assert.fail())?.context, { n: (from_ms - 900) / 100 });
    assert.equal(recording.frames().length, recording.size.frames);
  });
});

describe('what is missing', () => {
  // Would be red if a gap went by without a word, or a page that came late counted what was before its time.
  test('is counted, and said in words', () => {
    const recording = createRecording();
    recording.add(frame('n1', 0, 1_000, []), 10);
    recording.add(frame('n1', 318, 1_100, [], { untold: 5 }), 10);
    recording.add(frame('n1', 321, 1_200, []), 10);
    recording.add(frame('n1', 1, 1_300, [], { life: 'second' }), 10);
    recording.skip(3);
    assert.deepEqual(recording.missing, { untold: 5, lost: 2, skipped: 3, forgotten: 0 });
    assert.deepEqual(missingTexts(recording.missing), [
      '5 letters not shown: more came than can be told',
      '3 messages not sent here: this page was too slow',
      '2 messages lost on the way',
    ]);
  });

  // Would be red if the bound on bytes were not kept: a page that is left open must not grow without end.
  test('is let go of by bytes, too', () => {
    const recording = createRecording({ frames: 1e6, bytes: 100_000 });
    for (let n = 1; n <= 500; n++) recording.add(frame('n1', n, n, []), 1_000);
    assert.ok(recording.size.bytes <= 100_000);
  });
});

describe('a member', () => {
  // Would be red if actors of a life that is over stayed in the tree of the next.
  test('begins anew with a new life, and keeps the way it came', () => {
    const recording = campaign();
    recording.add(frame('n1', 1, 9_000, [actor('x:1', 'raft', 'follower')], { life: 'second' }), 10);
    const member = recording.now().get('n1') ?? assert.fail();
    assert.equal(member.actors.size, 1);
    assert.deepEqual(
      member.trail.map(({ state }) => state),
      ['follower', ...states, 'follower'],
    );
  });

  // Would be red if a child were lost whose parent is not told of.
  test('has its actors as a tree', () => {
    const recording = createRecording();
    const told = [
      actor('x:0', 'node'),
      actor('x:3', 'rooms', undefined, 'x:0'),
      actor('x:9', 'raft', 'a', 'x:3'),
      actor('x:5', 'orphan', undefined, 'x:4'),
    ];
    recording.add(frame('n1', 1, 1_000, told), 10);
    const member = recording.now().get('n1') ?? assert.fail();
    const names = (branches: ReturnType<typeof actorTree>): unknown =>
      branches.map(({ actor: { name }, children }) => [name, names(children)]);
    assert.deepEqual(names(actorTree(member)), [
      ['node', [['rooms', [['raft', []]]]]],
      ['orphan', []],
    ]);
  });

  // Would be red if a single letter looked like ten a second, or a rate stood still when nothing came any more.
  test('counts letters, and their rate settles and fades', () => {
    const recording = createRecording();
    recording.add(frame('n1', 1, 1_000, [actor('x:1', 'raft', 'a'), counted('x:1', 2)]), 10);
    const box = () =>
      [...(raftOf(recording.now().get('n1') ?? assert.fail())?.boxes.values() ?? [])][0] ?? assert.fail();
    assert.ok(rateAt(box(), 1_000) < 2);
    for (let n = 2; n <= 101; n++) recording.add(frame('n1', n, 900 + n * 100, [counted('x:1', 2, 7)]), 10);
    assert.equal(box().count, 202);
    assert.equal(box().waiting_max, 7);
    assert.ok(Math.abs(rateAt(box(), 11_000) - 20) < 2);
    assert.ok(rateAt(box(), 20_000) < 0.1);
  });

  // Would be red if the page grew with every short-lived actor.
  test('forgets actors that are over, the oldest first', () => {
    const recording = createRecording();
    for (let n = 1; n <= 300; n++)
      recording.add(frame('n1', n, n, [actor(`x:${n}`, 'task'), snapshot(`x:${n}`, {}, 'done')]), 10);
    const { actors } = recording.now().get('n1') ?? assert.fail();
    assert.ok(actors.size < 60 && actors.has('x:300') && !actors.has('x:1'));
  });
});

test('frames of several members come back newest first', () => {
  const recording = createRecording();
  recording.add(frame('n1', 1, 1_000, [letter('x:1', 'a')]), 10);
  recording.add(frame('n2', 1, 1_050, [letter('x:1', 'b')]), 10);
  recording.add(frame('n1', 2, 1_100, [standing({})]), 10);
  const order = (until_ms: number) =>
    [...recording.newestFirst(until_ms)].map(({ member, number }) => `${member} ${number}`);
  assert.deepEqual(order(2_000), ['n1 2', 'n2 1', 'n1 1']);
  assert.deepEqual(order(1_060), ['n2 1', 'n1 1']);
});

test('a line of a file that is no frame is refused with its number and why', () => {
  const line = JSON.stringify(frame('n1', 1, 1_000, []));
  assert.equal(readRecordedLine(line, 1).member, 'n1');
  for (const [text, why] of [
    ['{"number":', /line 7 is no recorded frame: "\{"number":" is not JSON/],
    ['[]', /line 7 .* names no member/],
    ['5', /line 7 .* no object/],
    ['{"member":"n1"}', /line 7 .* no time or no number/],
    ['{"member":"n1","at_ms":1,"number":1}', /line 7 .* no list of events/],
  ] as const) {
    assert.throws(() => readRecordedLine(text, 7), why);
  }
});
