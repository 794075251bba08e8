/** Other processes, as the system shows them: alive or not, their command line, and how to end one. */
import { spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pause, within } from './clock.js';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // alive, and another user's
  }
}

/** Empty when there is none, or it cannot be seen. */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''; // no /proc here
  }
}

/** Asks the process to end, and ends it when it has not after `patience_ms`. */
export async function endProcess(pid: number, patience_ms: number): Promise<void> {
  const deadline_ms = performance.now() + patience_ms;
  process.kill(pid, 'SIGTERM');
  while (isAlive(pid)) {
    if (performance.now() > deadline_ms) return void process.kill(pid, 'SIGKILL');
    await pause(20);
  }
}

export const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** The same for a child, whose end is heard. */
export async function endChild(child: ChildProcess, patience_ms: number): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return;
  const ended = new Promise<true>((resolve) => child.once('exit', () => resolve(true)));
  child.kill('SIGTERM');
  if (await within(patience_ms, ended)) return;
  child.kill('SIGKILL');
  await ended;
}
