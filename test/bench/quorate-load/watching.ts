/** The watches and leases of the load on Quorate: see tasks.ts. */
import { readFileSync } from 'node:fs';
import type { Client } from '../../../client/index.js';
import type { LeasesTask, Results, StalledTask, WatchTask } from '../tasks.js';
import { WATCHED_KEY } from '../tasks.js';

const GRANTERS = 1_000;

type Open = () => Promise<Client>;

/** Puts to a key, so many at a time, until `more` says no. */
async function putWhile(client: Client, callers: number, value: string, more: () => boolean): Promise<void> {
  const run = async (): Promise<void> => {
    while (more()) await client.kv.put(WATCHED_KEY, value);
  };
  await Promise.all(Array.from({ length: callers }, run));
}

export async function watch(open: Open, task: WatchTask): Promise<Results['watch']> {
  const clients = await Promise.all(Array.from({ length: task.connections }, open));
  const writer = await open();
  const expected = task.watchers * task.puts;
  let events = 0;
  let arrived = (): void => undefined;
  const watchers = Array.from({ length: task.watchers }, (_, n) =>
    (clients[n % clients.length] as Client).watch(WATCHED_KEY),
  );
  await Promise.all(watchers.map((watcher) => watcher.created));
  for (const watcher of watchers) {
    void (async () => {
      for await (const response of watcher) {
        events += response.events.length;
        if (events >= expected) arrived();
      }
    })();
  }
  const round = async (): Promise<Results['watch']> => {
    events = 0;
    const all = new Promise<void>((resolve) => (arrived = resolve));
    const began_ms = performance.now();
    let left = task.puts;
    await putWhile(writer, task.writers, 'v'.repeat(task.value_bytes), () => left-- > 0);
    const put_seconds = (performance.now() - began_ms) / 1_000;
    await all;
    return { events, seconds: (performance.now() - began_ms) / 1_000, puts: task.puts, put_seconds };
  };
  // The first round is the warm-up.
  await round();
  const measured = await round();
  await Promise.all([writer, ...clients].map((client) => client.close()));
  return measured;
}

export async function stalled(open: Open, task: StalledTask): Promise<Results['stalled']> {
  const [client, other] = await Promise.all([open(), open()]);
  if (task.watched) await other.watch(WATCHED_KEY).created;
  const end_ms = performance.now() + task.seconds * 1_000;
  let count = 0;
  await putWhile(client, task.callers, 'v'.repeat(task.value_bytes), () => {
    count++;
    return performance.now() < end_ms;
  });
  await Promise.all([client.close(), other.close()]);
  return { count };
}

export async function leases(open: Open, task: LeasesTask): Promise<Results['leases']> {
  const client = await open();
  let left = task.leases;
  const grant = async (): Promise<void> => {
    while (left-- > 0) client.lease.keepAlive((await client.lease.grant(task.ttl_seconds * 1_000)).id);
  };
  await Promise.all(Array.from({ length: GRANTERS }, grant));
  // Two rounds of renewals, so that what granting left behind is over.
  await new Promise((resolve) => setTimeout(resolve, (task.ttl_seconds * 2_000) / 3));
  const before = task.pids.map(processorSeconds);
  await new Promise((resolve) => setTimeout(resolve, task.seconds * 1_000));
  const cores = task.pids.map((pid, n) => (processorSeconds(pid) - (before[n] ?? 0)) / task.seconds);
  const { leases: alive } = await client.lease.list();
  await client.close();
  return { cores, alive: alive.length };
}

/** What Linux says that a process has used. */
function processorSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
