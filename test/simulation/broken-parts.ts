/** Parts of a node, broken, for the variants of the cluster. */
import { decodeCommand, encodeCommand } from '../../machines/language/codec.js';
import type { RequestId } from '../../machines/language/commands.js';
import { QuorateError } from '../../machines/language/errors.js';
import type { NodePorts } from '../../actors/ports.js';
import { requestsPrefix } from '../../store/keys.js';
import { LOG_DIRECTORY } from '../../store/log-segments.js';
import type { Disk, Engine, EngineFactory, KvStore } from '../../store/ports.js';
import type { Ask, ClientDoor } from '../../transport/ports.js';
import { replace } from './truth.js';

/** The log's files are written and never synced. */
export const unsyncedLog = (disk: Disk): Disk =>
  replace(disk, {
    open: async (path) => {
      const file = await disk.open(path);
      if (!path.startsWith(`${LOG_DIRECTORY}/`)) return file;
      return replace(file, { sync: () => Promise.resolve(), writeSynced: (bytes, at) => file.write(bytes, at) });
    },
  });

const withEngine = (engines: EngineFactory, change: (engine: Engine) => Engine): EngineFactory =>
  replace(engines, { open: async (directory) => change(await engines.open(directory)) });

/** Nothing is ever synced. */
export const unsynced = (engines: EngineFactory): EngineFactory =>
  withEngine(engines, (engine) => replace(engine, { write: (batch) => engine.write(batch, false) }));

/** Request records are not written. */
export const forgetRequests = (engines: EngineFactory): EngineFactory =>
  withEngine(engines, (engine) =>
    replace(engine, {
      write: (batch, sync) =>
        engine.write(
          batch.filter((write) => write.key[0] !== requestsPrefix.charCodeAt(0)),
          sync,
        ),
    }),
  );

/** The store sees other request ids than the log holds. */
export const withRequest = (kv: KvStore, change: (id: RequestId) => RequestId | null): KvStore =>
  replace(kv, {
    decide: (entries) =>
      kv.decide(
        entries.map((entry) => {
          if (entry.kind !== 'command') return entry;
          const command = decodeCommand(entry.data);
          if (command.request === null) return entry;
          return { ...entry, data: encodeCommand({ ...command, request: change(command.request) }) };
        }),
      ),
  });

/** Serializable ranges go straight to the store. */
export function answerLocally({ door, kv }: NodePorts): ClientDoor {
  const answered = (ask: Ask): boolean => {
    const { op, body } = ask.request;
    if (op !== 'kv.range' || !body.serializable) return false;
    kv.range(body).then(
      (result) => {
        const { revision } = result;
        const header = { cluster_id: 0n, member_id: 0n, revision, raft_term: 0, raft_index: 0 };
        ask.answer({ ok: true, header: header as never, result: { op, body: result } });
      },
      (error: unknown) => {
        if (error instanceof QuorateError) ask.answer({ ok: false, error });
        else throw error;
      },
    );
    return true;
  };
  return replace(door, {
    open: (self, handlers) =>
      door.open(self, { ...handlers, asked: (asks) => handlers.asked(asks.filter((ask) => !answered(ask))) }),
  });
}
