/** A member of the whole cluster as raft's checks see it: its log as durable as it says, and what leaves it. */
import type { Entry, HardState, Index, LogView, MemberId, ReadId } from '../../machines/language/vocabulary.js';
import { index, term } from '../../machines/language/vocabulary.js';
import type { NodePorts } from '../../actors/ports.js';
import type { LogState } from '../../store/ports.js';
import type { RaftChecks, Witness } from './raft-checks.js';
import { must } from './failure.js';
import { replace } from './truth.js';

export interface ClusterWitness extends Witness {
  /** The ports of one life, watched. `judge` runs a check and keeps what it found. */
  watch(ports: NodePorts, checks: RaftChecks, judge: (check: () => void) => void): NodePorts;
  /** A read that this life asked its leader about has got its index. */
  readAnswered(id: ReadId, at: Index): void;
}

const nowhere: LogView & { readonly hardState: HardState } = {
  start: { index: index(0), term: term(0), configuration: { voters: [], learners: [] } },
  last: index(0),
  bytes: 0,
  termAt: (at) => (at === 0 ? term(0) : undefined),
  slice: () => [],
  hardState: { term: term(0), vote: null, commit: index(0) },
};

export function createClusterWitness(): ClusterWitness {
  let id = 0n as MemberId;
  /** The view of the last life that got as far as reading its log; it outlives that life. */
  let log = nowhere;
  let applied: Index = index(0);
  /** What was committed when a read of this life was asked of the leader. */
  let asked = new Map<ReadId, number>();

  const witness: ClusterWitness = {
    get id() {
      return id;
    },
    get log() {
      return log;
    },
    readAnswered(read, at) {
      const committedWhenAsked = asked.get(read);
      if (committedWhenAsked === undefined) return;
      asked.delete(read);
      const facts = { by: id, read, index: at, committedWhenAsked };
      must(at >= committedWhenAsked, 'a read sees every write that was acknowledged before it', facts);
    },
    watch(ports, checks, judge) {
      asked = new Map();
      let { hardState } = log;
      const opened = (state: LogState): LogState => {
        hardState = state.hardState;
        log = viewOf(ports.log, () => hardState);
        return state;
      };
      const keeping = (entries: readonly Entry[]): void => judge(() => checks.keeping(witness, entries));
      const identity = replace(ports.identity, {
        open: async (name, cluster_name) => {
          const found = await ports.identity.open(name, cluster_name);
          id = found.member_id;
          return found;
        },
      });
      const watchedLog = replace(ports.log, {
        open: async () => {
          const state = opened(await ports.log.open());
          judge(() => checks.started(witness));
          return state;
        },
        bear: async (birth) => opened(await ports.log.bear(birth)),
        write: async (batch) => {
          keeping(batch.entries);
          await ports.log.write(batch);
          hardState = batch.hardState;
        },
        trim: (mark) => {
          judge(() => checks.trimming(witness, applied, mark.index));
          return ports.log.trim(mark);
        },
      });
      const noteApplied = <T extends { readonly applied: Index }>(state: T): T => {
        applied = state.applied;
        return state;
      };
      const kv = replace(ports.kv, {
        open: async (directory) => noteApplied(await ports.kv.open(directory)),
        reset: async (directory) => noteApplied(await ports.kv.reset(directory)),
        switchTo: async (directory) => noteApplied(await ports.kv.switchTo(directory)),
        write: async () => noteApplied(await ports.kv.write()),
      });
      const peers = replace(ports.peers, {
        send: (letters) => {
          for (const { to, message } of letters) {
            judge(() => checks.letterLeaves(witness, to, message));
            if (message.type === 'readIndex.asked') asked.set(message.id, checks.committed);
          }
          ports.peers.send(letters);
        },
      });
      return { ...ports, identity, log: watchedLog, kv, peers };
    },
  };
  return witness;
}

const viewOf = (log: LogView, hardState: () => HardState): LogView & { readonly hardState: HardState } =>
  replace(log as LogView & { readonly hardState: HardState }, {
    get hardState() {
      return hardState();
    },
  });
