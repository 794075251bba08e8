/** The room of the log: one write and one sync for all that gathered; then the letters that hung on it leave. */
import { gatherMachine, writer } from '../machines/gather.machine.js';
import type { EffectOf, Entry, Letter } from '../machines/language/vocabulary.js';
import type { LogStore } from '../store/ports.js';
import { post, type LogJob } from './mail.js';
import type { Vitals } from './ports.js';
import { timed } from './timed.js';

type Persist = EffectOf<'persist'>;

/** More jobs than raft's bound on uncommitted bytes lets wait. */
export const LOG_JOBS_MAX = 1_000_000;

export const logRoom = (log: LogStore, vitals: Vitals) =>
  gatherMachine<LogJob, void>().provide({
    actors: {
      writer: writer(async (jobs: readonly LogJob[]) => {
        for (const step of stepsOf(jobs)) await timed(vitals, 'log', () => run(log, step));
      }),
    },
    actions: {
      written: ({ system }, { items }) => {
        // [safety] The promises that hang on the write leave here, after it is durable, and nowhere else.
        const letters = items.flatMap((job): readonly Letter[] => (job.type === 'persist' ? job.then : []));
        if (letters.length > 0) post(system, 'peers', { type: 'send', letters });
        for (const job of items) {
          if (job.type !== 'install') continue;
          const { mark, stateDirectory } = job;
          post(system, 'apply', { type: 'add', items: [{ type: 'switch', mark, stateDirectory }] });
          // What is decided for the old state is written before it is left.
          post(system, 'state', { type: 'hurried' });
        }
      },
    },
  });

type Step = readonly Persist[] | Exclude<LogJob, Persist>;

/** Jobs in order, with neighbouring writes taken together. */
function stepsOf(jobs: readonly LogJob[]): readonly Step[] {
  const steps: Step[] = [];
  let writes: Persist[] = [];
  for (const job of jobs) {
    if (job.type === 'persist') {
      if (writes.length === 0) steps.push(writes);
      writes.push(job);
    } else {
      steps.push(job);
      writes = [];
    }
  }
  return steps;
}

async function run(log: LogStore, step: Step): Promise<void> {
  if ('length' in step) {
    const last = step.at(-1);
    if (last) await log.write({ hardState: last.hardState, entries: merged(step) });
    return;
  }
  if (step.type === 'trimLog') return log.trim(step.mark);
  return log.install(step.mark, step.stateDirectory, step.cluster);
}

/** The entries of several writes as one: a later one replaces what an earlier one has from its first index on. */
function merged(writes: readonly Persist[]): readonly Entry[] {
  const single = writes[0];
  if (writes.length === 1 && single) return single.entries;
  const entries: Entry[] = [];
  for (const write of writes) {
    const first = write.entries[0];
    if (!first) continue;
    while (entries.length > 0 && (entries.at(-1)?.index ?? 0) >= first.index) entries.pop();
    for (const entry of write.entries) entries.push(entry);
  }
  return entries;
}
