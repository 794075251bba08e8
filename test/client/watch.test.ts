/** What a watcher makes of what members say: its place moves with what it was given, and with nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromText } from '../../machines/language/bytes.js';
import { revision } from '../../machines/language/vocabulary.js';
import { type WatchEvent, watchResponse } from '../../machines/language/watching.js';
import type { WatchResponse } from '../../client/index.js';
import { benchOf } from './client-of.js';
import { turn } from './manual-clock.js';

const VALUE = new Uint8Array(1_000);

const putAt = (at: number): WatchEvent => {
  const revisions = { create_revision: revision(2), mod_revision: revision(at), version: at - 1 };
  return {
    event: { type: 'put', kv: { key: fromText('k'), value: VALUE, ...revisions, lease: 0n }, cause: 'user' },
    prev_kv: null,
  };
};

async function next(reader: AsyncIterator<WatchResponse>): Promise<WatchResponse | undefined> {
  const { value } = (await reader.next()) as IteratorResult<WatchResponse, undefined>;
  return value;
}

test('[safety] while a watcher is full, what its member says of the others moves nothing', async () => {
  const { client, link } = await benchOf({ watchBufferBytes: 3_000 });
  const slow = client.watch('k');
  const other = client.watch('other');
  await turn();
  const [stream] = link.opened;
  assert.ok(stream !== undefined);
  stream.say({ number: 1, heartbeat: null, responses: [watchResponse([1], 1, { created: true })] });
  stream.say({ number: 2, heartbeat: null, responses: [watchResponse([2], 1, { created: true })] });
  await Promise.all([slow.created, other.created]);
  stream.asked();
  for (const at of [2, 3, 4]) {
    stream.say({ number: at + 1, heartbeat: null, responses: [watchResponse([1], at, { events: [putAt(at)] })] });
  }
  assert.deepEqual(
    stream.asked().map((request) => request.type),
    ['cancel'],
    'full',
  );
  stream.say({ number: 5, heartbeat: { leader: true, behind: [] }, responses: [] }, 9);
  const reader = slow[Symbol.asyncIterator]();
  for (const at of [2, 3]) {
    const value = await next(reader);
    assert.equal(value?.header.revision, at);
  }
  const [again] = stream.asked().filter((request) => request.type === 'create');
  assert.equal(again?.create.start_revision, 5, 'it goes on after what it was given');
  assert.equal(other.revision, 9, 'the other one has seen everything');

  // Until the member has taken it again, the same holds.
  stream.say({ number: 5, heartbeat: { leader: true, behind: [] }, responses: [] }, 12);
  await reader.next();
  assert.equal(slow.revision, 4);
  await client.close();
});

test('[safety] what a member says of one watcher is not taken for another’s, in any order', async () => {
  const { client, link } = await benchOf();
  const first = client.watch('k', { startRevision: 2 });
  await turn();
  const [stream] = link.opened;
  assert.ok(stream !== undefined);
  stream.say({ number: 1, heartbeat: null, responses: [watchResponse([1], 9, { created: true })] });
  const [second, third] = [client.watch('k', { startRevision: 2 }), client.watch('k', { startRevision: 2 })];
  stream.say({ number: 2, heartbeat: null, responses: [watchResponse([3], 9, { created: true })] });
  stream.say({ number: 3, heartbeat: null, responses: [watchResponse([3], 9, { events: [putAt(9)] })] });
  stream.say({ number: 4, heartbeat: null, responses: [watchResponse([2], 9, { created: true })] });
  await Promise.all([first, second, third].map((watcher) => watcher.created));
  assert.deepEqual([second.revision, third.revision], [1, 0]);
  const value = await next(third[Symbol.asyncIterator]());
  assert.equal(value?.events.length, 1);
  await client.close();
});

test('a watcher that its member never takes goes on at another', async () => {
  const { client, link, clock } = await benchOf();
  client.watch('one');
  await turn();
  link.opened[0]?.say({ number: 1, heartbeat: null, responses: [watchResponse([1], 9, { created: true })] });
  client.watch('lost on its way');
  for (let i = 0; i < 4; i++) {
    await clock.pass(500);
    link.opened[0]?.say({ number: 1, heartbeat: { leader: true, behind: [] }, responses: [] }, 9);
  }
  await clock.pass(500);
  assert.equal(link.opened.length, 2);
  await client.close();
});
