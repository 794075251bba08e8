/** Registry, configuration, liveness, tasks and progress on the model of the store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConfig } from '../../client/recipes/config-center.js';
import { createLivenessProbe } from '../../client/recipes/liveness-probe.js';
import { createServiceRegistry } from '../../client/recipes/service-registry.js';
import { openSession } from '../../client/recipes/session.js';
import { createTaskScheduler } from '../../client/recipes/task-scheduler.js';
import { followWork, startWork } from '../../client/recipes/work-reporter.js';
import { toText } from '../../machines/language/bytes.js';
import { errorOfCall } from './client-of.js';
import { turn } from './manual-clock.js';
import { modelCluster } from './model-client.js';

/** Collects what an iterable brings. */
function collect<T>(iterable: AsyncIterable<T>) {
  const seen: T[] = [];
  const ended = (async () => {
    for await (const one of iterable) seen.push(one);
  })();
  ended.catch(() => undefined);
  return { seen, ended };
}

test('a registry shows who is there, and endpoints come back when their lease was lost', async () => {
  const cluster = modelCluster();
  const registry = createServiceRegistry(cluster.client, '/services/web');
  const { seen } = collect(registry.watch());
  const a = await registry.register({ id: 'a', address: '10.0.0.1:80', metadata: { zone: 1 } });
  await registry.register({ id: 'b', address: '10.0.0.2:80' });
  await turn();
  const raw = await cluster.client.kv.get('/services/web/a');
  assert.equal(toText(raw.kvs[0]?.value ?? new Uint8Array()), '{"Op":0,"Addr":"10.0.0.1:80","Metadata":{"zone":1}}');
  await cluster.expire(cluster.lastLease());
  await turn();
  await a.update({ address: '10.0.0.9:80' });
  await a.deregister();
  await turn();
  const shown = seen.map((list) => list.map(({ id, address }) => `${id}=${address}`).join(' '));
  assert.deepEqual(shown, [
    '',
    'a=10.0.0.1:80',
    'a=10.0.0.1:80 b=10.0.0.2:80',
    'a=10.0.0.1:80',
    'a=10.0.0.1:80 b=10.0.0.2:80',
    'a=10.0.0.9:80 b=10.0.0.2:80',
    'b=10.0.0.2:80',
  ]);
  assert.deepEqual(await registry.list(), [{ id: 'b', address: '10.0.0.2:80' }]);
});

interface Settings {
  readonly size: number;
}

function settings(value: unknown): Settings {
  const { size } = value as { size?: unknown };
  if (typeof size !== 'number') throw new Error(`size is ${JSON.stringify(size)}; it must be a number`);
  return { size };
}

test('a configuration that is written badly or deleted leaves the last good one, and is reported', async () => {
  const { client } = modelCluster();
  await client.kv.put('/config', '{"size":1}');
  const changes: number[] = [];
  const rejected: string[] = [];
  const config = await openConfig(client, '/config', settings, {
    onChange: ({ size }) => changes.push(size),
    onRejected: ({ message }) => rejected.push(message),
  });
  assert.equal(config.current.size, 1);
  await client.kv.put('/config', '{"size":2}');
  await client.kv.put('/config', '{"size":"big"}');
  await client.kv.put('/config', 'not json');
  await turn();
  assert.equal(config.current.size, 2);
  await client.kv.delete('/config');
  await turn();
  assert.equal(config.current.size, 2);
  await config.save({ size: 3 });
  await turn();
  assert.deepEqual([config.current.size, changes], [3, [2, 3]]);
  assert.match(rejected[0] ?? '', /^quorate: the configuration \/config is not usable: size is "big"; it must be/);
  assert.match(rejected[1] ?? '', /not usable: .*JSON/);
  assert.equal(rejected[2], 'quorate: there is no configuration under /config');
  config.close();
});

test('without a good configuration at the start there is none, unless one is given', async () => {
  const { client } = modelCluster();
  assert.equal((await errorOfCall(openConfig(client, '/c', settings))).code, 'NotFound');
  await client.kv.put('/c', '{}');
  assert.match((await errorOfCall(openConfig(client, '/c', settings))).message, /size is undefined/);
  const config = await openConfig(client, '/c', settings, { initial: { size: 7 } });
  assert.deepEqual([config.current.size, config.revision], [7, 0]);
  await client.kv.put('/c', '{"size":8}');
  await turn();
  assert.equal(config.current.size, 8);
});

test('who leaves and who dies are told apart', async () => {
  const cluster = modelCluster();
  const probe = createLivenessProbe(cluster.client, '/alive');
  const a = await probe.join('a');
  const { seen } = collect(probe.watch());
  await turn();
  await probe.join('b');
  await turn();
  assert.deepEqual(await probe.alive(), ['a', 'b']);
  await cluster.expireUnheard(cluster.lastLease());
  await turn();
  await a.leave();
  await turn();
  assert.deepEqual(
    seen.map(({ name, what }) => `${name} ${what}`),
    ['a appeared', 'b appeared', 'b died', 'a left'],
  );
});

test('progress goes forward to 100 %, stays there, and ends those who follow it', async () => {
  const cluster = modelCluster();
  const work = await startWork(cluster.client, '/work');
  const { seen, ended } = collect(followWork(cluster.client, '/work'));
  await turn();
  await work.report(40, 'packing');
  await turn();
  assert.match((await errorOfCall(work.report(30))).message, /30 %; it must be a whole number from 40 to 100/);
  await work.report(100);
  await ended;
  assert.deepEqual(
    seen.map(({ percent, note }) => `${percent}${note}`),
    ['0', '40packing', '100'],
  );
  assert.deepEqual(cluster.keys(), ['/work']);
});

test('work whose worker dies ends those who follow it with an error', async () => {
  const cluster = modelCluster();
  await startWork(cluster.client, '/work');
  const { ended } = collect(followWork(cluster.client, '/work'));
  await turn();
  await cluster.expireUnheard(cluster.lastLease());
  await assert.rejects(ended, /the work \/work ended before its end/);
});

test('a task is done by one of many workers, and everybody sees its states', async () => {
  const { client } = modelCluster();
  const scheduler = createTaskScheduler(client, '/tasks');
  const stop = new AbortController();
  const ran: string[] = [];
  const sessions = await Promise.all([openSession(client), openSession(client), openSession(client)]);
  const workers = sessions.map((session, at) =>
    scheduler.work(session, {
      name: `w${at}`,
      signal: stop.signal,
      run: (task) => {
        ran.push(task.name);
        return `${String(task.work)}!`;
      },
    }),
  );
  await scheduler.schedule('one', 'hello');
  const { seen, ended } = collect(scheduler.follow('one'));
  for (const name of ['two', 'three', 'four']) await scheduler.schedule(name, name);
  await ended;
  assert.equal(seen.at(-1)?.result, 'hello!');
  assert.deepEqual(
    [...new Set(seen.map(({ state }) => state))].filter((state) => state !== 'Scheduled'),
    ['Starting', 'Running', 'Finished'],
  );
  for (const name of ['two', 'three', 'four']) await collect(scheduler.follow(name)).ended;
  assert.deepEqual([...ran].sort(), ['four', 'one', 'three', 'two'], 'each once');
  assert.match((await errorOfCall(scheduler.schedule('one', ''))).message, /a task named "one" is there already/);
  stop.abort();
  await Promise.all(workers);
});

test('attempts that fail are named, and after the last the task has failed', async () => {
  const { client, keys } = modelCluster();
  const scheduler = createTaskScheduler(client, '/tasks');
  const stop = new AbortController();
  const working = scheduler.work(await openSession(client), {
    name: 'w',
    signal: stop.signal,
    run: ({ attempt }) => {
      throw new Error(`attempt ${attempt} broke`);
    },
  });
  await scheduler.schedule('x', null, { attemptsMax: 2 });
  await collect(scheduler.follow('x')).ended;
  const task = await scheduler.task('x');
  assert.deepEqual(
    [task?.state, task?.failures],
    [
      'Failed',
      [
        { attempt: 1, worker: 'w', error: 'attempt 1 broke' },
        { attempt: 2, worker: 'w', error: 'attempt 2 broke' },
      ],
    ],
  );
  assert.deepEqual(keys(), ['/tasks/task/x'], 'no claim stays behind');
  stop.abort();
  await working;
});

test('the task of a dead worker is taken up by another, and what the dead one brings changes nothing', async () => {
  const cluster = modelCluster();
  const { client } = cluster;
  const scheduler = createTaskScheduler(client, '/tasks');
  let finishLate: (result: string) => void = () => undefined;
  const first = await openSession(client);
  void scheduler.work(first, {
    name: 'slow',
    run: () => new Promise((resolve) => (finishLate = resolve)),
  });
  await scheduler.schedule('x', null);
  await turn();
  assert.equal((await scheduler.task('x'))?.state, 'Running');
  await cluster.expireUnheard(first.lease);
  const stop = new AbortController();
  const other = scheduler.work(await openSession(client), { name: 'quick', signal: stop.signal, run: () => 'right' });
  await collect(scheduler.follow('x')).ended;
  finishLate('wrong');
  await turn();
  const task = await scheduler.task('x');
  assert.deepEqual(task?.failures, [{ attempt: 1, worker: 'slow', error: 'the worker is gone' }]);
  assert.deepEqual([task?.state, task?.result, task?.worker, task?.attempt], ['Finished', 'right', 'quick', 2]);
  stop.abort();
  await other;
});
