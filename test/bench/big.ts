/** A cluster with many keys: the memory of its nodes, and how long one of them takes to come back. */
import { pause } from '../../deploy/clock.js';
import type { BenchOptions } from './options.js';
import { perform, resident_MiB } from './system.js';
import type { Cluster, System, SystemName } from './system.js';

export interface Big {
  readonly system: SystemName;
  readonly keys: number;
  readonly filled_seconds: number;
  /** Of each node, after the keys were put. */
  readonly loaded_MiB: readonly number[];
  /** A node that was stopped in good order, from its start to where it serves. */
  readonly restart_ms: readonly number[];
  /** Of that node. */
  readonly restarted_MiB: number;
}

/** For what is written in the background. */
const SETTLE_MS = 5_000;

export async function benchBig(
  system: System,
  { big_keys, plan, restarts }: BenchOptions,
  tell: (text: string) => void,
): Promise<Big> {
  const cluster = await system.start();
  try {
    const task = { mode: 'fill', keys: big_keys, value_bytes: plan.value_bytes } as const;
    const { seconds } = await perform(system, cluster, task);
    await pause(SETTLE_MS);
    const loaded_MiB = cluster.members.map((member) => resident_MiB(cluster.pid(member)));
    const memory = loaded_MiB.map(Math.round).join(' ');
    tell(`${system.name} ${big_keys} keys in ${Math.round(seconds)} s, MiB a node: ${memory}`);
    const restart_ms: number[] = [];
    const member = await follower(cluster);
    for (let turn = 0; turn < restarts; turn++) {
      await cluster.kill(member, 'SIGTERM');
      const began_ms = performance.now();
      await cluster.start(member);
      restart_ms.push(performance.now() - began_ms);
      tell(`${system.name} restart with them: ${Math.round(restart_ms.at(-1) ?? 0)} ms`);
      await pause(SETTLE_MS / 2);
    }
    const restarted_MiB = resident_MiB(cluster.pid(member));
    return { system: system.name, keys: big_keys, filled_seconds: seconds, loaded_MiB, restart_ms, restarted_MiB };
  } finally {
    await cluster.stop();
  }
}

async function follower(cluster: Cluster): Promise<string> {
  const leader = await cluster.leader();
  return cluster.members.find((member) => member !== leader) ?? leader;
}
