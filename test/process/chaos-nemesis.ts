/** What a chaos run does to a cluster: drawn from a seed, one trouble after the other, each healed before the next. */
import { pause, within } from '../../deploy/clock.js';
import type { Chance } from '../simulation/chance.js';
import type { ChaosClients } from './chaos-clients.js';
import type { TestCluster } from './cluster.js';

export interface Nemesis {
  readonly cluster: TestCluster;
  readonly clients: ChaosClients;
  readonly chance: Chance;
  leader(): Promise<string>;
  readonly say: (line: string) => void;
  /** Something that must not be. */
  readonly accuse: (line: string) => void;
}

const calm_max_ms = 30_000;

export const troubles = {
  'kill one': (nemesis: Nemesis) => killAndRestart(nemesis, nemesis.chance.pick(nemesis.cluster.names)),
  'kill the leader': async (nemesis: Nemesis) => killAndRestart(nemesis, await nemesis.leader()),
  'kill two': async (nemesis: Nemesis) => {
    const [first = '', second = ''] = nemesis.chance.shuffled(nemesis.cluster.names);
    await Promise.all([killAndRestart(nemesis, first), killAndRestart(nemesis, second)]);
  },
  'kill all': async ({ cluster, chance }: Nemesis) => {
    await Promise.all(cluster.names.map((name) => cluster.kill(name)));
    await pause(chance.below(0, 500));
    await Promise.all(cluster.names.map((name) => cluster.start(name)));
  },
  'pause the leader': async (nemesis: Nemesis) => pauseFor(nemesis, await nemesis.leader(), 1_200, 4_000),
  'pause one': (nemesis: Nemesis) => pauseFor(nemesis, nemesis.chance.pick(nemesis.cluster.names), 100, 3_000),
  'rolling restart': rollingRestart,
  'kill NATS': async ({ cluster, chance }: Nemesis) => {
    await cluster.stopNats('SIGKILL');
    await pause(chance.below(0, 3_000));
    await cluster.startNats();
  },
  'pause NATS': async ({ cluster, chance }: Nemesis) => {
    await cluster.stopNats('SIGSTOP');
    await pause(chance.below(200, 5_000));
    await cluster.stopNats('SIGCONT');
  },
} as const;
export type Trouble = keyof typeof troubles;

/** Makes trouble until time is up, and says afterwards how long the first write took. */
export async function trouble(nemesis: Nemesis, kinds: readonly Trouble[], until_ms: number): Promise<void> {
  let queue: Trouble[] = [];
  while (performance.now() < until_ms) {
    // Each once before any comes again, so that a short run has them all.
    if (queue.length === 0) queue = nemesis.chance.shuffled(kinds);
    const kind = queue.shift() as Trouble;
    await pause(nemesis.chance.below(200, 1_500));
    nemesis.say(`${kind} …`);
    await troubles[kind](nemesis);
    const healed_ms = performance.now();
    if (
      (await within(
        calm_max_ms,
        nemesis.clients.oneWrites().then(() => true),
      )) !== true
    ) {
      return nemesis.accuse(`after "${kind}" no write is acknowledged for ${calm_max_ms} ms`);
    }
    nemesis.say(`${kind}: healed, first write after ${Math.round(performance.now() - healed_ms)} ms`);
  }
}

async function killAndRestart({ cluster, chance }: Nemesis, name: string): Promise<void> {
  await cluster.kill(name);
  await pause(chance.below(0, 2_000));
  await cluster.start(name);
}

async function pauseFor({ cluster, chance }: Nemesis, name: string, from_ms: number, to_ms: number): Promise<void> {
  await cluster.kill(name, 'SIGSTOP');
  await pause(chance.below(from_ms, to_ms));
  await cluster.kill(name, 'SIGCONT');
}

/** With all members up, asking one after the other to end fails no call. */
async function rollingRestart({ cluster, clients, chance, say, accuse }: Nemesis): Promise<void> {
  if (
    (await within(
      calm_max_ms,
      clients.allWrite().then(() => true),
    )) !== true
  ) {
    return accuse(`not every client had a write acknowledged within ${calm_max_ms} ms, with all members up`);
  }
  const began_ms = performance.now();
  for (const name of chance.shuffled(cluster.names)) {
    await cluster.kill(name, 'SIGTERM');
    const { code, signal } = await cluster.ended(name);
    if (code !== 0) accuse(`${name} ended after SIGTERM with ${JSON.stringify({ code, signal })}`);
    await cluster.start(name);
    if (
      (await within(
        calm_max_ms,
        clients.allWrite().then(() => true),
      )) !== true
    ) {
      return accuse(`${name} is back, and not every client had a write acknowledged within ${calm_max_ms} ms`);
    }
  }
  const failed = clients.failures.filter((failure) => failure.began_ms > began_ms);
  for (const { error } of failed) accuse(`a call failed during a rolling restart: ${String(error)}`);
  say(`rolling restart took ${Math.round(performance.now() - began_ms)} ms, ${failed.length} calls failed`);
}
