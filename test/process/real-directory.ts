/** Directories for tests of durability: on a disk, because what is in memory proves nothing about one. */
import { mkdirSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
const magicOfMemory = new Set([0x01021994, 0x858458f6]); // tmpfs, ramfs

/** A new directory below the system's temporary one, or the project's where that one is in memory. */
export function makeRealDirectory(prefix: string): string {
  const candidates = [tmpdir(), join(projectRoot, '.cache')];
  for (const candidate of candidates) {
    mkdirSync(candidate, { recursive: true });
    if (!magicOfMemory.has(statfsSync(candidate).type)) return mkdtempSync(join(candidate, prefix));
  }
  throw new Error(`no directory on a disk: ${candidates.join(' and ')} are in memory`);
}
