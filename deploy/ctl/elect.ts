/** `elect`: takes part in an election until it is interrupted, or tells who leads. */
import type { Command } from 'commander';
import { fromText } from '../../machines/language/bytes.js';
import { badArguments, CommandFailure, exitCodes } from './failure.js';
import { boolFlag } from './flags.js';
import { isInterrupted, showHeld, unlessInterrupted, whileHeld } from './lock.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run, Session } from './session.js';

const TTL_MS = 60_000;

export const electCommand = (open: OpenSession): Command =>
  defineCommand('elect', 'Observes and participates in leader election', open, elect)
    .usage('<election-name> [proposal]')
    .addOption(boolFlag('-l, --listen', false, 'observation mode'));

const elect: Run<{ readonly listen: boolean }> = async (session, words, { listen }) => {
  const [name, proposal] = words;
  if (name === undefined || words.length > 2) {
    throw badArguments('elect takes one election name argument and an optional proposal argument');
  }
  if (proposal === undefined && !listen) throw badArguments('no proposal argument but -l not set');
  if (proposal !== undefined && listen) throw badArguments('proposal given but -l is set');
  session.format();
  const signal = session.terminal.interruption();
  await (proposal === undefined ? observe(session, name, signal) : campaign(session, name, proposal, signal));
};

async function campaign(session: Session, name: string, proposal: string, signal: AbortSignal): Promise<void> {
  const cluster = await session.cluster();
  const held = await unlessInterrupted(signal, cluster.campaign(name, proposal, { ttlMs: TTL_MS, signal }));
  await whileHeld(held, async () => {
    await showHeld(session, held, 'elect: session expired');
    if (!(await isInterrupted(held, signal))) throw new CommandFailure(exitCodes.error, 'elect: session expired');
  });
}

/** What a leader says is shown as etcdctl shows it: a get without a count. */
async function observe(session: Session, name: string, signal: AbortSignal): Promise<void> {
  const cluster = await session.cluster();
  const { header } = await cluster.get(fromText(`${name}/`));
  const printer = await session.printer();
  for await (const kv of cluster.observe(name, signal)) {
    const revision = Math.max(header.revision, kv.modRevision);
    printer.get({ header: { ...header, revision }, kvs: [kv], more: false, count: 0 });
    session.terminal.flush();
  }
  if (!signal.aborted) throw new CommandFailure(exitCodes.error, 'elect: observer lost');
}
