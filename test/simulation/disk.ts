/**
 * A disk that forgets as real ones do: a power loss keeps, of each file apart, any subset of the unsynced writes, and
 * of each directory any subset of the unsynced entries; a kill keeps all that was handed over. It can be slow, full or
 * broken.
 */
import type { Disk, DiskFile } from '../../store/ports.js';
import {
  type Change,
  contentOf,
  createInode,
  forget,
  handOver,
  type Inode,
  keep,
  losePower as losePowerOf,
  mark,
  torn,
} from './disk-file.js';
import { createDirectories, type Directories } from './disk-directories.js';
import type { Life } from './life.js';
import type { World } from './world.js';

export interface SimulatedDisk {
  /** The disk as one life of the node sees it. */
  mount(life: Life): Disk;
  /** The process is gone: what was handed over stays, what was on the way may arrive in part. */
  kill(): void;
  losePower(): void;
  /** The time, and the trouble, of a write by something that keeps its bytes elsewhere (the engine). */
  wait(life: Life, sync: boolean): Promise<void>;
  /** Usual duration of an operation, and how often it takes very much longer. */
  pace: { write_ms: number; sync_ms: number; stall: number; stall_ms: number };
  full: boolean;
  /** The next sync fails. */
  broken: boolean;
  /** How many syncs have succeeded. */
  readonly syncs: number;
}

/** What all operations share. */
interface Device {
  readonly world: World;
  readonly settings: SimulatedDisk;
  readonly directories: Directories;
  readonly inFlight: Set<() => void>;
  free_ms: number;
  syncs: number;
}

export function createDisk(world: World): SimulatedDisk {
  const directories = createDirectories();
  const inFlight = new Set<() => void>();
  const settings: SimulatedDisk = {
    pace: { write_ms: 0.03, sync_ms: 0.3, stall: 0, stall_ms: 0 },
    full: false,
    broken: false,
    get syncs() {
      return device.syncs;
    },
    mount: (life) => mount(device, life),
    kill() {
      for (const land of inFlight) land();
      inFlight.clear();
      device.free_ms = 0;
    },
    wait: (life, sync) =>
      operate(device, life, sync ? settings.pace.sync_ms : settings.pace.write_ms, () =>
        refuseWhenFull(settings, 'write', 'engine'),
      ),
    losePower() {
      settings.kill();
      for (const inode of directories.losePower(world.chance)) losePowerOf(inode, world.chance);
    },
  };
  const device: Device = { world, settings, directories, inFlight, free_ms: 0, syncs: 0 };
  return settings;
}

/**
 * One operation: waits for the device, takes its time, happens, and tells the life that asked, if it is still there.
 */
function operate<T>(device: Device, life: Life, usual_ms: number, happen: () => T, land?: () => void): Promise<T> {
  const { world, settings, inFlight } = device;
  const stalled = settings.pace.stall > 0 && world.chance.happens(settings.pace.stall);
  const took_ms = stalled ? settings.pace.stall_ms * (0.5 + world.chance.fraction()) : usual_ms;
  device.free_ms = Math.max(device.free_ms, world.now_ms()) + took_ms * (0.5 + world.chance.fraction());
  if (land !== undefined) inFlight.add(land);
  return new Promise<T>((resolve, reject) => {
    world.after(device.free_ms - world.now_ms(), () => {
      if (life.state === 'over') return;
      if (land !== undefined) inFlight.delete(land);
      try {
        const result = happen();
        life.reach(() => resolve(result));
      } catch (error) {
        life.reach(() => reject(error instanceof Error ? error : new Error(String(error))));
      }
    });
  });
}

function mount(device: Device, life: Life): Disk {
  const { directories, settings } = device;
  const quick = <T>(happen: () => T): Promise<T> => operate(device, life, settings.pace.write_ms, happen);
  return {
    read: (path) =>
      quick(() => {
        const inode = directories.find(path);
        return inode === undefined ? undefined : contentOf(inode);
      }),
    list: (directory) => quick(() => directories.list(directory)),
    open: (path) =>
      quick(() => {
        let inode = directories.find(path);
        if (inode === undefined) {
          refuseWhenFull(settings, 'open', path);
          inode = createInode();
          directories.link(path, inode);
        }
        return openFile(device, life, inode, path);
      }),
    makeDirectory: (path) => operate(device, life, settings.pace.sync_ms, () => directories.make(path)),
    rename: (from, to) => quick(() => directories.rename(from, to)),
    remove: (path) => quick(() => directories.remove(path)),
    syncDirectory: (path) => operate(device, life, settings.pace.sync_ms, () => directories.sync(path)),
  };
}

function openFile(device: Device, life: Life, inode: Inode, path: string): DiskFile {
  const { world, settings } = device;
  const change = (what: Change): Promise<void> =>
    operate(
      device,
      life,
      settings.pace.write_ms,
      () => {
        if (what.type === 'write' || what.size > inode.now.size) refuseWhenFull(settings, 'write', path);
        handOver(inode, what);
      },
      () => {
        // The process died while this was on its way into the kernel.
        if (world.chance.happens(0.5)) handOver(inode, world.chance.happens(0.5) ? what : torn(what, world.chance));
      },
    );
  // The bytes as they are now: the caller may use its buffer again.
  const write = (bytes: Uint8Array, at: number): Promise<void> => change({ type: 'write', bytes: bytes.slice(), at });
  const sync = (): Promise<void> => {
    const covered = mark(inode);
    return operate(device, life, settings.pace.sync_ms, () => {
      if (settings.broken) {
        settings.broken = false;
        forget(inode, covered);
        throw diskError('EIO', 'fdatasync', path);
      }
      device.syncs++;
      world.note('sync', keep(inode, covered));
    });
  };
  return {
    get size() {
      return inode.now.size;
    },
    write,
    writeSynced: async (bytes, at) => {
      await write(bytes, at);
      await sync();
    },
    allocate: (size) => (size > inode.now.size ? change({ type: 'resize', size }) : Promise.resolve()),
    truncate: (size) => change({ type: 'resize', size }),
    sync,
    close: () => Promise.resolve(),
  };
}

function refuseWhenFull(settings: SimulatedDisk, call: string, path: string): void {
  if (settings.full) throw diskError('ENOSPC', call, path);
}

function diskError(code: 'ENOSPC' | 'EIO', call: string, path: string): Error {
  const text = code === 'EIO' ? 'i/o error' : 'no space left on device';
  return Object.assign(new Error(`${code}: ${text}, ${call} '${path}'`), { code, syscall: call });
}
