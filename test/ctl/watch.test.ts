/** The watch command: what it asks for, its variables, what it runs, and how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent, Watcher, WatchOptions, WatchResponse } from '../../client/watch-types.js';
import { errorOf } from '../../machines/language/errors.js';
import { header, say } from './fake-cluster.js';

const pair = (key: string, value: string, modRevision = 12) => ({
  key: Buffer.from(key),
  value: Buffer.from(value),
  createRevision: value === '' ? 0 : 12,
  modRevision,
  version: value === '' ? 0 : 1,
  lease: 0n,
});
const put: WatchEvent = { type: 'put', kv: pair('k', 'v'), cause: 'user' };
const gone: WatchEvent = { type: 'delete', kv: pair('k', '', 13), prevKv: pair('k', 'v'), cause: 'lease expired' };
const response = (events: readonly WatchEvent[], initial = false): WatchResponse => ({ header, events, initial });

/** Says `responses` and then fails, or ends when nobody listens any more. */
function watcherOf(responses: readonly WatchResponse[], error?: Error): Watcher {
  const watcher: Watcher = {
    created: error === undefined || 'compactRevision' in error ? Promise.resolve(header) : Promise.reject(error),
    revision: 0,
    on: () => watcher,
    off: () => watcher,
    requestProgress: async () => undefined,
    cancel: async () => undefined,
    async *[Symbol.asyncIterator]() {
      yield* responses;
      if (error !== undefined) throw error;
    },
  };
  watcher.created.catch(() => undefined);
  return watcher;
}

const compacted = Object.assign(errorOf('Compacted'), { compactRevision: 9 });
const ended = 'watch was canceled (etcdserver: mvcc: required revision has been compacted)\n';

test('watch hands over every option', async () => {
  const asked: [Uint8Array, WatchOptions][] = [];
  const watch = (key: Uint8Array, options: WatchOptions) => (asked.push([key, options]), watcherOf([], compacted));
  const words = ['watch', 'a', 'c', '--rev=7', '--prev-kv', '--progress-notify', '--initial-state'];
  await say(words, { cluster: { watch } });
  await say(['watch', '', '--prefix'], { cluster: { watch } });
  const [[key, options] = assert.fail(), [first, all] = assert.fail()] = asked;
  assert.deepEqual([Buffer.from(key).toString(), Buffer.from(options.rangeEnd as Uint8Array).toString()], ['a', 'c']);
  const { startRevision, prevKv, progressNotify, initialState, requireLeader } = options;
  assert.deepEqual([startRevision, prevKv, progressNotify, initialState, requireLeader], [7, true, true, true, true]);
  assert.deepEqual([Buffer.from(first).toString(), all.fromKey], ['\0', true]);
});

test('events in every format, then the end, with exit code 5', async () => {
  const cluster = { watch: () => watcherOf([response([put, gone])], compacted) };
  const simple = await say(['watch', 'k'], { cluster });
  assert.equal(simple.stdout, 'PUT\nk\nv\nDELETE\nk\nv\nk\n\n');
  assert.equal(simple.stderr, `${ended}Error: watch is canceled by the server\n`);
  assert.equal(simple.code, 5);
  const [events, end] = (await say(['watch', 'k', '-w', 'json'], { cluster })).stdout.split('\n');
  const old = '{"key":"aw==","create_revision":12,"mod_revision":12,"version":1,"value":"dg=="}';
  assert.ok(
    events?.includes(`"Events":[{"kv":${old}},{"type":1,"kv":{"key":"aw==","mod_revision":13},"prev_kv":${old}}]`),
  );
  assert.ok(end?.includes('"raft_term":2},"Events":[],"CompactRevision":9,"Canceled":true'), end);
  const table = await say(['watch', 'k', '-w', 'table'], { cluster });
  assert.deepEqual([table.stderr, table.code], ['Error: table not supported as output format\n', 4]);
});

test('a notification of progress, and the state that a watch begins with', async () => {
  const cluster = { watch: () => watcherOf([response([put], true), response([], true), response([])], compacted) };
  const { stdout } = await say(['watch', 'k', '--initial-state'], { cluster });
  assert.equal(stdout, 'PUT\nk\nv\nprogress notify: 13\n');
  const json = await say(['watch', 'k', '--initial-state', '-w', 'json'], { cluster });
  assert.match(json.stdout, /"Created":false,"Initial":true\}\n/);
});

test('a watch that no member took has no header', async () => {
  const cluster = { watch: () => watcherOf([], new Error('mvcc: watcher range is empty')) };
  const { stdout, stderr } = await say(['watch', 'x', 'a', '-w', 'json'], { cluster });
  assert.equal(stdout, '{"Header":{},"Events":null,"CompactRevision":0,"Canceled":true,"Created":false}\n');
  assert.equal(stderr, 'watch was canceled (mvcc: watcher range is empty)\nError: watch is canceled by the server\n');
});

test('a program runs at each event, in order; the first failure ends the watch', async () => {
  const cluster = { watch: () => watcherOf([response([put, gone]), response([put])], compacted) };
  const script = 'echo $ETCD_WATCH_REVISION $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE';
  const { stdout } = await say(['watch', 'k', '-w', 'json', '--', 'sh', '-c', script], { cluster });
  const lines = stdout.split('\n').filter((line) => line.startsWith('13'));
  assert.deepEqual(lines, ['13 "PUT" "k" "v"', '13 "DELETE" "k" ""', '13 "PUT" "k" "v"']);
  const failed = await say(['watch', 'k', '--', 'sh', '-c', 'exit 7'], { cluster });
  assert.equal(failed.stderr, 'command ["sh" "-c" "exit 7"] error (exit status 7)\n');
  assert.deepEqual([failed.code, failed.stdout.match(/PUT/g)?.length], [1, 1]);
});

test('the variables name the keys, and nothing else may', async () => {
  const asked: string[] = [];
  const watch = (key: Uint8Array) => (asked.push(Buffer.from(key).toString()), watcherOf([], compacted));
  const run = (words: readonly string[], key: string, end = '') =>
    say(words, { cluster: { watch }, environment: { QUORATECTL_WATCH_KEY: key, QUORATECTL_WATCH_RANGE_END: end } });
  await run(['watch'], 'k');
  await run(['watch', '--', 'true'], 'l', 'm');
  assert.deepEqual(asked, ['k', 'l']);
  assert.equal(
    (await run(['watch', 'x'], 'k')).stderr,
    'Error: bad number of arguments (found conflicting environment key)\n',
  );
  const lone = await run(['watch'], '', 'z');
  assert.equal(lone.stderr, 'Error: QUORATECTL_WATCH_KEY is empty but got QUORATECTL_WATCH_RANGE_END="z"\n');
  assert.equal(lone.code, 128);
});

test('interactively each line is a watch with flags of its own, and a program that fails ends all', async () => {
  const asked: [string, WatchOptions][] = [];
  const watch = (key: Uint8Array, options: WatchOptions) => {
    asked.push([Buffer.from(key).toString(), options]);
    return watcherOf([response([put])], compacted);
  };
  const stdin = 'watch "a\\x62" --prefix\nwatch c -- false\n';
  const { stderr } = await say(['watch', '-i', '--rev=5'], { stdin, cluster: { watch } });
  assert.deepEqual(
    asked.map(([key, { prefix, startRevision }]) => [key, prefix, startRevision]),
    [
      ['ab', true, undefined],
      ['c', undefined, undefined],
    ],
  );
  assert.match(stderr, /Error: Error reading watch request line: EOF\n/);
});
