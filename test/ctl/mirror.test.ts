/** `make-mirror`: what is written where, in which transactions, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GetOptions, KeyValue } from '../../client/types.js';
import type { WatchEvent, WatchOptions } from '../../client/watch-types.js';
import type { Transaction } from '../../deploy/ctl/cluster.js';
import { mirror } from '../../deploy/ctl/mirroring.js';
import { fakeCluster, header, say } from './fake-cluster.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const kv = (key: string, modRevision: number): KeyValue => ({
  key: bytes(key),
  value: bytes(`at ${modRevision}`),
  createRevision: 2,
  modRevision,
  version: 1,
  lease: 7n,
});
const put = (key: string, revision: number): WatchEvent => ({ type: 'put', kv: kv(key, revision), cause: 'user' });
const gone = (key: string, revision: number): WatchEvent => ({ ...put(key, revision), type: 'delete' });

/** A source of two pages and then these events; a destination that writes down what it is told. */
function clusters(events: readonly WatchEvent[]) {
  const asked: string[] = [];
  const told: string[] = [];
  const text = (key: Uint8Array) => Buffer.from(key).toString();
  const source = fakeCluster({
    get: async (key, { rangeEnd, revision }: GetOptions = {}) => {
      asked.push(`get ${text(key)} to ${text(rangeEnd as Uint8Array)} at ${revision}`);
      const first = revision === 0;
      return { header, kvs: [kv(first ? 'm/1' : 'm/2', 5)], more: first, count: 2 };
    },
    watch: (key, { startRevision }: WatchOptions) => {
      asked.push(`watch ${text(key)} from ${startRevision}`);
      return {
        created: Promise.resolve(header),
        async *[Symbol.asyncIterator]() {
          yield { header, events, initial: false };
        },
      } as unknown as ReturnType<ReturnType<typeof fakeCluster>['watch']>;
    },
  });
  const destination = fakeCluster({
    put: async (key, value) => (told.push(`put ${text(key)} ${text(value)}`), { header }),
    txn: async ({ success }: Transaction) => {
      told.push(success.map(({ type, key }) => `${type} ${text(key)}`).join(', '));
      return { header, succeeded: true, responses: [] };
    },
  });
  return { source, destination, asked, told };
}

test('the state at one revision, then each revision as a transaction, as large as it may be', async () => {
  const events = [put('m/1', 14), gone('m/2', 14), put('m/3', 15), put('m/4', 16), put('m/5', 16), put('m/6', 16)];
  const { source, destination, asked, told } = clusters(events);
  let total = 0;
  const settings = { from: bytes('m/'), to: bytes('x'), revision: 0, operationsMax: 2 };
  await mirror(source, destination, settings, (count) => (total += count));
  assert.deepEqual(asked, ['get m/ to m0 at 0', 'get m/1\0 to m0 at 13', 'watch m/ from 14']);
  assert.deepEqual(told, ['put x1 at 5', 'put x2 at 5', 'put x1, delete x2', 'put x3', 'put x4, put x5', 'put x6']);
  assert.equal(total, 8);
});

test('from a revision on there is no state to copy first', async () => {
  const { source, destination, asked, told } = clusters([put('a', 8)]);
  await mirror(
    source,
    destination,
    { from: bytes(''), to: bytes('all/'), revision: 8, operationsMax: 9 },
    () => undefined,
  );
  assert.deepEqual([asked, told], [['watch \0 from 8'], ['put all/a']]);
});

test('a mirror of itself is refused: it would never end', async () => {
  const get = async () => ({ header, kvs: [], more: false, count: 0 });
  const onItself = await say(['make-mirror', '--dest-cluster-name=quorate', '--dest-prefix=x'], { cluster: { get } });
  assert.match(onItself.stderr, /^Error: make-mirror: the destination is the same cluster/);
  assert.equal(onItself.code, 128);
});

test('a destination is named by its NATS servers or its name, and nothing else', async () => {
  const without = await say(['make-mirror']);
  assert.match(
    without.stderr,
    /from --dest-servers \(NATS servers\), --dest-cluster-name or both, and none is named\n$/,
  );
  assert.match((await say(['make-mirror', 'x:1'])).stderr, /and "x:1" is an argument\n$/);
  const both = await say(['make-mirror', '--dest-servers=x', '--no-dest-prefix', '--dest-prefix=a']);
  assert.match(
    both.stderr,
    /^Error: `--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one\n$/,
  );
  const user = await say(['make-mirror', '--dest-user=a']);
  assert.match(
    user.stderr,
    /^Error: --dest-user has no meaning here: for the NATS servers there is --dest-nats-user\n$/,
  );
});
