/** How long writes stop when the leader's process is killed: to the first acknowledged one that was sent after that. */
import { pause } from '../../deploy/clock.js';
import { perform } from './system.js';
import { letRunOnly } from './throughput.js';
import type { Cluster, System, SystemName } from './system.js';

export interface Elections {
  readonly system: SystemName;
  readonly took_ms: readonly number[];
}

const INTERVAL_MS = 10;
/** For the member that was started again, and for caches to be as they are in a cluster at work. */
const CALM_MS = 2_000;
/** The kill falls anywhere between two heartbeats. */
const HEARTBEAT_MS = 100;

export async function benchElection(
  running: ReadonlyMap<System, Cluster>,
  elections: number,
  tell: (text: string) => void,
): Promise<readonly Elections[]> {
  const taken = new Map<SystemName, number[]>();
  for (let turn = 0; turn < elections; turn++) {
    for (const [system, cluster] of running) {
      if (!system.hasMembers) continue;
      await letRunOnly(system, running);
      const leader = await cluster.leader();
      const calm_ms = CALM_MS + Math.random() * HEARTBEAT_MS;
      const pid = cluster.pid(leader);
      const { took_ms } = await perform(system, cluster, { mode: 'election', pid, interval_ms: INTERVAL_MS, calm_ms });
      taken.set(system.name, [...(taken.get(system.name) ?? []), took_ms]);
      tell(`${system.name} leader ${leader} killed: ${Math.round(took_ms)} ms to the first acknowledged write`);
      await cluster.kill(leader, 'SIGKILL');
      await cluster.start(leader);
      await pause(CALM_MS);
    }
  }
  return [...taken].map(([system, took_ms]) => ({ system, took_ms }));
}
