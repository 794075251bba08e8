/** The room that applies: decides committed entries and lets the answers leave; `state` writes what was decided. */
import { gatherMachine, writer } from '../machines/gather.machine.js';
import { limits } from '../machines/language/limits.js';
import type { Entry, SnapshotMark } from '../machines/language/vocabulary.js';
import type { Decided, KvStore, SnapshotStore, Written } from '../store/ports.js';
import { countDecided } from './counts.js';
import { post, type ApplyJob } from './mail.js';
import type { Vitals } from './ports.js';
import { timed } from './timed.js';

/** Each job holds at least one committed entry; raft's bound on uncommitted bytes bounds them. */
export const APPLY_JOBS_MAX = 1_000_000;

/** Lets `apply` wait for `state`: when too much is decided and not yet written, and before the state is switched. */
export interface Pace {
  nextWrite(): Promise<void>;
  /** Another batch is decided and waits for its write. */
  ordered(): void;
  /** So many of them are written. */
  written(batches: number): void;
  /** No write is under way, and nothing that is decided waits for one. */
  allWritten(): Promise<void>;
}

export function createPace(): Pace {
  let waiting: (() => void)[] = [];
  let open = 0;
  const nextWrite = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  return {
    nextWrite,
    ordered: () => void open++,
    allWritten: async () => {
      while (open > 0) await nextWrite();
    },
    written: (batches) => {
      open -= batches;
      const ready = waiting;
      waiting = [];
      for (const resolve of ready) resolve();
    },
  };
}

/** What one turn of the room came to. */
export interface Applied {
  readonly decided: readonly Decided[];
  readonly switched: SnapshotMark | null;
}

/** [safety] Entries reach this room committed and durable in this node's own log: the state never runs ahead of it. */
export const applyRoom = (kv: KvStore, snapshots: SnapshotStore, pace: Pace, vitals: Vitals) =>
  gatherMachine<ApplyJob, Applied>().provide({
    actors: {
      writer: writer(async (jobs: readonly ApplyJob[]): Promise<Applied> => {
        const decided: Decided[] = [];
        let switched: SnapshotMark | null = null;
        let entries: Entry[] = [];
        const decide = async (): Promise<void> => {
          while (kv.undecided_bytes > limits.undecided_bytes_max) await pace.nextWrite();
          if (entries.length > 0) {
            for (const entry of await timed(vitals, 'apply', () => kv.decide(entries))) decided.push(entry);
          }
          entries = [];
        };
        for (const job of jobs) {
          if (job.type === 'apply') {
            for (const entry of job.entries) entries.push(entry);
            continue;
          }
          await decide();
          // [safety] A write ordered for the old state must not meet the new one: it would tell raft of the new state's
          // index.
          await pace.allWritten();
          await kv.switchTo(job.stateDirectory);
          await snapshots.sweep(job.stateDirectory);
          switched = job.mark;
        }
        await decide();
        return { decided, switched };
      }),
    },
    actions: {
      written: ({ system }, { outcome: { decided, switched } }) => {
        if (switched) {
          const written: Written = { applied: switched.index, revision: kv.status.revision, events: [] };
          post(system, 'raft', { type: 'snapshot.installed', mark: switched });
          post(system, 'requests', { type: 'written', written });
          post(system, 'watchHub', { type: 'switched', written });
        }
        if (decided.length === 0) return;
        countDecided(vitals.counts, decided);
        // The answers leave once the outcome is decided; the store's own write is off their path.
        // The lessor hears of a lease before whoever was granted it can renew it.
        const leases = decided.flatMap((entry) => entry.leases);
        post(system, 'leaseTicker', { type: 'decided', term: (decided.at(-1) as Decided).term, leases });
        const last = decided.at(-1);
        if (last !== undefined) post(system, 'watchHub', { type: 'decided', index: last.index });
        post(system, 'requests', { type: 'decided', decided });
        pace.ordered();
        post(system, 'state', { type: 'decided', undecided_bytes: kv.undecided_bytes });
      },
    },
  });
