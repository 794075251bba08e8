/** identity.json: who lives in a data directory, and how often it has started. */
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { inject, Lifecycle, scoped } from 'tsyringe';
import { fromText, hex16, toText } from '../machines/language/bytes.js';
import { type Epoch, EPOCH_CHANCE, type MemberId } from '../machines/language/vocabulary.js';
import { DIRECTORY_LOCK, type DirectoryLock } from './directory-lock.js';
import {
  DamagedError,
  DirectoryError,
  DISK,
  type Disk,
  DiskError,
  type Identity,
  type IdentityStore,
} from './ports.js';

/** Draws the 64 random bits of a new identity. */
export type DrawId = () => MemberId;
export const DRAW_ID = Symbol('DrawId');
export const drawId: DrawId = () => randomBytes(8).readBigUInt64BE() as MemberId;

const PATH = 'identity.json';
const NEXT = 'identity.json.next';
const FORMAT = 1;

@scoped(Lifecycle.ContainerScoped)
export class FileIdentity implements IdentityStore {
  constructor(
    @inject(DISK) private readonly disk: Disk,
    @inject(DIRECTORY_LOCK) private readonly lock: DirectoryLock,
    @inject(DRAW_ID) private readonly draw: DrawId,
  ) {}

  async open(name: string, cluster_name: string): Promise<Identity> {
    await this.disk.makeDirectory('.').catch((error: unknown) => {
      throw new DirectoryError(`the data directory cannot be made: ${String(error)}`, { cause: error });
    });
    await this.lock.acquire();
    try {
      const found = await this.#read();
      if (found === undefined) await this.#requireFresh();
      else requireSame(found, name, cluster_name);
      const starts = (found?.epoch ?? 0) + 1;
      const identity = {
        format: FORMAT,
        member_id: found?.member_id ?? this.#drawn(),
        name,
        cluster_name,
        epoch: starts as Epoch,
      } as const;
      await this.#keep(identity).catch((error: unknown) => {
        throw new DiskError(`${PATH} cannot be written: ${String(error)}`, { cause: error });
      });
      // [safety] Copies of one directory count alike: chance tells their lives apart, and peers hear the later one.
      const chance = Number(this.draw() % BigInt(EPOCH_CHANCE));
      return { ...identity, epoch: (starts * EPOCH_CHANCE + chance) as Epoch };
    } catch (error) {
      await this.lock.release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.lock.release();
  }

  async #read(): Promise<Identity | undefined> {
    const bytes = await this.disk.read(PATH);
    return bytes === undefined ? undefined : parseIdentity(bytes);
  }

  /**
   * [safety] A log without an identity is one whose identity was lost: a new one would vote a second time in its name.
   */
  async #requireFresh(): Promise<void> {
    const log = await this.disk.list('log');
    if (log.length === 0) return;
    throw new DamagedError(
      `${PATH} is missing, but log/ holds ${log.length} files: restore it, ` +
        `or remove the whole data directory and let the ` +
        'cluster take this node in as a new member',
    );
  }

  #drawn(): MemberId {
    for (;;) {
      const id = this.draw();
      if (id !== 0n) return id;
    }
  }

  /** [safety] The raised epoch is durable before the first frame carries it: no two lives of a node share one. */
  async #keep(identity: Identity): Promise<void> {
    await this.disk.remove(NEXT);
    const file = await this.disk.open(NEXT);
    await file.write(
      fromText(`${JSON.stringify({ ...identity, member_id: hex16(identity.member_id) }, null, 2)}\n`),
      0,
    );
    await file.sync();
    await file.close();
    await this.disk.rename(NEXT, PATH);
    await this.disk.syncDirectory('.');
  }
}

function parseIdentity(bytes: Uint8Array): Identity {
  const value = parseJson(toText(bytes) ?? '');
  const { format, member_id, name, cluster_name, epoch } = value;
  if (typeof format === 'number' && format > FORMAT) {
    throw new DirectoryError(
      `${PATH}: format ${format} is not known to this build, which knows ${FORMAT}; a newer build wrote it`,
    );
  }
  const whole =
    format === FORMAT &&
    typeof member_id === 'string' &&
    /^[0-9a-f]{16}$/.test(member_id) &&
    typeof name === 'string' &&
    typeof cluster_name === 'string' &&
    Number.isSafeInteger(epoch);
  if (!whole) throw new DamagedError(`${PATH} does not hold an identity: ${JSON.stringify(value)}`);
  return { format, member_id: BigInt(`0x${member_id}`) as MemberId, name, cluster_name, epoch: epoch as Epoch };
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch (error) {
    throw new DamagedError(`${PATH} is not JSON: ${String(error)}`, { cause: error });
  }
}

function requireSame(found: Identity, name: string, cluster_name: string): void {
  if (found.name !== name) {
    throw new DirectoryError(
      `this data directory belongs to node ${found.name}, not to ${name}: ` +
        `start it with --name ${found.name}, or give ` +
        `${name} a --data-dir of its own`,
    );
  }
  if (found.cluster_name !== cluster_name) {
    throw new DirectoryError(
      `this data directory belongs to cluster ${found.cluster_name}, not to ${cluster_name}: start it with ` +
        `--cluster-name ${found.cluster_name}, or use another --data-dir`,
    );
  }
}
