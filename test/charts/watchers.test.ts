/** Watchers as rows: what phase follows on which news, and where a row goes on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { advance, bornWatcher, type Watcher } from '../../machines/watchers.js';

describe('a watcher', () => {
  test('that wants what is still to come is live at once, one of the past catches up first', () => {
    assert.deepEqual(bornWatcher(8, 7), { phase: 'live', next: 8 });
    assert.deepEqual(bornWatcher(100, 7), { phase: 'live', next: 100 });
    assert.deepEqual(bornWatcher(7, 7), { phase: 'catchingUp', next: 7 });
  });

  test('[safety] goes live only where nothing lies between what it read and what is told next', () => {
    const behind: Watcher = { phase: 'catchingUp', next: 3 };
    assert.deepEqual(advance(behind, { type: 'caughtUp', upTo: 9, told: 10 }), { phase: 'catchingUp', next: 10 });
    assert.deepEqual(advance(behind, { type: 'caughtUp', upTo: 10, told: 10 }), { phase: 'live', next: 11 });
    assert.deepEqual(advance(behind, { type: 'caughtUp', upTo: 12, told: 10 }), { phase: 'live', next: 13 });
  });

  test('never goes back, and only one that catches up reads', () => {
    const behind: Watcher = { phase: 'catchingUp', next: 5 };
    assert.throws(() => advance(behind, { type: 'caughtUp', upTo: 3, told: 3 }), /never goes back/);
    const live: Watcher = { phase: 'live', next: 5 };
    assert.throws(() => advance(live, { type: 'caughtUp', upTo: 9, told: 9 }), /only a row that catches up/);
  });

  test('that is held back keeps where it goes on: what live rows were told counts, a start to come too', () => {
    const live: Watcher = { phase: 'live', next: 3 };
    assert.deepEqual(advance(live, { type: 'windowFull', told: 7 }), { phase: 'lagging', next: 8 });
    const future: Watcher = { phase: 'live', next: 50 };
    assert.deepEqual(advance(future, { type: 'windowFull', told: 7 }), { phase: 'lagging', next: 50 });
    const lagging: Watcher = { phase: 'lagging', next: 8 };
    assert.deepEqual(advance(lagging, { type: 'windowOpened' }), { phase: 'catchingUp', next: 8 });
    assert.equal(advance(live, { type: 'windowOpened' }), live);
  });

  test('[safety] catches up when the state is replaced under it', () => {
    assert.deepEqual(advance({ phase: 'live', next: 3 }, { type: 'stateReplaced', told: 7 }), {
      phase: 'catchingUp',
      next: 8,
    });
    const lagging: Watcher = { phase: 'lagging', next: 4 };
    assert.equal(advance(lagging, { type: 'stateReplaced', told: 7 }), lagging);
  });

  test('that needs what is compacted is closed; the compacted revision itself is still there', () => {
    const compacted = { type: 'compacted', revision: 6 } as const;
    assert.deepEqual(advance({ phase: 'lagging', next: 5 }, compacted), {
      phase: 'closed',
      reason: 'compacted',
      compact_revision: 6,
    });
    assert.equal(advance({ phase: 'catchingUp', next: 6 }, compacted).phase, 'catchingUp');
    assert.equal(advance({ phase: 'live', next: 2 }, compacted).phase, 'live');
  });

  test('that is closed stays closed', () => {
    const closed = advance({ phase: 'live', next: 2 }, { type: 'cancelled' });
    assert.equal(closed.phase, 'closed');
    assert.equal(advance(closed, { type: 'caughtUp', upTo: 9, told: 9 }), closed);
  });
});
