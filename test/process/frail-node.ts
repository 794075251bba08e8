/**
 * `quorate serve` on a disk that does as it is told through the process's channel: `stall`, `resume`, or `fail`. Run as
 * a program of its own.
 */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { composeNode } from '../../deploy/container.js';
import { exitCodeOf } from '../../deploy/exit-codes.js';
import { serveOptions } from '../../deploy/node-options.js';
import { errorText } from '../../deploy/observe.js';
import { serve } from '../../deploy/serve.js';
import { FileDisk } from '../../store/disk-files.js';
import { DATA_DIRECTORY, DISK, type Disk, type DiskFile } from '../../store/ports.js';

export type DiskOrder = 'stall' | 'resume' | 'fail';

/** What every use of an open file waits for. */
let ready = Promise.resolve();
let goOn = (): void => undefined;
let failing = false;

process.on('message', (order: DiskOrder) => {
  if (order === 'stall') ready = new Promise((resolve) => (goOn = resolve));
  if (order === 'resume') goOn();
  if (order === 'fail') failing = true;
});

/** The same file, obedient. Whatever its methods are called, all of them but `close` use the disk. */
const obedient = (file: DiskFile): DiskFile =>
  new Proxy(file, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...given: unknown[]): Promise<unknown> => {
        await ready;
        if (failing && name !== 'close')
          throw Object.assign(new Error('EIO: i/o error, told to fail'), { code: 'EIO' });
        return Reflect.apply(member, target, given);
      };
    },
  });

function obedientDisk(disk: Disk): Disk {
  const open = async (path: string) => obedient(await disk.open(path));
  return new Proxy(disk, {
    get: (target, name: keyof Disk) => (name === 'open' ? open : target[name].bind(target)),
  });
}

const options = Object.fromEntries(Object.keys(serveOptions).map((flag) => [flag, { type: 'string' as const }]));
const { values } = parseArgs({ args: process.argv.slice(3), options });
try {
  const flags = values as Record<string, string | undefined>;
  process.exitCode = await serve({ flags, environment: {} }, (place) =>
    composeNode(place, (node) => {
      node.register(DISK, { useFactory: (from) => obedientDisk(new FileDisk(from.resolve(DATA_DIRECTORY))) });
    }),
  );
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
process.exit();
