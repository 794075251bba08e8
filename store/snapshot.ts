/**
 * State directories, store/<number>: received snapshots go into new ones, and what is no longer current is swept away.
 */
import 'reflect-metadata';
import { inject, Lifecycle, scoped } from 'tsyringe';
import {
  DamagedError,
  DISK,
  type Disk,
  type Engine,
  ENGINE_FACTORY,
  type EngineFactory,
  type EnginePair,
  type EngineWrite,
  type SnapshotSink,
  type SnapshotStore,
} from './ports.js';
import { StreamReader } from './snapshot-sink.js';

const PARENT = 'store';

@scoped(Lifecycle.ContainerScoped)
export class StateDirectories implements SnapshotStore {
  #unfinished: EngineSink | null = null;

  constructor(
    @inject(DISK) private readonly disk: Disk,
    @inject(ENGINE_FACTORY) private readonly engines: EngineFactory,
  ) {}

  async receive(): Promise<SnapshotSink> {
    await this.#unfinished?.abort();
    const numbers = (await this.engines.list(PARENT)).map(Number).filter(Number.isSafeInteger);
    const directory = `${PARENT}/${Math.max(0, ...numbers) + 1}`;
    await this.disk.makeDirectory(PARENT);
    const sink = new EngineSink(this.disk, this.engines, directory, await this.engines.open(directory));
    this.#unfinished = sink;
    return sink;
  }

  async sweep(currentStateDirectory: string): Promise<void> {
    for (const name of await this.engines.list(PARENT)) {
      const directory = `${PARENT}/${name}`;
      if (directory !== currentStateDirectory) await this.engines.destroy(directory);
    }
  }
}

class EngineSink implements SnapshotSink {
  readonly #reader = new StreamReader();
  /** Whole pairs not yet written: the last of them are written with the sync that covers all. */
  #held: EnginePair[] = [];
  #state: 'receiving' | 'finished' | 'aborted' = 'receiving';

  constructor(
    private readonly disk: Disk,
    private readonly engines: EngineFactory,
    private readonly directory: string,
    private readonly engine: Engine,
  ) {}

  async add(piece: Uint8Array): Promise<void> {
    if (this.#state !== 'receiving') throw new Error(`snapshot: ${this.directory} is ${this.#state} and takes no more`);
    const pairs = this.#reader.add(piece);
    if (pairs.length === 0) return;
    const ready = this.#held;
    this.#held = pairs;
    if (ready.length > 0) await this.engine.write(ready.map(writeOf), false);
  }

  /** [safety] Verified as a whole, and durable with the directory's name, before anyone may make it the current one. */
  async finish(): ReturnType<SnapshotSink['finish']> {
    const { head, finished } = this.#reader;
    if (!finished || head === null) throw new DamagedError('snapshot: the stream ended before its end mark');
    await this.engine.write(this.#held.map(writeOf), true);
    await this.engine.close();
    this.#state = 'finished';
    await this.disk.syncDirectory(PARENT);
    const mark = { index: head.index, term: head.term, configuration: head.configuration };
    return { mark, cluster: head.cluster, stateDirectory: this.directory };
  }

  /** Nothing happens to a finished one: it may be the current state by now. */
  async abort(): Promise<void> {
    if (this.#state !== 'receiving') return;
    this.#state = 'aborted';
    await this.engine.close();
    await this.engines.destroy(this.directory);
  }
}

const writeOf = ([key, value]: EnginePair): EngineWrite => ({ type: 'put', key, value });
