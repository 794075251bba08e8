/** Processes: when this one is to stop; others, as the system shows them, and how to end one. */
import { spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pause, within } from './clock.js';

/**
 * Calls back once this process is told to stop, with why: by Ctrl-C, the system, or the end of the `quorate up` (or the
 * test) that started it.
 */
export function onStop(stop: (why: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop(signal));
  if (process.connected) process.once('disconnect', () => stop('quorate up has ended'));
  // Whoever read our output is gone; that is no reason to end before what has begun is over.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

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
