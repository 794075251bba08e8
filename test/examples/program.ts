/** An example as a reader runs it: a process of its own, and the lines that it prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestCluster } from '../process/cluster.js';

export interface Program {
  readonly lines: readonly string[];
  /** Resolves when a line, from `since` on, fits; rejects when the program ends before. */
  prints(wanted: RegExp, since?: number): Promise<void>;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  readonly child: ChildProcess;
}

export function startProgram(cluster: TestCluster, name: string, ...args: readonly string[]): Program {
  const file = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], {
    env: {
      ...process.env,
      QUORATE_SERVERS: cluster.servers.join(','),
      QUORATE_CLUSTER_NAME: cluster.clusterName,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    const woken = [...waiting];
    waiting.clear();
    for (const each of woken) each();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    wake();
  });
  let over = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      over = true;
      wake();
      resolve(code);
    });
  });
  endWithThisProcess(child);
  return {
    lines,
    child,
    ended,
    prints: async (wanted, since = 0) => {
      while (!lines.slice(since).some((line) => wanted.test(line))) {
        if (over) throw new Error(`${name} ended without ${String(wanted)}; it printed:\n${lines.join('\n')}`);
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
  };
}

const children = new Set<ChildProcess>();

function endWithThisProcess(child: ChildProcess): void {
  if (children.size === 0) process.once('exit', () => children.forEach((each) => each.kill('SIGKILL')));
  children.add(child);
}
