/** Parts of a node, broken, for the variants of the cluster. */
import { decodeCommand, encodeCommand } from '../../machines/language/codec.js';
import type { RequestId } from '../../machines/language/commands.js';
import { errors, QuorateError } from '../../machines/language/errors.js';
import type { ClusterId, SnapshotMark } from '../../machines/language/vocabulary.js';
import type { NodePorts } from '../../actors/ports.js';
import { journalPrefix, requestsPrefix } from '../../store/keys.js';
import { FRAME_HEAD, frameAt, payloadOf } from '../../store/log-frames.js';
import { decodeSegmentHead, LOG_DIRECTORY } from '../../store/log-segments.js';
import type { Decided, Disk, Engine, EngineFactory, EngineWrite, KvStore, LogStore } from '../../store/ports.js';
import type { Answer, Ask, ClientDoor, DoorHandlers } from '../../transport/ports.js';
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

/* ---- the state and its log ------------------------------------------------------------------------------------- */

/** The link with the applied index is written in a batch of its own, ahead of the data. */
export const splitBatches = (engines: EngineFactory): EngineFactory =>
  withEngine(engines, (engine) =>
    replace(engine, {
      write: async (batch, sync) => {
        const isLink = ({ key }: EngineWrite): boolean => key[0] === journalPrefix.charCodeAt(0);
        const links = batch.filter(isLink);
        if (links.length > 0 && links.length < batch.length) await engine.write(links, sync);
        await engine.write(links.length < batch.length ? batch.filter((write) => !isLink(write)) : batch, sync);
      },
    }),
  );

/** The directory of a received state is made current by one record, the log's start moved by another. */
export const installInTwoSteps = (log: LogStore): LogStore =>
  replace(log, {
    install: async (mark, stateDirectory, cluster) => {
      await log.install(log.start, stateDirectory, cluster);
      await log.install(mark, stateDirectory, cluster);
    },
  });

/** From the first broken batch on the log's files read as zeros: what was written after it is not looked for. */
export const holesAreTorn = (disk: Disk): Disk =>
  replace(disk, {
    read: async (path) => {
      const content = await disk.read(path);
      if (content === undefined || !path.startsWith(`${LOG_DIRECTORY}/`)) return content;
      const bytes = Buffer.from(content);
      let at = decodeSegmentHead(bytes, path)?.end ?? bytes.length;
      for (let frame = frameAt(bytes, at); frame !== undefined; frame = frameAt(bytes, at)) {
        if (payloadOf(bytes, at, frame) === undefined) break;
        at += FRAME_HEAD + frame.length;
      }
      return Uint8Array.from(bytes.fill(0, at));
    },
  });

/** The membership is what the state has of it; what the log says after that is not looked at. */
export function membershipOfState(ports: NodePorts): NodePorts {
  let known: SnapshotMark | null = null;
  const look = async <T>(opened: T): Promise<T> => {
    const source = await ports.kv.snapshot(0n as ClusterId, '');
    known = source.mark;
    await source.close();
    return opened;
  };
  return {
    ...ports,
    kv: replace(ports.kv, { open: async (directory) => look(await ports.kv.open(directory)) }),
    log: replace(ports.log, {
      open: async () => {
        const state = await ports.log.open();
        return {
          ...state,
          get configurations() {
            return known === null || known.index === 0 ? state.configurations : [known];
          },
        };
      },
    }),
  };
}

/** A compaction is held against the state before the request is looked up. */
export const stateFirst = (kv: KvStore): KvStore =>
  replace(kv, {
    decide: async (entries) => {
      const { compact_revision, revision } = kv.status;
      const decided = await kv.decide(entries);
      return decided.map((one, i): Decided => {
        const entry = entries[i];
        if (entry?.kind !== 'command') return one;
        const { operation } = decodeCommand(entry.data);
        if (operation.type !== 'compact' || operation.revision > compact_revision) return one;
        return { ...one, decision: { type: 'error', error: 'Compacted', revision } };
      });
    },
  });

/* ---- requests -------------------------------------------------------------------------------------------------- */

const withAsks = (door: ClientDoor, change: (ask: Ask) => Ask): ClientDoor =>
  replace(door, {
    open: (self, handlers) =>
      door.open(self, { ...handlers, asked: (asks) => handlers.asked(asks.map((ask) => change(ask))) }),
  });

const isNotLeader = (answer: Answer): boolean => !answer.ok && answer.error.message === errors.NotLeader.message;

/** "Not leader" is said in words that settle a request. */
export const finalRefusals = (door: ClientDoor): ClientDoor =>
  withAsks(door, (ask) => ({
    ...ask,
    answer: (answer) =>
      ask.answer(
        isNotLeader(answer)
          ? { ok: false, error: new QuorateError('FailedPrecondition', 'quorate: refused, nothing was done') }
          : answer,
      ),
  }));

/** What was refused or lost in one term waits at the door, and is asked again when the member leads again. */
export function askAgainInNextTerm(door: ClientDoor): ClientDoor {
  const held: Ask[] = [];
  let handlers: DoorHandlers | null = null;
  const hold = (ask: Ask): Ask => ({
    ...ask,
    answer: (answer) => {
      const lost = !answer.ok && answer.error.message === errors.LeaderChanged.message;
      if (ask.term !== null && (lost || isNotLeader(answer))) held.push(ask);
      else ask.answer(answer);
    },
  });
  return replace(door, {
    open: (self, given) => {
      handlers = given;
      return door.open(self, { ...given, asked: (asks) => given.asked(asks.map(hold)) });
    },
    lead: (term) => {
      door.lead(term);
      handlers?.asked(held.splice(0).map((ask) => ({ ...ask, term })));
    },
  });
}
