/** `endpoint health | status | hashkv`: asks members one by one, all of them unless --members names some. */
import type { Command } from 'commander';
import { errors, QuorateError } from '../../machines/language/errors.js';
import { fromText } from '../../machines/language/bytes.js';
import type { ClusterAccess } from './cluster.js';
import { CommandFailure, exitCodes, SilentFailure } from './failure.js';
import { boolFlag, countFlag } from './flags.js';
import { formatDuration } from './go-numbers.js';
import type { At, Health } from './printer.js';
import { defineCommand, defineGroup } from './session.js';
import type { OpenSession, Run, Session } from './session.js';
import { realClock } from '../clock.js';

const statusDescription = `When --write-out is set to simple, this command prints out comma-separated
status lists for each member. The items in the lists are endpoint, ID, version,
storage version, db size, in use, percentage not in use, quota, is leader,
is learner, raft term, raft index, raft applied index, errors,
downgrade target version, downgrade enabled.`;

export const endpointCommand = (open: OpenSession, show: Run<unknown>): Command =>
  defineGroup('endpoint', 'Endpoint related commands', open, show)
    .addOption(boolFlag('--cluster', false, 'ask all members (as is done without `--members`)'))
    .addCommand(defineCommand('health', 'Checks the healthiness of members', open, health))
    .addCommand(defineCommand('status', 'Prints out the status of members', open, status).summary(statusDescription))
    .addCommand(
      defineCommand('hashkv', 'Prints the KV history hash of members', open, hashKv).addOption(
        countFlag('--rev', 'maximum revision to hash (default: latest revision)'),
      ),
    );

const health: Run<unknown> = async (session) => {
  session.format();
  const cluster = await session.cluster();
  const list = await Promise.all((await endpoints(session)).map((endpoint) => askHealth(cluster, endpoint)));
  await (await session.printer()).endpointHealth(list);
  if (list.some(({ error }) => error !== '')) throw new CommandFailure(exitCodes.error, 'unhealthy cluster');
};

/**
 * A member that answers a linearizable read reaches a quorum; that the asker may not read the key is no illness. What
 * the member itself finds wrong is one, and known at once: a read may hang on it.
 */
async function askHealth(cluster: ClusterAccess, endpoint: string): Promise<Health> {
  const began_ms = realClock.now_ms();
  const read = settle(cluster.get(fromText('health'), { member: endpoint }));
  const found = await settle(cluster.status(endpoint));
  const ailments = 'response' in found ? found.response.errors.join(', ') : '';
  const error = ailments === '' ? readError(await read) : ailments;
  const took = formatDuration(realClock.now_ms() - began_ms);
  return { endpoint, health: error === '', took, error };
}

const readError = (outcome: Outcome<unknown>): string =>
  'response' in outcome || isPermissionDenied(outcome.error) ? '' : textOf(outcome.error);

/** A member's own word; that NATS lets no question through is another matter. */
const isPermissionDenied = (error: unknown): boolean =>
  error instanceof QuorateError && error.message === errors.PermissionDenied.message;

const status: Run<unknown> = async (session) => {
  session.format();
  const cluster = await session.cluster();
  const { answers, failed } = await askEach(session, 'status', (endpoint) => cluster.status(endpoint));
  await (await session.printer()).endpointStatus(answers);
  if (failed !== undefined) throw new SilentFailure(exitCodes.error);
};

const hashKv: Run<{ readonly rev: number }> = async (session, _words, { rev }) => {
  session.format();
  const cluster = await session.cluster();
  const { answers, failed } = await askEach(session, 'hash', (endpoint) => cluster.hashKv(endpoint, rev));
  await (await session.printer()).endpointHashKv(answers);
  if (failed !== undefined) throw new CommandFailure(exitCodes.error, failed);
};

/** Answers in the order of the members; each failure is told at once, the last one is `failed`. */
async function askEach<T>(
  session: Session,
  what: 'status' | 'hash',
  ask: (endpoint: string) => Promise<T>,
): Promise<{ readonly answers: readonly At<T>[]; readonly failed: string | undefined }> {
  const names = await endpoints(session);
  const outcomes = await Promise.all(
    names.map(async (endpoint) => ({ endpoint, outcome: await settle(ask(endpoint)) })),
  );
  const answers: At<T>[] = [];
  let failed: string | undefined;
  for (const { endpoint, outcome } of outcomes) {
    if ('response' in outcome) answers.push({ endpoint, response: outcome.response });
    else {
      failed = textOf(outcome.error);
      session.terminal.complain(`Failed to get the ${what} of endpoint ${endpoint} (${failed})\n`);
    }
  }
  return { answers, failed };
}

type Outcome<T> = { readonly response: T } | { readonly error: unknown };

const settle = <T>(asked: Promise<T>): Promise<Outcome<T>> =>
  asked.then(
    (response) => ({ response }),
    (error: unknown) => ({ error }),
  );

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Those named by --members, or all of them as any member knows them: that needs no quorum. */
async function endpoints(session: Session): Promise<readonly string[]> {
  const named = session.globals.members.split(',').map((name) => name.trim());
  const chosen = named.filter((name) => name !== '');
  const wantsAll = (session.globals as { readonly cluster?: boolean }).cluster === true;
  if (chosen.length > 0 && !wantsAll) return chosen;
  const outcome = await settle((await session.cluster()).memberList({ linearizable: false }));
  if ('error' in outcome) {
    const why = textOf(outcome.error);
    throw new CommandFailure(exitCodes.error, `failed to fetch the members from the cluster's member list: ${why}`);
  }
  return outcome.response.members.map(({ name }) => name).filter((name) => name !== '');
}
