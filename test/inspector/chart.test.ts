/** A chart read from a machine's configuration, as the page draws it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import { activeStates, labelText, readChart, valueText, wayOf } from '../../deploy/inspector/page/model/chart.js';
import { drawingOf, type ElkBox, layoutInput } from '../../deploy/inspector/page/model/layout.js';

const chartOf = (config: unknown) => {
  const chart = readChart(JSON.stringify(config));
  assert.ok(chart !== null);
  return chart;
};
const raft = chartOf(raftMachine.config);
const wayTexts = (chart: ReturnType<typeof chartOf>): readonly string[] =>
  chart.ways.map(({ from, to, labels }) => `${from} → ${to}: ${labels.map(labelText).join(' | ')}`);

describe('reading a chart', () => {
  // Would be red if inner arrows were drawn across the boxes around them: forty arrows that nobody can read.
  test('draws arrows between neighbours, and says which inner state they leave', () => {
    assert.ok(raft.ways.length < 30, `${raft.ways.length} ways`);
    const campaign = raft.ways.find(({ from, to }) => from === 'raft.follower' && to === 'raft.preCandidate');
    assert.deepEqual(campaign?.labels.map(labelText), [
      'leaderless: tick, if campaignDue',
      'following: tick, if campaignDue',
    ]);
    for (const { from, to, inside } of raft.ways) {
      assert.equal(raft.parents.get(from), inside);
      assert.equal(raft.parents.get(to), inside);
    }
  });

  // Would be red if a kind of target were read as another state, or as none.
  test('finds targets by every way of writing them', () => {
    const chart = chartOf({
      id: 'm',
      initial: 'a',
      states: {
        a: { on: { one: 'b', two: ['b'], three: { target: '#m.b.inner' }, four: { target: '#named' }, own: {} } },
        b: {
          initial: 'inner',
          states: { inner: { id: 'named', always: { target: '#m.a', guard: { type: 'back' } } } },
        },
        c: { after: { 100: '.d' }, states: { d: {} }, invoke: { src: 'x', onDone: 'a', onError: { target: 'b' } } },
      },
    });
    assert.deepEqual(wayTexts(chart), [
      'm.a → m.b: 4 kinds of event',
      'm.b → m.a: inner: if back',
      'm.c → m.a: done',
      'm.c → m.b: error',
    ]);
  });

  // Would be red if what is no chart broke the page.
  test('knows what is no chart', () => {
    for (const text of [undefined, '', '{', '[]', '{"id":"promise"}', 'null']) assert.equal(readChart(text), null);
  });

  // Would be red if a step that was taken lit another arrow than the one that is drawn for it.
  test('finds the way that a step took', () => {
    assert.equal(
      wayOf('raft.follower.following', 'raft.preCandidate', raft.parents)?.id,
      'raft.follower raft.preCandidate',
    );
    assert.equal(wayOf('raft.leader.settling', 'raft.leader.serving', raft.parents)?.inside, 'raft.leader');
    assert.equal(wayOf('raft.follower.leaderless', 'raft.follower', raft.parents), undefined);
  });
});

test('active states are those of the value, in all its parts', () => {
  assert.deepEqual(activeStates('m', { a: { b: 'c' }, d: {} }), ['m', 'm.a', 'm.a.b', 'm.a.b.c', 'm.d']);
  assert.deepEqual(activeStates('m', undefined), []);
  assert.equal(valueText({ leader: 'serving' }), 'leader.serving');
  assert.equal(valueText({ a: 'x', b: 'y' }), 'a.x + b.y');
});

describe('the layout', () => {
  // Would be red if the order depended on how the definition's text is sorted: the first state must stand on top.
  test('orders states as the protocol goes through them, however they are named', () => {
    const sorted = chartOf(sortKeys(raftMachine.config));
    const order = (layoutInput(sorted).children ?? []).map(({ id }) => id.replace('raft.', ''));
    assert.equal(order[0], 'follower');
    for (const [a, b] of [
      ['preCandidate', 'candidate'],
      ['candidate', 'leader'],
      ['leader', 'removed'],
    ] as const) {
      assert.ok(order.indexOf(a) < order.indexOf(b), `${a} before ${b} in ${order.join(' ')}`);
    }
  });

  // Would be red if inner boxes were placed from the page's corner instead of their own box's.
  test('places what is inside a box from the corner of that box', () => {
    const laid: ElkBox = {
      id: 'raft',
      width: 100,
      height: 80,
      children: [
        {
          id: 'raft.leader',
          ...{ x: 10, y: 20, width: 50, height: 40 },
          children: [{ id: 'raft.leader.serving', x: 5, y: 6, width: 20, height: 10 }],
          edges: [
            {
              id: 'a b',
              sources: ['a'],
              targets: ['b'],
              sections: [{ startPoint: { x: 1, y: 2 }, endPoint: { x: 1, y: 12 } }],
            },
          ],
        },
      ],
    };
    const { states, ways } = drawingOf(raft, laid);
    assert.deepEqual(
      states.map(({ x, y, depth }) => [x, y, depth]),
      [
        [10, 20, 0],
        [15, 26, 1],
      ],
    );
    assert.deepEqual(
      ways.map(({ path, middle }) => [path, middle]),
      [['M11.0 22.0 L11.0 32.0', { x: 11, y: 27 }]],
    );
  });
});

function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}
