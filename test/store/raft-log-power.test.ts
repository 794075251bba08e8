/**
 * The raft log over many lives on the forgetful disk: whatever the power loss or the kill keeps of the write in flight,
 * a reopened log is what was acknowledged, or that and the whole write in flight; and what one life has read stays.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClusterId, index, term } from '../../machines/language/vocabulary.js';
import type { Disk, LogState } from '../../store/ports.js';
import { RaftLog } from '../../store/raft-log.js';
import { type Chance, createChance } from '../simulation/chance.js';
import { createDisk, type SimulatedDisk } from '../simulation/disk.js';
import { createLife, type Life } from '../simulation/life.js';
import { createWorld, type World } from '../simulation/world.js';
import { entry, hardState, held, mark } from './log-support.js';
import { memoryDisk } from './memory-disk.js';

type Shown = Pick<LogState, 'hardState' | 'stateDirectory'>;

/** All that a log remembers, as one text to compare. */
const remembered = (log: RaftLog, { hardState: { term: now }, stateDirectory }: Shown): string =>
  `${now} from ${log.start.index}@${log.start.term} in ${stateDirectory}: ${held(log)}`;

/** Lets virtual time run until `work` has settled, or `steps` things have happened. */
async function settle<T>(
  world: World,
  work: Promise<T>,
  steps = Infinity,
): Promise<{ value: T } | { error: Error } | null> {
  let outcome: { value: T } | { error: Error } | null = null;
  work.then(
    (value) => (outcome = { value }),
    (error: Error) => (outcome = { error }),
  );
  for (let step = 0; ; step++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (outcome !== null || step >= steps) return outcome;
    world.step(world.now_ms() + 1_000);
  }
}

/** Something to do to a log. */
interface Operation {
  run(log: RaftLog): Promise<unknown>;
  /** Changes of what LogState alone shows. */
  readonly term: number | null;
  readonly stateDirectory: string | null;
}

function operationOn(log: RaftLog, chance: Chance, now: { term: number; installed: number }): Operation {
  const { start, last } = log;
  const kind = chance.below(0, 12);
  if (kind === 0 && last > start.index + 2) {
    const at = index(chance.below(start.index + 1, last));
    return { run: (one) => one.trim(mark(at, one.termAt(at) ?? 0)), term: null, stateDirectory: null };
  }
  if (kind === 1) {
    const at = index(start.index + chance.below(1, 12));
    const stateDirectory = `store/${now.installed + 1}`;
    const of = chance.happens(0.5) ? (log.termAt(at) ?? now.term) : now.term;
    return { run: (one) => one.install(mark(at, of), stateDirectory, 5n as ClusterId), term: null, stateDirectory };
  }
  const newTerm = chance.happens(0.2) ? now.term + 1 : now.term;
  const from = chance.happens(0.2) ? chance.below(start.index + 1, last + 2) : last + 1;
  const batch = Array.from({ length: chance.below(0, 6) }, (_, i) =>
    entry(from + i, newTerm, 'x'.repeat(chance.below(0, 300))),
  );
  return {
    run: (one) => one.write({ hardState: hardState(newTerm), entries: batch }),
    term: newTerm,
    stateDirectory: null,
  };
}

async function lives(seed: number): Promise<number> {
  const world = createWorld(seed);
  const disk = createDisk(world);
  const chance = createChance(seed ^ 0x5a5a5a5a);
  const options = { segment_bytes: chance.pick([300, 1_500, 6_000]), allocation_bytes: chance.pick([64, 700, 4_096]) };
  let allowed: string[] | null = null;
  let written = 0;
  for (let round = 0; round < 14; round++) {
    const life = createLife(world);
    const opened = await openIn(world, disk, life, options, chance);
    if (opened === null) continue;
    const { log, state } = opened;
    const found = remembered(log, state);
    if (allowed !== null)
      assert.ok(allowed.includes(found), `seed ${seed}, life ${round}: ${found}\nallowed: ${allowed.join('\nor ')}`);
    const outcome = await live(world, disk, log, state, chance);
    allowed = outcome.allowed;
    written += outcome.written;
    crash(disk, life, chance);
  }
  return written;
}

function crash(disk: SimulatedDisk, life: Life, chance: Chance): void {
  life.end();
  if (chance.happens(0.7)) disk.losePower();
  else disk.kill();
}

async function openIn(
  world: World,
  disk: SimulatedDisk,
  life: Life,
  options: ConstructorParameters<typeof RaftLog>[1],
  chance: Chance,
) {
  const mounted: Disk = disk.mount(life);
  await settle(
    world,
    mounted.makeDirectory('log').then(() => mounted.syncDirectory('.')),
  );
  const log = new RaftLog(mounted, options);
  const steps = chance.happens(0.3) ? chance.below(1, 20) : Infinity;
  const outcome = await settle(world, log.open(), steps);
  if (outcome !== null && 'error' in outcome) throw outcome.error;
  if (outcome !== null) return { log, state: outcome.value };
  crash(disk, life, chance);
  return null;
}

/** One life's operations, the last of which may be cut short: what may be found after it. */
async function live(world: World, disk: SimulatedDisk, log: RaftLog, state: LogState, chance: Chance) {
  const now = { term: Math.max(1, state.hardState.term), installed: Number(state.stateDirectory.split('/')[1]) };
  let shown = { hardState: state.hardState, stateDirectory: state.stateDirectory };
  let written = 0;
  for (let count = chance.below(0, 12); ; count--) {
    const before = remembered(log, shown);
    if (count <= 0 && chance.happens(0.3)) return { allowed: [before], written };
    const operation = operationOn(log, chance, now);
    if (count <= 0 && chance.happens(0.3)) disk.broken = true;
    const after = {
      hardState: { ...shown.hardState, term: term(operation.term ?? shown.hardState.term) },
      stateDirectory: operation.stateDirectory ?? shown.stateDirectory,
    };
    const expected = count <= 0 ? await replayed(log, operation, after) : '';
    const outcome = await settle(world, operation.run(log), count <= 0 ? chance.below(0, 8) : Infinity);
    if (outcome === null || 'error' in outcome) {
      disk.broken = false;
      return { allowed: [before, expected], written };
    }
    shown = after;
    now.term = shown.hardState.term;
    now.installed = Number(shown.stateDirectory.split('/')[1]);
    written++;
    if (count <= 0) return { allowed: [remembered(log, shown)], written };
  }
}

/** What `log` would remember had the operation succeeded: the same done to a copy of it on a disk without faults. */
async function replayed(log: RaftLog, operation: Operation, after: Shown): Promise<string> {
  const copy = new RaftLog(memoryDisk(), { segment_bytes: 1 << 20, allocation_bytes: 64 });
  await copy.open();
  const { start } = log;
  if (start.index > 0) await copy.install(start, 'store/0', 5n as ClusterId);
  const entries = log.slice(index(start.index + 1), log.last, Infinity);
  await copy.write({ hardState: hardState(after.hardState.term), entries });
  await operation.run(copy);
  return remembered(copy, after);
}

test('[safety] what was acknowledged is found by the next life, whatever a crash keeps of the rest', async () => {
  let written = 0;
  for (let seed = 1; seed <= 60; seed++) written += await lives(seed);
  assert.ok(written > 1_000, `${written} writes were acknowledged`);
});
