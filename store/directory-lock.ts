/**
 * Keeps a second process out of a data directory. Each process that wants it listens on a Unix socket of its own in it,
 * and only then looks for the others': of two that start together at least one sees the other, and whoever sees one
 * steps back. The kernel ends a socket with its process, however that died, so a stale one is known by nobody
 * answering, whatever the process ids are by now; a process that is merely stopped still answers.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { DirectoryError } from './ports.js';

export interface DirectoryLock {
  /** Throws when another process, or another part of this one, holds the directory. */
  acquire(): Promise<void>;
  release(): Promise<void>;
}
export const DIRECTORY_LOCK = Symbol('DirectoryLock');

const PREFIX = 'lock.';
/** A socket's address has room for 108 bytes on Linux, 104 elsewhere. */
const ADDRESS_MAX = 100;

/** The directory under a name that is short enough for a socket's address. */
interface Shortened {
  readonly path: string;
  close(): Promise<void>;
}

interface Held {
  readonly server: Server;
  readonly directory: Shortened;
}

export class SocketLock implements DirectoryLock {
  #held: Held | null = null;

  constructor(private readonly directory: string) {}

  async acquire(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const directory = await shorten(this.directory);
    const own = `${PREFIX}${randomUUID()}`;
    try {
      this.#held = { server: await listen(join(directory.path, own)), directory };
    } catch (error) {
      await directory.close();
      throw new DirectoryError(`${this.directory}: cannot make the lock's socket: ${String(error)}`, { cause: error });
    }
    // [safety] Only now, listening itself, does it look for others.
    for (const name of await readdir(this.directory)) {
      if (!name.startsWith(PREFIX) || name === own) continue;
      if (await answers(join(directory.path, name))) {
        await this.release();
        throw new DirectoryError(
          `${this.directory} is in use by another process; one data directory belongs to one running node`,
        );
      }
      await rm(join(this.directory, name), { force: true });
    }
  }

  async release(): Promise<void> {
    const held = this.#held;
    this.#held = null;
    if (held === null) return;
    // Closing removes the socket by its path, so the shortened directory has to last until then.
    await new Promise<void>((resolve) => held.server.close(() => resolve()));
    await held.directory.close();
  }
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => resolve(server));
    server.unref();
  });
}

/** Only a refusal, or no socket at all, says that nobody is there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

async function shorten(directory: string): Promise<Shortened> {
  const name_length = PREFIX.length + 1 + randomUUID().length;
  if (Buffer.byteLength(directory) + name_length <= ADDRESS_MAX)
    return { path: directory, close: () => Promise.resolve() };
  if (platform() !== 'linux') {
    throw new DirectoryError(
      `the path of the data directory, ${directory}, is too long for its lock; ` +
        `at most ${ADDRESS_MAX - name_length} bytes`,
    );
  }
  const handle = await open(directory, 'r');
  return { path: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
}
