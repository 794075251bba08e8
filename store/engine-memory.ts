/** The engine's twin in memory: ordered, atomic, and crashable, so that a simulation can take what was not synced. */
import SortedBTree from 'sorted-btree';
import { fromLatin1, toLatin1 } from './keys.js';
import type { Engine, EngineFactory, EnginePair, EngineWrite } from './ports.js';

// The package is CommonJS: its class is the `default` of what Node gives as default.
const BTree = SortedBTree.default;
type Tree = SortedBTree.default<string, Uint8Array>;

/** What undoes one unsynced batch: the values that stood there before. */
type Undo = readonly (readonly [key: string, before: Uint8Array | undefined])[];

/** One directory: what is visible, and how to take back the batches that no sync has covered yet, oldest first. */
interface Directory {
  readonly tree: Tree;
  unsynced: Undo[];
  holder: MemoryEngine | null;
}

/** Directories in memory. They outlive the engines opened in them, as files outlive a process. */
export class MemoryEngineFactory implements EngineFactory {
  readonly #directories = new Map<string, Directory>();
  /** Awaited before each write takes effect: a simulation's slow or failing disk. */
  beforeWrite: ((directory: string, sync: boolean) => Promise<void>) | null = null;

  async open(directory: string): Promise<Engine> {
    let files = this.#directories.get(directory);
    if (files === undefined) {
      files = { tree: new BTree<string, Uint8Array>(), unsynced: [], holder: null };
      this.#directories.set(directory, files);
    }
    if (files.holder !== null) throw new Error(`engine directory ${directory} is already open; close it first`);
    const engine = new MemoryEngine(files, (sync) => this.beforeWrite?.(directory, sync));
    files.holder = engine;
    return engine;
  }

  async destroy(directory: string): Promise<void> {
    if (this.#directories.get(directory)?.holder) throw new Error(`engine directory ${directory} is open`);
    this.#directories.delete(directory);
  }

  async list(parent: string): Promise<readonly string[]> {
    const prefix = parent.endsWith('/') ? parent : `${parent}/`;
    const names = [...this.#directories.keys()].filter((path) => path.startsWith(prefix));
    return [...new Set(names.map((path) => path.slice(prefix.length).split('/')[0] ?? ''))].sort();
  }

  /** How many batches of a directory a crash could take now. */
  unsyncedBatches(directory: string): number {
    return this.#directories.get(directory)?.unsynced.length ?? 0;
  }

  /**
   * The power fails: every engine that is open is dead, and of each directory's unsynced batches the last ones are
   * lost. `survive` says how many of them, counted from the oldest, were lucky; none unless it is given.
   */
  crash(survive: (unsynced: number, directory: string) => number = () => 0): void {
    for (const [name, files] of this.#directories) {
      files.holder?.die();
      files.holder = null;
      const kept = Math.max(0, Math.min(files.unsynced.length, survive(files.unsynced.length, name)));
      for (const undo of files.unsynced.slice(kept).reverse()) {
        for (const [key, before] of [...undo].reverse()) {
          if (before === undefined) files.tree.delete(key);
          else files.tree.set(key, before);
        }
      }
      files.unsynced = [];
    }
  }
}

class MemoryEngine implements Engine {
  #dead: string | null = null;

  constructor(
    private readonly files: Directory,
    private readonly beforeWrite: (sync: boolean) => Promise<void> | undefined,
  ) {}

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#mustLive();
    return keys.map((key) => this.files.tree.get(toLatin1(key)));
  }

  async write(batch: readonly EngineWrite[], sync: boolean): Promise<void> {
    this.#mustLive();
    await this.beforeWrite(sync);
    this.#mustLive();
    const undo: [string, Uint8Array | undefined][] = [];
    const { tree } = this.files;
    for (const write of batch) {
      const key = toLatin1(write.key);
      if (!sync) undo.push([key, tree.get(key)]);
      // Copied: what is on a disk does not change with the writer's memory.
      if (write.type === 'put') tree.set(key, write.value.slice());
      else tree.delete(key);
    }
    // A sync covers everything written before it, as a write-ahead log does.
    if (sync) this.files.unsynced = [];
    else this.files.unsynced.push(undo);
  }

  iterate(from: Uint8Array, to: Uint8Array, page_bytes = 64 * 1024): AsyncIterable<readonly EnginePair[]> {
    this.#mustLive();
    // Cloned here, at the call, not at the first page: the tree copies on write.
    return pagesOf(this.files.tree.clone(), toLatin1(from), toLatin1(to), page_bytes, () => this.#mustLive());
  }

  async deleteRange(from: Uint8Array, to: Uint8Array): Promise<void> {
    this.#mustLive();
    const keys = this.files.tree.getRange(toLatin1(from), toLatin1(to)).map(([key]) => key);
    await this.write(
      keys.map((key) => ({ type: 'delete', key: fromLatin1(key) })),
      false,
    );
  }

  async size_bytes(): Promise<number> {
    let bytes = 0;
    this.files.tree.forEachPair((key, value) => void (bytes += key.length + value.length));
    return bytes;
  }

  async close(): Promise<void> {
    if (this.#dead !== null) return;
    this.#dead = 'is closed';
    this.files.holder = null;
  }

  die(): void {
    this.#dead = 'died in a crash';
  }

  #mustLive(): void {
    if (this.#dead !== null) throw new Error(`the engine ${this.#dead}`);
  }
}

async function* pagesOf(
  tree: Tree,
  from: string,
  to: string,
  page_bytes: number,
  mustLive: () => void,
): AsyncIterable<readonly EnginePair[]> {
  let page: EnginePair[] = [];
  let bytes = 0;
  for (const [key, value] of tree.entries(from)) {
    if (key >= to) break;
    page.push([fromLatin1(key), value]);
    bytes += key.length + value.length;
    if (bytes < page_bytes) continue;
    yield page;
    mustLive();
    page = [];
    bytes = 0;
  }
  if (page.length > 0) yield page;
}
