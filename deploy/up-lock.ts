/** One `quorate up` a directory: a file with the number of the process that has it. */
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from './config.js';
import { commandLineOf, isAlive } from './processes.js';

/** Answers with what gives the directory back. */
export async function claimDirectory(directory: string): Promise<() => Promise<void>> {
  const file = join(directory, 'up.pid');
  for (;;) {
    const claimed = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      throw new ConfigError(`--data-dir: ${directory} cannot be written to: ${error.message}`);
    });
    if (claimed !== undefined) {
      await claimed.writeFile(`${process.pid}\n`);
      await claimed.close();
      return () => rm(file, { force: true });
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner !== process.pid && runsUp(owner)) {
      throw new ConfigError(
        `--data-dir: ${directory} is in use by another quorate up (process ${owner}): ` +
          'stop that one, or give another directory',
      );
    }
    await rm(file, { force: true }); // left by one that was killed
  }
}

/** After a restart of the machine the number may be another program's. */
function runsUp(pid: number): boolean {
  return pid > 0 && isAlive(pid) && / up( |$)/.test(commandLineOf(pid));
}
