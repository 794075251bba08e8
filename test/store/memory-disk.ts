/** A disk in memory for tests that damage every byte: what is written is there, and a fault can be asked for. */
import type { Disk, DiskFile } from '../../store/ports.js';

export interface MemoryDisk extends Disk {
  readonly files: Map<string, Buffer>;
  /** Thrown by the next operation of that kind. */
  fail(operation: 'write' | 'sync' | 'allocate', code: string): void;
  /** What was asked of the disk, in order. */
  readonly journal: string[];
  copy(): MemoryDisk;
}

export function memoryDisk(files = new Map<string, Buffer>()): MemoryDisk {
  const faults = new Map<string, string>();
  const journal: string[] = [];
  const under = (path: string): string[] =>
    [...files.keys()].filter((name) => name === path || name.startsWith(`${path}/`));
  const note = (operation: string, path: string): void => {
    journal.push(`${operation} ${path}`);
    const code = faults.get(operation);
    faults.delete(operation);
    if (code !== undefined) throw Object.assign(new Error(`${code}: injected, ${operation} ${path}`), { code });
  };
  return {
    files,
    journal,
    fail: (operation, code) => void faults.set(operation, code),
    copy: () => memoryDisk(new Map([...files].map(([path, content]) => [path, Buffer.from(content)]))),
    read: async (path) => {
      const content = files.get(path);
      return content === undefined ? undefined : new Uint8Array(content);
    },
    list: async (directory) => {
      const names = under(directory).map((path) => path.slice(directory.length + 1).split('/')[0] as string);
      return [...new Set(names)].sort();
    },
    open: async (path) => {
      if (!files.has(path)) files.set(path, Buffer.alloc(0));
      return openFile(files, path, note);
    },
    makeDirectory: async () => undefined,
    rename: async (from, to) => {
      note('rename', from);
      files.set(to, files.get(from) as Buffer);
      files.delete(from);
    },
    remove: async (path) => {
      note('remove', path);
      for (const name of under(path)) files.delete(name);
    },
    syncDirectory: async (path) => note('syncDirectory', path),
  };
}

function openFile(files: Map<string, Buffer>, path: string, note: (operation: string, path: string) => void): DiskFile {
  const content = (): Buffer => files.get(path) as Buffer;
  const resize = (size: number): void => {
    const resized = Buffer.alloc(size);
    content().copy(resized);
    files.set(path, resized);
  };
  const put = (bytes: Uint8Array, at: number): void => {
    note('write', path);
    if (at + bytes.length > content().length) resize(at + bytes.length);
    content().set(bytes, at);
  };
  return {
    get size() {
      return content().length;
    },
    write: async (bytes, at) => put(bytes, at),
    writeSynced: async (bytes, at) => {
      put(bytes, at);
      note('sync', path);
    },
    allocate: async (size) => {
      note('allocate', path);
      if (size > content().length) resize(size);
    },
    truncate: async (size) => {
      note('truncate', path);
      resize(size);
    },
    sync: async () => note('sync', path),
    close: async () => undefined,
  };
}
