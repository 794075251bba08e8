/**
 * Watches (reference 1.2, 2.4): B-30 … B-42 as a stream's client sees them. B-40 is in test/process/minority.test.ts
 * and test/actors/watch-hub.test.ts; B-43 and B-44 are the client's: test/client/watch.test.ts and, with processes,
 * test/process/watch.test.ts.
 * B-45 is left out: there are no permissions on keys.
 */
import assert from 'node:assert/strict';
import type { Case, Desk, Group } from '../suite.js';
import type { WatchAsked, WatchSaid, WatchTap } from '../watch-tap.js';

type Create = Extract<WatchAsked, { readonly create: unknown }>['create'];

async function watching(
  desk: Desk,
  asked: readonly WatchAsked[],
  look: (tap: WatchTap) => Promise<void>,
): Promise<void> {
  assert.ok(desk.store.watch !== undefined);
  const tap = await desk.store.watch(asked);
  try {
    await look(tap);
  } finally {
    await tap.close();
  }
}

const one = (desk: Desk, create: Partial<Create> = {}): readonly WatchAsked[] => [
  { create: { key: desk.key('k'), ...create } },
];
const all = (desk: Desk, create: Partial<Create> = {}): readonly WatchAsked[] => [
  { create: { key: desk.key(), range_end: desk.end(), ...create } },
];

/** `put k=v@5`, without the case's prefix; what was before stands in brackets. */
const lines = (desk: Desk, { events }: WatchSaid): string[] =>
  events.map(({ type, kv, prev_kv }) => {
    const name = kv.key.slice(desk.key().length);
    return `${type} ${name}=${kv.value}@${kv.mod_revision}${prev_kv === null ? '' : `[${prev_kv.value}]`}`;
  });

/** The lines of so many events, in however many responses they come. */
async function events(desk: Desk, tap: WatchTap, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) seen.push(...lines(desk, await tap.next()));
  return seen;
}

/** The keys of all that one response would hold, part by part; checks that each part but the last says it is one. */
async function parts(desk: Desk, tap: WatchTap): Promise<string[][]> {
  const seen: string[][] = [];
  for (;;) {
    const { events: part, fragment } = await tap.next();
    seen.push(part.map(({ kv, prev_kv }) => `${kv.key.slice(desk.key().length)}${prev_kv === null ? '' : ' before'}`));
    if (!fragment) return seen;
  }
}

const watchCase = (name: string, run: (desk: Desk) => Promise<void>, rest: Partial<Case> = {}): Case => ({
  name,
  run,
  watches: true,
  ...rest,
});

export const watches: Group = {
  title: 'watches',
  cases: [
    watchCase('B-33 created at the current revision: what comes next is the first event', async (desk) => {
      const before = await desk.put('k', '1');
      await watching(desk, one(desk), async (tap) => {
        const created = await tap.next();
        assert.deepEqual([created.created, created.canceled, created.watch_id], [true, false, 0]);
        assert.equal(created.revision, before);
        const next = await desk.put('k', '2');
        assert.deepEqual(await events(desk, tap, 1), [`put k=2@${next}`]);
      });
    }),
    watchCase('B-35 created is said before the events of the past, which come in order', async (desk) => {
      const first = await desk.put('k', '1');
      await desk.put('other', '1');
      const second = await desk.put('k', '2');
      await watching(desk, one(desk, { start_revision: first }), async (tap) => {
        assert.equal((await tap.next()).created, true);
        assert.deepEqual(await events(desk, tap, 2), [`put k=1@${first}`, `put k=2@${second}`]);
      });
    }),
    watchCase('B-34 a start to come waits', async (desk) => {
      const now = await desk.put('k', '0');
      await watching(desk, one(desk, { start_revision: now + 3 }), async (tap) => {
        assert.equal((await tap.next()).created, true);
        for (const value of ['1', '2', '3', '4']) await desk.put('k', value);
        assert.deepEqual(await events(desk, tap, 2), [`put k=3@${now + 3}`, `put k=4@${now + 4}`]);
      });
    }),
    watchCase('B-30 the events of one revision come together, in the order of the transaction', async (desk) => {
      await watching(desk, all(desk), async (tap) => {
        await tap.next();
        const put = (name: string) => ({ put: { key: desk.key(name), value: 'v' } });
        const { revision } = await desk.store.txn({ success: [put('c'), put('a'), put('b')] });
        const said = await tap.next();
        assert.deepEqual(
          lines(desk, said),
          ['c', 'a', 'b'].map((name) => `put ${name}=v@${revision}`),
        );
        assert.ok(said.revision >= revision);
      });
    }),
    watchCase('B-30 what is too large for one response comes in parts, to those who take them', async (desk) => {
      // Both pairs of each event: twice what one request may write, and more than any response should have.
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
      const value = 'x'.repeat(200 * 1024);
      const success = names.map((name) => ({ put: { key: desk.key(name), value } }));
      await desk.store.txn({ success });
      const all_of_it = names.map((name) => `${name} before`);
      const look = async (start_revision: number, write: () => Promise<unknown>): Promise<void> => {
        await watching(desk, all(desk, { prev_kv: true, start_revision, fragment: true }), async (fragmented) => {
          await watching(desk, all(desk, { prev_kv: true, start_revision }), async (whole) => {
            for (const tap of [fragmented, whole]) assert.equal((await tap.next()).created, true);
            await write();
            const came = await parts(desk, fragmented);
            assert.ok(came.length > 1 && came.every((part) => part.length > 0), `${came.length} parts`);
            assert.deepEqual(came.flat(), all_of_it);
            assert.deepEqual(await parts(desk, whole), [all_of_it]);
          });
        });
      };
      let written = 0;
      await look(0, async () => void ({ revision: written } = await desk.store.txn({ success })));
      // From the store it comes as it did when it was new.
      await look(written, () => Promise.resolve());
    }),
    watchCase('B-41 a deleted range is one event a key, in the order of the keys, of one revision', async (desk) => {
      for (const name of ['b', 'c', 'a']) await desk.put(name, name);
      await watching(desk, all(desk), async (tap) => {
        await tap.next();
        const { revision } = await desk.store.delete({ key: desk.key(), range_end: desk.end() });
        assert.deepEqual(
          lines(desk, await tap.next()),
          ['a', 'b', 'c'].map((name) => `delete ${name}=@${revision}`),
        );
      });
    }),
    watchCase('B-38 the pair before, for what was there', async (desk) => {
      await watching(desk, one(desk, { prev_kv: true }), async (tap) => {
        await tap.next();
        const made = await desk.put('k', '1');
        const changed = await desk.put('k', '2');
        const { revision } = await desk.store.delete({ key: desk.key('k') });
        const again = await desk.put('k', '3');
        assert.deepEqual(await events(desk, tap, 4), [
          `put k=1@${made}`,
          `put k=2@${changed}[1]`,
          `delete k=@${revision}[2]`,
          `put k=3@${again}`,
        ]);
      });
    }),
    watchCase('B-38 the pair before is left out once it is compacted', async (desk) => {
      await desk.put('k', '1');
      const second = await desk.put('k', '2');
      const third = await desk.put('k', '3');
      await desk.store.compact(second);
      await watching(desk, one(desk, { prev_kv: true, start_revision: second }), async (tap) => {
        await tap.next();
        assert.deepEqual(await events(desk, tap, 2), [`put k=2@${second}`, `put k=3@${third}[2]`]);
      });
    }),
    watchCase('B-39 filters leave out puts, or deletes', async (desk) => {
      const first = await desk.put('k', '1');
      const { revision } = await desk.store.delete({ key: desk.key('k') });
      const last = await desk.put('k', '2');
      await watching(desk, one(desk, { start_revision: first, filters: ['nodelete'] }), async (tap) => {
        await tap.next();
        assert.deepEqual(await events(desk, tap, 2), [`put k=1@${first}`, `put k=2@${last}`]);
      });
      await watching(desk, one(desk, { start_revision: first, filters: ['noput'] }), async (tap) => {
        await tap.next();
        assert.deepEqual(await events(desk, tap, 1), [`delete k=@${revision}`]);
      });
    }),
    watchCase(
      'B-37 a start that is compacted: created, then cancelled with the revision to go on from',
      async (desk) => {
        const first = await desk.put('k', '1');
        const second = await desk.put('k', '2');
        await desk.store.compact(second);
        await watching(desk, one(desk, { start_revision: first }), async (tap) => {
          const created = await tap.next();
          assert.deepEqual([created.created, created.canceled], [true, false]);
          const over = await tap.next();
          assert.deepEqual([over.canceled, over.compact_revision, over.cancel_reason], [true, second, '']);
        });
        await watching(desk, one(desk, { start_revision: second }), async (tap) => {
          await tap.next();
          assert.deepEqual(await events(desk, tap, 1), [`put k=2@${second}`]);
        });
      },
    ),
    watchCase(
      'a range that ends before it begins is refused',
      async (desk) => {
        const asked = [{ create: { key: desk.key('b'), range_end: desk.key('a') } }];
        await watching(desk, asked, async (tap) => {
          const { watch_id, canceled, created, cancel_reason } = await tap.next();
          assert.deepEqual([watch_id, created, canceled], [-1, true, true]);
          assert.equal(cancel_reason, 'mvcc: watcher range is empty');
        });
      },
      { since: ['3.5', 'before, the reason is not told'] },
    ),
    watchCase(
      'an id that is taken is refused',
      async (desk) => {
        const create = { key: desk.key('k'), watch_id: 7 };
        await watching(desk, [{ create }, { create }], async (tap) => {
          assert.deepEqual([(await tap.next()).watch_id], [7]);
          const { watch_id, canceled, cancel_reason } = await tap.next();
          assert.deepEqual([watch_id, canceled], [-1, true]);
          assert.equal(cancel_reason, 'mvcc: duplicate watch ID provided on the WatchStream');
        });
      },
      { since: ['3.5', 'before, the reason is not told'] },
    ),
    watchCase(
      'a negative start is refused as compacted',
      async (desk) => {
        await watching(desk, one(desk, { start_revision: -1 }), async (tap) => {
          const { canceled, cancel_reason, compact_revision } = await tap.next();
          assert.deepEqual([canceled, compact_revision], [true, 0]);
          assert.equal(cancel_reason, 'etcdserver: mvcc: required revision has been compacted');
        });
      },
      { since: ['3.6', 'before, it was taken for a revision of the past'] },
    ),
    watchCase('B-42 overlapping watchers see an event each, also of a key that never was', async (desk) => {
      await watching(desk, [...one(desk), ...all(desk), ...one(desk)], async (tap) => {
        for (const id of [0, 1, 2]) assert.equal((await tap.next()).watch_id, id);
        await desk.put('k', '1');
        const said = [await tap.next(), await tap.next(), await tap.next()];
        assert.deepEqual(said.map((each) => each.watch_id).sort(), [0, 1, 2]);
        assert.deepEqual(new Set(said.map((each) => each.events.length)), new Set([1]));
      });
    }),
    watchCase('a watcher that is cancelled is told so, and sees nothing more', async (desk) => {
      const asked: WatchAsked[] = [...one(desk, { watch_id: 5 }), ...one(desk, { watch_id: 6 }), { cancel: 5 }];
      await watching(desk, asked, async (tap) => {
        await tap.next();
        await tap.next();
        const over = await tap.next();
        assert.deepEqual([over.watch_id, over.canceled, over.compact_revision], [5, true, 0]);
        await desk.put('k', '1');
        assert.equal((await tap.next()).watch_id, 6);
      });
    }),
    watchCase(
      'B-36 progress that is asked for is said once for all watchers',
      async (desk) => {
        const now = await desk.put('k', '1');
        await watching(desk, [...one(desk), ...all(desk), { progress: true }], async (tap) => {
          await tap.next();
          await tap.next();
          const said = await tap.next();
          assert.deepEqual([said.watch_id, said.events.length], [-1, 0]);
          assert.ok(said.revision >= now);
        });
      },
      { since: ['3.5', 'before 3.4.25 it may overtake events'] },
    ),
  ],
};
