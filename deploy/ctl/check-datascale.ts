/** `check datascale`: how much more memory a member takes with many keys in the store. */
import { fromText } from '../../machines/language/bytes.js';
import type { CheckFlags, LoadName } from './check.js';
import { cleanUp, loadOf, refuseKeys, tellErrors } from './check.js';
import type { ClusterAccess } from './cluster.js';
import { exitCodes, SilentFailure } from './failure.js';
import { connectWriters, randomKey, runLoad } from './load.js';
import { showProgress } from './progress-bar.js';
import type { Session } from './session.js';

interface DatascaleLoad {
  readonly keys: number;
  readonly writers: number;
}

const loads: Readonly<Record<LoadName, DatascaleLoad>> = {
  s: { keys: 10_000, writers: 50 },
  m: { keys: 100_000, writers: 200 },
  l: { keys: 1_000_000, writers: 500 },
  xl: { keys: 3_000_000, writers: 1_000 },
};

const PAIR_BYTES = 1_024;
const MIB = 1_024 * 1_024;

export async function checkDatascale(session: Session, flags: CheckFlags): Promise<void> {
  const { terminal } = session;
  const load = loadOf(loads, flags.load);
  const cluster = await session.cluster();
  const writers = await connectWriters(session, load.writers);
  await refuseKeys(cluster, flags.prefix);
  const member = await watchedMember(session, cluster);
  const before = await memoryOf(session, cluster, member, 'before');
  terminal.out(
    `Start data scale check for work load [${load.keys} key-value pairs, ${PAIR_BYTES} bytes per key-value, ` +
      `${load.writers} concurrent clients].\n`,
  );
  let begun = 0;
  let written = 0;
  const bar = showProgress(terminal, load.keys, () => written);
  const prefix = fromText(flags.prefix);
  const report = await runLoad(
    writers,
    async () => begun++ < load.keys,
    () => randomKey(prefix, PAIR_BYTES / 2),
    new Uint8Array(PAIR_BYTES / 2),
    () => void written++,
  );
  bar.finish();
  const after = await memoryOf(session, cluster, member, 'after');
  await cleanUp(cluster, terminal, flags);
  if (!tellErrors(terminal, report)) throw new SilentFailure(exitCodes.error);
  terminal.out(`PASS: Approximate system memory used : ${((after - before) / MIB).toFixed(2)} MB.\n`);
}

async function watchedMember(session: Session, cluster: ClusterAccess): Promise<string> {
  const [named = ''] = session.globals.members.split(',').map((name) => name.trim());
  if (named !== '') return named;
  const { members } = await cluster.memberList({ linearizable: false });
  return members[0]?.name ?? '';
}

async function memoryOf(
  { terminal }: Session,
  cluster: ClusterAccess,
  member: string,
  when: 'before' | 'after',
): Promise<number> {
  const bytes = (await cluster.status(member)).vitals?.residentMemoryBytes ?? 0;
  if (bytes > 0) return bytes;
  terminal.out(`FAIL: Could not read process_resident_memory_bytes ${when} the put operations.\n`);
  throw new SilentFailure(exitCodes.error);
}
