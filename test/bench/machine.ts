/** The machine that a run was taken on, as far as it bears on the results. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { makeRealDirectory } from '../process/real-directory.js';

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memory_GiB: number;
  readonly kernel: string;
  readonly node: string;
  /** 4 KiB written over 4 KiB, and synced: the median. */
  readonly sync_ms: number;
}

export const describeMachine = (): Machine => ({
  cores: availableParallelism(),
  processor: cpus()[0]?.model ?? 'unknown',
  memory_GiB: Math.round(totalmem() / 2 ** 30),
  kernel: `${type()} ${release()}`,
  node: process.versions.node,
  sync_ms: measureSync(),
});

const SYNCS = 300;
const BLOCK = Buffer.alloc(4096, 'x');

function measureSync(): number {
  const directory = makeRealDirectory('quorate-bench-sync-');
  const file = openSync(join(directory, 'file'), 'w');
  try {
    const taken_ms = Array.from({ length: SYNCS }, () => {
      const began_ms = performance.now();
      writeSync(file, BLOCK, 0, BLOCK.length, 0);
      fdatasyncSync(file);
      return performance.now() - began_ms;
    });
    return taken_ms.sort((a, b) => a - b)[SYNCS / 2] ?? 0;
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
}
