/** The disk as it is: files below one data directory, through node's file system. */
import 'reflect-metadata';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { constants, write } from 'node:fs';
import { platform } from 'node:os';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { inject, Lifecycle, scoped } from 'tsyringe';
import { DATA_DIRECTORY, type Disk, type DiskFile } from './ports.js';

const ZEROS = new Uint8Array(1024 * 1024);

@scoped(Lifecycle.ContainerScoped)
export class FileDisk implements Disk {
  constructor(@inject(DATA_DIRECTORY) private readonly root: string) {}

  async read(path: string): Promise<Uint8Array | undefined> {
    try {
      const content = await readFile(this.#place(path));
      return new Uint8Array(content.buffer, content.byteOffset, content.length);
    } catch (error) {
      return absent(error, undefined);
    }
  }

  async list(directory: string): Promise<readonly string[]> {
    try {
      return (await readdir(this.#place(directory))).sort();
    } catch (error) {
      return absent(error, []);
    }
  }

  async open(path: string): Promise<DiskFile> {
    const place = this.#place(path);
    const handle = await open(place, constants.O_RDWR | constants.O_CREAT, 0o600);
    return new HandleFile(place, handle, (await handle.stat()).size);
  }

  /**
   * [safety] Each directory that is made, the data directory itself included, is durable before this resolves: the sync
   * of a file in it says nothing about the names that lead there.
   */
  async makeDirectory(path: string): Promise<void> {
    const place = this.#place(path);
    const first = await mkdir(place, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = place; made.length >= first.length; made = dirname(made)) await syncPlace(dirname(made));
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.#place(from), this.#place(to));
  }

  async remove(path: string): Promise<void> {
    await rm(this.#place(path), { recursive: true, force: true });
  }

  async syncDirectory(path: string): Promise<void> {
    await syncPlace(this.#place(path));
  }

  #place(path: string): string {
    return resolve(this.root, path);
  }
}

/** Linux alone: elsewhere O_DSYNC does not reach through the drive's own cache, and fdatasync does. */
const WRITES_THROUGH = platform() === 'linux';
const writeTo = promisify(write);

class HandleFile implements DiskFile {
  /** The file once more, opened so that a write returns when it is durable: one trip to the disk in place of two. */
  #through: FileHandle | null = null;

  constructor(
    private readonly place: string,
    private readonly handle: FileHandle,
    public size: number,
  ) {}

  async write(bytes: Uint8Array, at: number): Promise<void> {
    await this.#writeBy(this.handle, bytes, at);
  }

  async writeSynced(bytes: Uint8Array, at: number): Promise<void> {
    if (WRITES_THROUGH) {
      this.#through ??= await open(this.place, constants.O_WRONLY | constants.O_DSYNC);
      return this.#writeBy(this.#through, bytes, at);
    }
    await this.write(bytes, at);
    await this.sync();
  }

  async #writeBy(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await writeTo(handle.fd, bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
    this.size = Math.max(this.size, at + bytes.length);
  }

  /** Zeros are written, not promised: a hole would cost each later sync a change of metadata. */
  async allocate(size: number): Promise<void> {
    while (this.size < size) await this.write(ZEROS.subarray(0, Math.min(ZEROS.length, size - this.size)), this.size);
  }

  async truncate(size: number): Promise<void> {
    await this.handle.truncate(size);
    this.size = size;
  }

  async sync(): Promise<void> {
    await this.handle.datasync();
  }

  async close(): Promise<void> {
    await this.#through?.close();
    await this.handle.close();
  }
}

async function syncPlace(place: string): Promise<void> {
  const handle = await open(place, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function absent<T>(error: unknown, instead: T): T {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return instead;
  throw error;
}
