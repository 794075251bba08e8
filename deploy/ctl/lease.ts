/** `lease grant | revoke | timetolive | list | keep-alive`. */
import type { Command } from 'commander';
import type { KeepAlive } from '../../client/lease-types.js';
import { badArguments, CommandFailure, exitCodes } from './failure.js';
import { boolFlag, countFlag } from './flags.js';
import { parseInt64, toCount } from './go-numbers.js';
import { leaseHex } from './lease-text.js';
import type { Printer } from './printer.js';
import { defineCommand, defineGroup } from './session.js';
import type { OpenSession, Run } from './session.js';
import type { Terminal } from './terminal.js';

export const leaseCommand = (open: OpenSession, show: Run<unknown>): Command =>
  defineGroup('lease', 'Lease related commands', open, show)
    .addCommand(
      defineCommand('grant', 'Creates leases', open, grant)
        .usage('<ttl>')
        .addOption(countFlag('--ttl-ms', 'the TTL in milliseconds, in place of the argument in seconds')),
    )
    .addCommand(defineCommand('revoke', 'Revokes leases', open, revoke).usage('<leaseID>'))
    .addCommand(
      defineCommand('timetolive', 'Get lease information', open, timeToLive)
        .usage('<leaseID> [options]')
        .addOption(boolFlag('--keys', false, 'Get keys attached to this lease')),
    )
    .addCommand(defineCommand('list', 'List all active leases', open, list))
    .addCommand(
      defineCommand('keep-alive', 'Keeps leases alive (renew)', open, keepAlive)
        .usage('[options] <leaseID>')
        .addOption(boolFlag('--once', false, 'Resets the keep-alive time to its original value and exits immediately')),
    );

const grant: Run<{ readonly ttlMs: number }> = async (session, words, flags) => {
  const ttl_ms = grantedTtl_ms(words, flags.ttlMs);
  session.format();
  const { lease } = await session.cluster();
  const response = await failingAs(exitCodes.error, 'failed to grant lease', lease.grant(ttl_ms));
  (await session.printer()).leaseGrant(response);
};

/** A TTL of 0 or less asks for the shortest that there is, as with etcd. */
function grantedTtl_ms(words: readonly string[], flag_ms: number): number {
  const [word] = words;
  if (flag_ms !== 0) {
    if (flag_ms < 0) throw badArguments(`--ttl-ms is ${flag_ms}; it must be a number of milliseconds above 0`);
    if (word !== undefined) throw badArguments('lease grant command takes a TTL argument or --ttl-ms, not both');
    return flag_ms;
  }
  if (word === undefined || words.length > 1) throw badArguments('lease grant command needs TTL argument');
  try {
    return Math.max(1, toCount(parseInt64(word, 10) * 1_000n));
  } catch (error) {
    throw badArguments(`bad TTL (${(error as Error).message})`);
  }
}

const revoke: Run<unknown> = async (session, words) => {
  const id = leaseArgument(words, 'lease revoke command needs 1 argument');
  session.format();
  const { lease } = await session.cluster();
  const response = await failingAs(exitCodes.error, 'failed to revoke lease', lease.revoke(id));
  (await session.printer()).leaseRevoke(id, response);
};

const timeToLive: Run<{ readonly keys: boolean }> = async (session, words, { keys }) => {
  const id = leaseArgument(words, 'lease timetolive command needs lease ID as argument');
  session.format();
  const { lease } = await session.cluster();
  const response = await failingAs(exitCodes.badConnection, '', lease.timeToLive(id, { keys }));
  (await session.printer()).leaseTimeToLive(response, keys);
};

const list: Run<unknown> = async (session) => {
  session.format();
  const { lease } = await session.cluster();
  const response = await failingAs(exitCodes.badConnection, '', lease.list());
  (await session.printer()).leases(response);
};

const keepAlive: Run<{ readonly once: boolean }> = async (session, words, { once }) => {
  const id = leaseArgument(words, 'lease keep-alive command needs lease ID as argument');
  const format = session.format();
  const { lease } = await session.cluster();
  if (once) {
    const response = await failingAs(exitCodes.badConnection, '', lease.keepAliveOnce(id));
    return (await session.printer()).leaseKeepAlive(response);
  }
  const printer = await session.printer();
  await untilLost(session.terminal, printer, lease.keepAlive(id));
  if (format === 'simple') session.terminal.out(`lease ${leaseHex(id)} expired or revoked.\n`);
};

/** Tells every renewal. */
async function untilLost(terminal: Terminal, printer: Printer, kept: KeepAlive): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      kept.onRenewed((response) => {
        try {
          printer.leaseKeepAlive(response);
          terminal.flush();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      void kept.lost.then(() => resolve());
    });
  } finally {
    kept.stop();
  }
}

function leaseArgument(words: readonly string[], needed: string): bigint {
  const [word] = words;
  if (word === undefined || words.length > 1) throw badArguments(needed);
  try {
    return parseInt64(word, 16);
  } catch (error) {
    throw badArguments(`bad lease ID arg (${(error as Error).message}), expecting ID in Hex`);
  }
}

/** etcdctl has an exit code of its own for each of these commands, and some tell what they were about. */
async function failingAs<T>(exitCode: number, what: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    const { message } = error as Error;
    throw new CommandFailure(exitCode, what === '' ? message : `${what} (${message})`, { cause: error });
  }
}
