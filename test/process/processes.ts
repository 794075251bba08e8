/** The processes of this machine, without a program to list them: images often have none. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { commandLineOf } from '../../deploy/processes.js';

export interface Listed {
  readonly pid: number;
  readonly command: string;
}

export function listProcesses(): readonly Listed[] {
  if (existsSync('/proc/self/cmdline')) {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.map((pid) => ({ pid: Number(pid), command: commandLineOf(Number(pid)) }));
  }
  const listed = spawnSync('ps', ['-eo', 'pid=,command='], { encoding: 'utf8' }).stdout.trim().split('\n');
  return listed.map((line) => ({ pid: Number.parseInt(line, 10), command: line.replace(/^\s*\d+\s+/, '') }));
}
