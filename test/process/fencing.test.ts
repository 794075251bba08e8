/**
 * Locks under pauses, with real processes: holders and waiters that are stopped for longer than their lease lives,
 * beside kills and pauses of nodes. What a guard protects is never written by who holds the lock no more; what none
 * protects is, as Jepsen showed for etcd, and so the judge is seen to notice it.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Client, connect, type WatchEvent } from '../../client/index.js';
import { hasEnded } from '../../deploy/processes.js';
import { startTestCluster, type TestCluster } from './cluster.js';
import { type Acknowledged, COUNTER, judgeFencing, LOOSE } from './fencing-judge.js';
import type { ContenderNews, ContenderTask } from './lock-contender.js';
import { type Seen, follow } from './watch-checker.js';

const program = fileURLToPath(new URL('lock-contender.js', import.meta.url));
const TTL_MS = 1_000;
/** By each way of taking the lock. */
const CONTENDERS = 2;

type By = ContenderTask['by'];
type News<T extends ContenderNews['type']> = Extract<ContenderNews, { readonly type: T }>;

interface Contender {
  readonly by: By;
  readonly child: ChildProcess;
  readonly news: ContenderNews[];
}

interface Stage {
  readonly cluster: TestCluster;
  readonly client: Client;
  readonly contenders: Contender[];
  readonly seen: Seen;
  /** Resolves with the first news after `since` of a contender's that fits. */
  hears<T extends ContenderNews['type']>(
    contender: Contender,
    type: T,
    since: number,
    fits?: (news: News<T>) => boolean,
  ): Promise<News<T>>;
  /** Resolves once somebody's guarded write under a greater token was acknowledged. */
  passes(token: number): Promise<void>;
}

async function openStage(cluster: TestCluster, client: Client): Promise<Stage> {
  const contenders: Contender[] = [];
  const listeners = new Set<() => void>();
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => listeners.add(resolve));
  };
  const start = (by: By, who: string): void => {
    const { servers, clusterName } = cluster;
    const task: ContenderTask = { servers, clusterName, by, who, ttl_ms: TTL_MS };
    const child = spawn(process.execPath, [program, JSON.stringify(task)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const news: ContenderNews[] = [];
    child.on('message', (each) => {
      news.push(each as ContenderNews);
      const woken = [...listeners];
      listeners.clear();
      for (const resolve of woken) resolve();
    });
    contenders.push({ by, child, news });
  };
  const watcher = client.watch('fenced/', { prefix: true, startRevision: 1 });
  await watcher.created;
  for (const by of ['mutex', 'service'] as const) {
    for (let n = 1; n <= CONTENDERS; n++) start(by, `${by} ${n}`);
  }
  const isAfter = (token: number) => (each: ContenderNews) => each.type === 'wrote' && each.token > token;
  return {
    cluster,
    client,
    contenders,
    seen: follow(watcher),
    hears: async (contender, type, since, fits = () => true) => {
      let found: News<typeof type> | undefined;
      await until(() => {
        found = contender.news
          .slice(since)
          .find((each): each is News<typeof type> => each.type === type && fits(each as News<typeof type>));
        return found !== undefined;
      });
      return found as News<typeof type>;
    },
    passes: (token) => until(() => contenders.some(({ news }) => news.some(isAfter(token)))),
  };
}

/* ---- troubles --------------------------------------------------------------------------------------------------- */

async function leaderOf({ client, cluster }: Stage, other = ''): Promise<string> {
  for (;;) {
    for (const name of cluster.names) {
      if (name === other) continue;
      const told = await client.maintenance.status(name, { timeoutMs: 1_000 }).catch(() => undefined);
      if (told?.leader === told?.header.memberId && told !== undefined) return name;
    }
  }
}

type Trouble = (stage: Stage, meanwhile: () => Promise<void>) => Promise<void>;

const troubles = {
  none: (_, meanwhile) => meanwhile(),
  'the leader is killed': async (stage, meanwhile) => {
    const leader = await leaderOf(stage);
    await stage.cluster.kill(leader);
    await meanwhile();
    await stage.cluster.start(leader);
  },
  'the leader is paused': async (stage, meanwhile) => {
    const leader = await leaderOf(stage);
    await stage.cluster.kill(leader, 'SIGSTOP');
    await leaderOf(stage, leader);
    await meanwhile();
    await stage.cluster.kill(leader, 'SIGCONT');
  },
} satisfies Readonly<Record<string, Trouble>>;

/** Stopped once it holds the lock, until another has written. How its hold ended: `released` where it was too fast. */
async function pauseHolder(stage: Stage, by: By, trouble: Trouble): Promise<News<'over'>['how']> {
  const either = stage.contenders.filter((each) => each.by === by);
  const [contender, token] = await Promise.race(
    either.map(async (each) => [each, (await stage.hears(each, 'held', each.news.length)).token] as const),
  );
  contender.child.kill('SIGSTOP');
  await trouble(stage, () => stage.passes(token));
  contender.child.kill('SIGCONT');
  const { how } = await stage.hears(contender, 'over', 0, (news) => news.token === token);
  return how;
}

/** Stopped while it waits: its turn comes, and passes, without it. */
async function pauseWaiter(stage: Stage, by: By): Promise<void> {
  const contender = stage.contenders.find((each) => each.by === by) as Contender;
  const since = contender.news.length;
  await stage.hears(contender, 'entering', since);
  contender.child.kill('SIGSTOP');
  const others = stage.contenders.filter((each) => each !== contender);
  // Nobody overtakes twice.
  await Promise.all(
    others.map(async (other) => {
      const { token } = await stage.hears(other, 'held', other.news.length);
      await stage.hears(other, 'held', 0, (news) => news.token > token);
    }),
  );
  contender.child.kill('SIGCONT');
  await stage.hears(contender, 'held', since);
}

test('[safety] who was paused and lost the lock writes nothing that its token guards', async (t) => {
  const cluster = await startTestCluster({ flags: { 'min-lease-ttl': '500ms' } });
  const { servers, clusterName } = cluster;
  const client = await connect({ servers, clusterName, timeoutMs: 20_000 });
  const stage = await openStage(cluster, client);
  const { contenders, seen } = stage;
  try {
    for (const [by, what] of [
      ['mutex', 'the leader is killed'],
      ['service', 'the leader is paused'],
    ] as const) {
      while ((await pauseHolder(stage, by, troubles.none)) !== 'refused');
      await pauseWaiter(stage, by);
      t.diagnostic(`a holder by ${by} is paused, and ${what}: ${await pauseHolder(stage, by, troubles[what])}`);
    }
    // One that dies as it holds the lock; those who are left go on.
    const [victim] = contenders.splice(0, 1) as [Contender];
    const { token } = await stage.hears(victim, 'held', victim.news.length);
    victim.child.kill('SIGKILL');
    await stage.passes(token);
    contenders.push(victim);
  } finally {
    for (const { child } of contenders) child.kill('SIGKILL');
    await Promise.all(contenders.filter(({ child }) => !hasEnded(child)).map(({ child }) => once(child, 'exit')));
  }
  try {
    const { header } = await client.kv.put('fenced/end', '');
    await seen.upTo(header.revision);
    const history: readonly WatchEvent[] = seen.responses.flatMap(({ events }) => events);
    const wrote = contenders.flatMap(({ news }) => news.filter((each) => each.type === 'wrote'));
    const acknowledged: readonly Acknowledged[] = wrote;
    t.diagnostic(`${acknowledged.length} guarded writes of ${new Set(wrote.map(({ token }) => token)).size} holders`);
    assert.deepEqual(judgeFencing(history, COUNTER, acknowledged), []);
    assert.match(judgeFencing(history, LOOSE, []).join('\n'), /when the lock was/, 'no pause hit a holder');
  } finally {
    await client.close();
    await cluster.stop();
  }
});
