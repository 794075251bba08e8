/** The rooms around a bare raft machine: a log with group commit, and a state that is one number. */
import {
  index,
  type EffectOf,
  type Entry,
  type Letter,
  type RaftEvent,
  type SnapshotMark,
} from '../../machines/language/vocabulary.js';
import { SimulationFailure } from './failure.js';
import type { Life } from './life.js';
import type { Batch } from './raft-log.js';
import type { RaftDisk, RaftPorts } from './raft-node.js';

type LogJob = EffectOf<'persist'> | EffectOf<'trimLog'> | { readonly type: 'install'; readonly mark: SnapshotMark };

interface LogRoom {
  add(job: LogJob): void;
  end(): void;
}

/** Group commit: what comes while a write is on its way goes into the next one; promises leave when it has ended. */
export function createLogRoom(
  disk: RaftDisk,
  ports: RaftPorts,
  life: Life,
  out: { tell(event: RaftEvent): void; deliver(letter: Letter): void },
): LogRoom {
  const { world, checks } = ports;
  const waiting: LogJob[] = [];
  let writing: readonly EffectOf<'persist'>[] = [];

  const keep = (job: Batch): void => {
    checks.keeping(disk, job.entries);
    disk.log.write(job);
  };
  const next = (): void => {
    if (writing.length > 0) return;
    while (waiting[0] !== undefined && waiting[0].type !== 'persist') structural(waiting.shift() as LogJob);
    const end = waiting.findIndex((job) => job.type !== 'persist');
    writing = waiting.splice(0, end < 0 ? waiting.length : end).filter((job) => job.type === 'persist');
    if (writing.length === 0) return;
    life.reachAfter(ports.duration('log'), () => {
      const written = writing;
      writing = [];
      written.forEach(keep);
      for (const job of written) job.then.forEach((letter) => out.deliver(letter));
      next();
    });
  };
  const structural = (job: LogJob): void => {
    if (job.type === 'trimLog') {
      checks.trimming(disk, disk.state.index, job.mark.index);
      disk.log.trim(job.mark);
    }
    if (job.type !== 'install') return;
    if (job.mark.index <= Math.max(disk.state.index, disk.log.hardState.commit)) {
      return out.tell({ type: 'snapshot.failed', index: job.mark.index, reason: 'late' });
    }
    disk.log.install(job.mark);
    disk.state = job.mark;
    out.tell({ type: 'snapshot.installed', mark: job.mark });
  };
  return {
    add(job) {
      waiting.push(job);
      next();
    },
    end() {
      // What was on its way to the disk may be there, up to any point.
      const survived = world.chance.below(0, writing.length + 1);
      writing.slice(0, survived).forEach(keep);
    },
  };
}

interface StateRoom {
  apply(entries: readonly Entry[]): void;
  whenApplied(at: number, fn: () => void): void;
}

export function createStateRoom(
  disk: RaftDisk,
  ports: RaftPorts,
  life: Life,
  tell: (event: RaftEvent) => void,
): StateRoom {
  const waiting: Entry[] = [];
  let readers: { at: number; fn: () => void }[] = [];
  let busy = false;

  const next = (): void => {
    if (busy || waiting.length === 0) return;
    busy = true;
    life.reachAfter(ports.duration('state'), () => {
      const entries = waiting.splice(0).filter((entry) => entry.index > disk.state.index);
      busy = false;
      write(entries);
      next();
    });
  };
  const write = (entries: readonly Entry[]): void => {
    ports.checks.applied(disk, entries);
    for (const entry of entries) {
      if (entry.index !== disk.state.index + 1) {
        throw new SimulationFailure('entries are applied in order', { by: disk.id, at: disk.state.index, entry });
      }
      const { configuration } = entry.kind === 'configuration' ? entry : disk.state;
      disk.state = { index: entry.index, term: entry.term, configuration };
    }
    ports.watch.applied(disk.id, entries);
    tell({ type: 'applied', index: index(disk.state.index) });
    for (const { fn } of readers.filter(({ at }) => at <= disk.state.index)) fn();
    readers = readers.filter(({ at }) => at > disk.state.index);
  };
  return {
    apply(entries) {
      waiting.push(...entries);
      next();
    },
    whenApplied(at, fn) {
      if (at <= disk.state.index) fn();
      else readers.push({ at, fn });
    },
  };
}
