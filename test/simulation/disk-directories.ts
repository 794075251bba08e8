/** The directories of the simulated disk: names, and which of their changes a power loss may take back. */
import type { Chance } from './chance.js';
import type { Inode } from './disk-file.js';

type Names = Map<string, Inode | 'directory'>;

/** A change of names, by the directory (or, for a rename, the directories) whose sync makes it durable. */
interface NameChange {
  readonly parents: Set<string>;
  apply(names: Names): void;
}

export interface Directories {
  find(path: string): Inode | undefined;
  list(directory: string): readonly string[];
  link(path: string, inode: Inode): void;
  /** Durable at once. */
  make(path: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  sync(directory: string): void;
  /** Takes back what chance takes back, and gives the files that are still there. */
  losePower(chance: Chance): Iterable<Inode>;
}

const parentOf = (path: string): string => path.split('/').slice(0, -1).join('/');
const clean = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

export function createDirectories(): Directories {
  let now: Names = new Map();
  let kept: Names = new Map();
  let unsynced: NameChange[] = [];
  const change = (parents: readonly string[], apply: (names: Names) => void): void => {
    apply(now);
    unsynced.push({ parents: new Set(parents), apply });
  };
  return {
    find(path) {
      const found = now.get(clean(path));
      return found === 'directory' ? undefined : found;
    },
    list(directory) {
      const wanted = clean(directory);
      return [...now.keys()]
        .filter((path) => path !== '' && parentOf(path) === wanted)
        .map((path) => path.slice(wanted === '' ? 0 : wanted.length + 1))
        .sort();
    },
    link(path, inode) {
      const parent = parentOf(clean(path));
      if (parent !== '' && !now.has(parent))
        throw Object.assign(new Error(`ENOENT: open '${path}'`), { code: 'ENOENT' });
      change([parentOf(clean(path))], (names) => names.set(clean(path), inode));
    },
    make(path) {
      const parts = clean(path).split('/');
      for (let depth = 1; depth <= parts.length; depth++) {
        const directory = parts.slice(0, depth).join('/');
        if (directory === '' || now.has(directory)) continue;
        now.set(directory, 'directory');
        kept.set(directory, 'directory');
      }
    },
    rename(from, to) {
      const [source, target] = [clean(from), clean(to)];
      if (!now.has(source)) throw Object.assign(new Error(`ENOENT: rename '${from}'`), { code: 'ENOENT' });
      change([parentOf(source), parentOf(target)], (names) => move(names, source, target));
    },
    remove(path) {
      const gone = clean(path);
      change([parentOf(gone)], (names) => removeBelow(names, gone));
    },
    sync(directory) {
      const synced = clean(directory);
      const waiting: NameChange[] = [];
      for (const item of unsynced) {
        item.parents.delete(synced);
        if (item.parents.size === 0) item.apply(kept);
        else waiting.push(item);
      }
      unsynced = waiting;
    },
    losePower(chance) {
      const odds = chance.pick([0, 0.5, 1]);
      for (const item of unsynced) if (chance.happens(odds)) item.apply(kept);
      unsynced = [];
      // A name whose directory did not survive is not reachable any more.
      for (const path of [...kept.keys()].sort()) {
        if (parentOf(path) !== '' && !kept.has(parentOf(path))) kept.delete(path);
      }
      now = new Map(kept);
      kept = new Map(kept);
      return new Set([...now.values()].filter((found): found is Inode => found !== 'directory'));
    },
  };
}

function move(names: Names, source: string, target: string): void {
  for (const [path, found] of [...names]) {
    if (path !== source && !path.startsWith(`${source}/`)) continue;
    names.delete(path);
    names.set(target + path.slice(source.length), found);
  }
}

function removeBelow(names: Names, gone: string): void {
  for (const path of [...names.keys()]) if (path === gone || path.startsWith(`${gone}/`)) names.delete(path);
}
