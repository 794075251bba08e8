/** `quorate inspect` beside a test's cluster, on a free port; it ends with the test. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { program } from '../../deploy/node-process.js';
import { endChild } from '../../deploy/processes.js';
import type { TestCluster } from './cluster.js';

export interface Inspecting {
  readonly url: string;
  /** '' where it was not asked for. */
  readonly statelyUrl: string;
  stop(): Promise<unknown>;
}

type Place = Pick<TestCluster, 'clusterName' | 'servers'>;

export function spawnInspect({ clusterName, servers }: Place, flags: readonly string[]): ChildProcess {
  const usual = ['--cluster-name', clusterName, '--servers', servers.join(',')];
  // The channel ends it when the test's process is gone.
  return spawn(process.execPath, [program, 'inspect', ...usual, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

export async function startInspect(place: Place, flags: readonly string[] = []): Promise<Inspecting> {
  const child = spawnInspect(place, ['--port', '0', ...flags]);
  const wanted = flags.includes('--stately') ? 2 : 1;
  const urls: string[] = [];
  if (child.stdout === null) throw new Error('quorate inspect has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /open (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) urls.push(url);
    if (urls.length < wanted) continue;
    const [own = '', stately = ''] = urls;
    return { url: own, statelyUrl: stately, stop: () => endChild(child, 10_000) };
  }
  throw new Error('quorate inspect said no address');
}
