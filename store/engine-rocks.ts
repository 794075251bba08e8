/** The engine on disk: RocksDB. The only file that imports the binding, and the one place that knows its traps. */
import 'reflect-metadata';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import rocksdb from 'rocksdb';
import { inject, Lifecycle, scoped } from 'tsyringe';
import { asBuffer } from './keys.js';
import {
  DATA_DIRECTORY,
  DamagedError,
  DiskError,
  type Engine,
  type EngineFactory,
  type EnginePair,
  type EngineWrite,
} from './ports.js';

const KiB = 1024;
const MiB = 1024 * KiB;

const openOptions = {
  createIfMissing: true,
  // Keys and values are small and often compressed by whoever wrote them; the processor is the scarcer good.
  compression: false,
  cacheSize: 64 * MiB,
  writeBufferSize: 64 * MiB,
  maxFileSize: 32 * MiB,
  blockSize: 8 * KiB,
  maxOpenFiles: 1000,
};

type Callback<T> = (error: Error | null | undefined, value: T) => void;

/** What we use of the binding; its published types leave some of it out, and say `any` in places. */
interface Database {
  open(options: typeof openOptions, callback: Callback<void>): void;
  close(callback: Callback<void>): void;
  getMany(keys: readonly Buffer[], callback: Callback<readonly (Buffer | undefined)[]>): void;
  batch(): ChainedBatch;
  iterator(options: { gte: Buffer; lt: Buffer; highWaterMark: number }): Iterator;
  /** Deletes in unsynced batches of its own. */
  clear(range: { gte: Buffer; lt: Buffer }, callback: Callback<void>): void;
  getProperty(name: string): string;
}
interface ChainedBatch {
  put(key: Buffer, value: Buffer): unknown;
  del(key: Buffer): unknown;
  write(options: { sync: boolean }, callback: Callback<void>): void;
}
interface Iterator {
  next(callback: (error: Error | null | undefined, key?: Buffer, value?: Buffer) => void): void;
  end(callback: Callback<void>): void;
  /** The pairs that the binding fetched at once and has not handed out, last first: value, key, value, key. */
  readonly cache: Buffer[] | null;
}
const openDatabase = rocksdb as unknown as (path: string) => Database;

/** As a promise, with the disk's own errors told apart. */
function call<T>(operation: string, start: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(asDiskError(operation, error)) : resolve(value)));
  });
}

/**
 * The binding gives RocksDB's text only: "IO error: No space left on device: …", "Corruption: block checksum mismatch".
 */
function asDiskError(operation: string, error: Error): Error {
  if (/^corruption/i.test(error.message)) {
    return new DamagedError(`rocksdb: ${operation}: ${error.message}`, { cause: error });
  }
  if (!/no space left|io error|disk quota/i.test(error.message)) return error;
  const full = /no space left|disk quota/i.test(error.message);
  const wrapped = new DiskError(`rocksdb: ${operation}: ${error.message}`, { cause: error });
  return Object.assign(wrapped, { code: full ? 'ENOSPC' : 'EIO' });
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Engines in directories below the data directory. */
@scoped(Lifecycle.ContainerScoped)
export class RocksEngineFactory implements EngineFactory {
  constructor(@inject(DATA_DIRECTORY) private readonly root: string) {}

  async open(directory: string): Promise<Engine> {
    const path = join(this.root, directory);
    await mkdir(path, { recursive: true });
    const db = openDatabase(path);
    await call<void>('open', (callback) => db.open(openOptions, callback));
    return new RocksEngine(db);
  }

  async destroy(directory: string): Promise<void> {
    const path = join(this.root, directory);
    // Renamed first: a crash in the middle of the removal leaves no half a database under the name.
    const leaving = `${path}.gone`;
    await rm(leaving, { recursive: true, force: true });
    await rename(path, leaving).catch(ignoreMissing);
    await rm(leaving, { recursive: true, force: true });
  }

  async list(parent: string): Promise<readonly string[]> {
    const path = join(this.root, parent);
    const entries = await readdir(path, { withFileTypes: true }).catch(ignoreMissing);
    return (entries ?? [])
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }
}

class RocksEngine implements Engine {
  #closing: Promise<void> | null = null;

  constructor(private readonly db: Database) {}

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#mustBeOpen();
    if (keys.length === 0) return [];
    return call<readonly (Buffer | undefined)[]>('get', (callback) => this.db.getMany(keys.map(asBuffer), callback));
  }

  async write(batch: readonly EngineWrite[], sync: boolean): Promise<void> {
    this.#mustBeOpen();
    if (batch.length === 0 && !sync) return;
    // [safety] Wrapped as Buffers over the same memory: the binding stores a plain Uint8Array as its text.
    const chained = this.db.batch();
    for (const write of batch) {
      if (write.type === 'put') chained.put(asBuffer(write.key), asBuffer(write.value));
      else chained.del(asBuffer(write.key));
    }
    await call<void>('write', (callback) => chained.write({ sync }, callback));
  }

  iterate(from: Uint8Array, to: Uint8Array, page_bytes = 64 * KiB): AsyncIterable<readonly EnginePair[]> {
    this.#mustBeOpen();
    // The iterator pins its snapshot here, at the call.
    const iterator = this.db.iterator({ gte: asBuffer(from), lt: asBuffer(to), highWaterMark: page_bytes });
    return pagesOf(iterator);
  }

  async deleteRange(from: Uint8Array, to: Uint8Array): Promise<void> {
    this.#mustBeOpen();
    await call<void>('clear', (callback) => this.db.clear({ gte: asBuffer(from), lt: asBuffer(to) }, callback));
  }

  async size_bytes(): Promise<number> {
    this.#mustBeOpen();
    const files = Number(this.db.getProperty('rocksdb.total-sst-files-size'));
    const memory = Number(this.db.getProperty('rocksdb.cur-size-all-mem-tables'));
    return (Number.isFinite(files) ? files : 0) + (Number.isFinite(memory) ? memory : 0);
  }

  async close(): Promise<void> {
    this.#closing ??= call<void>('close', (callback) => this.db.close(callback));
    await this.#closing;
  }

  #mustBeOpen(): void {
    if (this.#closing !== null) throw new Error('the engine is closed');
  }
}

/** Not a generator: one that nobody began could not be ended, and would pin its snapshot. */
function pagesOf(iterator: Iterator): AsyncIterableIterator<readonly EnginePair[]> {
  let ended = false;
  const end = async (): Promise<{ done: true; value: undefined }> => {
    if (!ended) {
      ended = true;
      await call<void>('end iteration', (callback) => iterator.end(callback));
    }
    return { done: true, value: undefined };
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (ended) return { done: true, value: undefined };
      const first = await call<EnginePair | null>('iterate', (callback) =>
        iterator.next((error, key, value) =>
          callback(error, key === undefined || value === undefined ? null : [key, value]),
        ),
      );
      if (first === null) return end();
      const page: EnginePair[] = [first];
      // One `next` a pair would cost a turn of the event loop each.
      const fetched = iterator.cache ?? [];
      for (let i = fetched.length - 1; i > 0; i -= 2) page.push([fetched[i] as Buffer, fetched[i - 1] as Buffer]);
      fetched.length = 0;
      return { done: false, value: page };
    },
    return: end,
  };
}
