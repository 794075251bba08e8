/** `lock`: holds a named lock until it is interrupted, or for as long as a program runs. */
import type { Command } from 'commander';
import { fromText } from '../../machines/language/bytes.js';
import type { Held } from './cluster.js';
import { badArguments, CommandFailure, exitCodes } from './failure.js';
import { countFlag } from './flags.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run, Session } from './session.js';

const description = `Acquires a lock with the given name. Once it is acquired, the key of the lock
is shown, and the lock is held until this command is interrupted (SIGINT, SIGTERM).

With a command, the lock is held while that runs. It finds the key of the lock in ETCD_LOCK_KEY, and in
ETCD_LOCK_REV a number that is greater for each later holder; its exit code is that of this command. When
the lock is lost meanwhile, or this command is asked to end by SIGTERM, the command is asked to end too.`;

const DEFAULT_TTL_SECONDS = 10;
/** Of a session that was asked for without one. */
const SESSION_TTL_SECONDS = 60;

export const lockCommand = (open: OpenSession): Command =>
  defineCommand('lock', 'Acquires a named lock', open, lock)
    .usage('<lockname> [exec-command arg1 arg2 ...]')
    .summary(description)
    .addOption(countFlag('--ttl', 'timeout for session').default(DEFAULT_TTL_SECONDS));

const lock: Run<{ readonly ttl: number }> = async (session, words, { ttl }) => {
  const [name, ...program] = words;
  if (name === undefined) throw badArguments('lock takes a lock name argument and an optional command to execute');
  session.format();
  const signal = session.terminal.interruption();
  const cluster = await session.cluster();
  const held = await unlessInterrupted(
    signal,
    cluster.lock(name, { ttlMs: (ttl > 0 ? ttl : SESSION_TTL_SECONDS) * 1_000, signal }),
  );
  await whileHeld(held, () =>
    program.length === 0 ? show(session, held, signal) : run(session, held, program, signal),
  );
};

/** Whoever gives up waiting says so in Go's words. */
export async function unlessInterrupted(signal: AbortSignal, taking: Promise<Held>): Promise<Held> {
  try {
    return await taking;
  } catch (error) {
    throw signal.aborted ? new CommandFailure(exitCodes.error, 'context canceled') : error;
  }
}

/** Gives it up at the end, however that comes; what went wrong before counts more than what goes wrong with that. */
export async function whileHeld(held: Held, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await held.release().catch(() => undefined);
    throw error;
  }
  await held.release();
}

async function show(session: Session, held: Held, signal: AbortSignal): Promise<void> {
  await showHeld(session, held, 'lock lost on init');
  if (!(await isInterrupted(held, signal))) throw new CommandFailure(exitCodes.error, 'session expired');
}

/** The key as it stands in the store. */
export async function showHeld(session: Session, held: Held, lost: string): Promise<void> {
  const response = await (await session.cluster()).get(fromText(held.key));
  if (response.kvs.length === 0) throw new CommandFailure(exitCodes.error, lost);
  (await session.printer()).get(response);
  session.terminal.flush();
}

/** Waits until what is held is lost, or the signal aborts. */
export async function isInterrupted(held: Held, signal: AbortSignal): Promise<boolean> {
  const interrupted = new Promise<true>((resolve) => {
    if (signal.aborted) resolve(true);
    else signal.addEventListener('abort', () => resolve(true), { once: true });
  });
  return Promise.race([interrupted, held.lost.then(() => false)]);
}

/** A SIGINT of a terminal goes to the program too: this waits for what it does about it. A SIGTERM is handed on. */
async function run(session: Session, held: Held, words: readonly string[], signal: AbortSignal): Promise<void> {
  const { terminal } = session;
  const environment = { ETCD_LOCK_KEY: held.key, ETCD_LOCK_REV: String(held.revision) };
  const stop = new AbortController();
  let lost = false;
  void held.lost.then(() => {
    lost = true;
    stop.abort();
  });
  const handOn = (): void => (signal.reason === 'SIGTERM' ? stop.abort() : undefined);
  if (signal.aborted) handOn();
  else signal.addEventListener('abort', handOn);
  const { code, error } = await terminal.run({ words, environment, signal: stop.signal });
  if (lost) throw new CommandFailure(exitCodes.error, 'session expired');
  if (error !== '') throw new CommandFailure(code, error);
}
