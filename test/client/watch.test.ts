/** What a watcher makes of what members say: its place moves with what it was given, and with nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromText } from '../../machines/language/bytes.js';
import { revision } from '../../machines/language/vocabulary.js';
import { type WatchEvent, watchResponse } from '../../machines/language/watching.js';
import type { CompactedError, WatchOptions, WatchResponse } from '../../client/index.js';
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

test('[safety] what a member says of one watcher is not taken for another’s, however it orders them', async () => {
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

test('[safety] a refusal ends the watcher that it is about: not one whose question is still out', async () => {
  const { client, link } = await benchOf();
  const first = client.watch('k');
  await turn();
  const [stream] = link.opened;
  stream?.say({ number: 1, heartbeat: null, responses: [watchResponse([1], 1, { created: true })] });
  const second = client.watch('k');
  const refusal = {
    created: true,
    canceled: true,
    cancel_reason: 'mvcc: duplicate watch ID provided on the WatchStream',
  };
  // The question for the first one came twice.
  stream?.say({ number: 2, heartbeat: null, responses: [watchResponse([-1], 1, { ...refusal, asked_id: 1 })] });
  stream?.say({ number: 3, heartbeat: null, responses: [watchResponse([2], 1, { created: true })] });
  await Promise.all([first.created, second.created]);
  const third = client.watch('k');
  stream?.say({ number: 4, heartbeat: null, responses: [watchResponse([-1], 1, { ...refusal, asked_id: 3 })] });
  await assert.rejects(third.created, /duplicate watch ID/);
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

test('[safety] an opening that a member hears twice makes no event come twice', async () => {
  const { client, link } = await benchOf();
  const watcher = client.watch('k');
  await turn();
  const [stream] = link.opened;
  assert.ok(stream !== undefined);
  const both = [putAt(2), putAt(3)];
  stream.say({ number: 1, heartbeat: null, responses: [watchResponse([1], 1, { created: true })] });
  stream.say({ number: 2, heartbeat: null, responses: [watchResponse([1], 3, { events: both })] }, 3, 2);
  stream.say({ number: 2, heartbeat: null, responses: [watchResponse([1], 2, { events: [putAt(2)] })] });
  stream.say({ number: 3, heartbeat: null, responses: [watchResponse([1], 3, { events: [putAt(3)] })] });
  const reader = watcher[Symbol.asyncIterator]();
  for (const at of [2, 3]) {
    const { events = [] } = (await next(reader)) ?? {};
    assert.deepEqual(
      events.map(({ kv }) => kv.modRevision),
      [at],
    );
  }
  assert.deepEqual(
    stream.asked().map(({ type }) => type),
    ['end'],
    'the other one is over',
  );
  await client.close();
});

test('[safety] B-43 a response in parts is one; where the last of them is lost, all of it comes again', async () => {
  const { client, link, clock } = await benchOf();
  const watcher = client.watch('k', { startRevision: 2 });
  const reader = watcher[Symbol.asyncIterator]();
  await turn();
  const partOf = (at: number, fragment: boolean) => watchResponse([1], at, { events: [putAt(at)], fragment });
  link.opened[0]?.say({ number: 1, heartbeat: null, responses: [watchResponse([1], 1, { created: true })] });
  link.opened[0]?.say({ number: 2, heartbeat: null, responses: [partOf(2, true)] });
  link.opened[0]?.say({ number: 3, heartbeat: null, responses: [partOf(2, false)] });
  assert.equal((await next(reader))?.events.length, 2);
  link.opened[0]?.say({ number: 4, heartbeat: null, responses: [partOf(3, true)] });
  assert.equal(watcher.revision, 2, 'it is not past a revision that it has a part of');
  // A number is missing.
  link.opened[0]?.say({ number: 9, heartbeat: null, responses: [] });
  await clock.pass(1_000);
  assert.equal(link.opened[1]?.create.start_revision, 3);
  link.opened[1]?.say({ number: 1, heartbeat: null, responses: [watchResponse([1], 3, { created: true })] });
  link.opened[1]?.say({ number: 2, heartbeat: null, responses: [partOf(3, true)] });
  link.opened[1]?.say({ number: 3, heartbeat: null, responses: [partOf(3, false)] });
  assert.equal((await next(reader))?.events.length, 2, 'nothing of what was lost comes twice');
  await client.close();
});

test('B-43 a compaction is the last that a watcher hears, and its member may end it too', async () => {
  const { client, link } = await benchOf();
  const [compacted, canceled] = [client.watch('k', { startRevision: 2 }), client.watch('k', { startRevision: 2 })];
  await turn();
  const [stream] = link.opened;
  for (const id of [1, 2]) {
    stream?.say({ number: id, heartbeat: null, responses: [watchResponse([id], 9, { created: true })] });
  }
  stream?.say({ number: 3, heartbeat: null, responses: [watchResponse([1, 2], 2, { events: [putAt(2)] })] });
  const over = watchResponse([1], 9, { canceled: true, compact_revision: 7 });
  stream?.say({ number: 4, heartbeat: null, responses: [over, watchResponse([2], 9, { canceled: true })] });
  const ends = [
    { watcher: compacted, message: 'etcdserver: mvcc: required revision has been compacted', compactRevision: 7 },
    { watcher: canceled, message: 'etcdserver: watch canceled', compactRevision: undefined },
  ];
  for (const { watcher, message, compactRevision } of ends) {
    const reader = watcher[Symbol.asyncIterator]();
    assert.equal((await next(reader))?.header.revision, 2, 'what came before is not lost');
    await assert.rejects(reader.next(), (error: CompactedError) => {
      assert.deepEqual([error.message, error.compactRevision], [message, compactRevision]);
      return true;
    });
    assert.equal((await reader.next()).done, true);
  }
  await client.close();
});

test('B-44 all watchers of a client share a stream, and those that require a leader another', async () => {
  const { client, link, clock } = await benchOf();
  const lost: string[] = [];
  const watch = (key: string, options: WatchOptions = {}): void =>
    void client.watch(key, options).on('disconnected', () => lost.push(key));
  for (const key of ['a', 'b', 'c']) watch(key);
  for (const key of ['x', 'y']) watch(key, { requireLeader: true });
  await turn();
  assert.equal(link.opened.length, 2);
  const [plain, strict] = link.opened;
  for (const stream of [plain, strict]) {
    stream?.say({ number: 1, heartbeat: null, responses: [watchResponse([1], 9, { created: true })] });
  }
  const others = plain?.asked().filter((request) => request.type === 'create');
  assert.equal(others?.length, 3, 'the rest goes where the first ones hang');
  for (const id of [2, 3]) {
    plain?.say({ number: id, heartbeat: null, responses: [watchResponse([id], 9, { created: true })] });
  }
  strict?.say({ number: 2, heartbeat: null, responses: [watchResponse([2], 9, { created: true })] });
  watch('d');
  await turn();
  assert.equal(link.opened.length, 2, 'also later');
  // What is missing on one is not missing on the other.
  strict?.say({ number: 9, heartbeat: null, responses: [] });
  await clock.pass(1_000);
  assert.deepEqual([link.opened.length, lost], [3, ['x', 'y']]);
  await client.close();
});
