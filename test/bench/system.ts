/** A system under the benchmark: three nodes on this machine, every write synced, and a load program of its own. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { Operation } from './cases.js';
import type { Results, Task, Way } from './tasks.js';

export type SystemName = 'Quorate' | 'etcd' | 'JetStream KV';

export interface Cluster {
  readonly way: Way;
  readonly members: readonly string[];
  /** The process of a member's life that was started last. */
  pid(member: string): number;
  /** Every process of the cluster. */
  readonly pids: readonly number[];
  leader(): Promise<string>;
  /** Sends a signal that ends the process, and resolves when it has ended. */
  kill(member: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts a member that does not run; resolves as soon as it serves. */
  start(member: string): Promise<void>;
  /** Ends everything and removes the files. */
  stop(): Promise<void>;
}

export interface System {
  readonly name: SystemName;
  /** What a reader must know about it. */
  readonly notes: readonly string[];
  readonly operations: readonly Operation[];
  /** Can it tell its leader, and start a member again? */
  readonly hasMembers: boolean;
  /** The load program: what is run, before the argument with the task. */
  readonly load: readonly string[];
  /** How many connections the load of so many callers may take: the fastest is found out. */
  connections(callers: number): readonly number[];
  start(): Promise<Cluster>;
}

const run = promisify(execFile);

export async function perform<T extends Task>(system: System, cluster: Cluster, task: T): Promise<Results[T['mode']]> {
  const [program = '', ...args] = system.load;
  const { stdout } = await run(program, [...args, JSON.stringify({ way: cluster.way, task })]);
  return JSON.parse(stdout) as Results[T['mode']];
}

/** Memory that a process has in use, pages of mapped files included. */
export function resident_MiB(pid: number): number {
  const told = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(told.stdout) / 1024;
}
