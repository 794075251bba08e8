/** From the global flags to a cluster. Loaded by commands that need one; `version` and `help` do without it. */
import { accessOf as accessOptionsOf } from '../../client/access.js';
import { compare, connect, observeLeader, op } from '../../client/index.js';
import type { Client, Comparison, ConnectOptions, Op } from '../../client/types.js';
import { wrongAccess } from '../../transport/nats-credentials.js';
import { within } from '../clock.js';
import { accessFlags, readSeed } from '../nats-access.js';
import type { ClusterAccess, Comparing, Operation } from './cluster.js';
import { campaign, lock } from './holding.js';
import { badArguments, CommandFailure, exitCodes } from './failure.js';
import { shownServers } from './globals.js';
import type { Globals } from './globals.js';

/** Who gives up at the same time says more than that time is up. */
const REASON_MS = 500;

export async function connectCluster(globals: Globals): Promise<ClusterAccess> {
  const options = connectOptions(globals);
  const wrong = wrongAccess(accessOptionsOf(options), accessFlags);
  if (wrong.length > 0) throw badArguments(wrong.join('\n'));
  const connecting = connect(options);
  const client = await within(globals.dialTimeout + REASON_MS, connecting).catch((error: unknown) => {
    throw noConnection(globals, error);
  });
  if (client === undefined) {
    connecting.then((late) => late.close()).catch(() => undefined); // it is too late for either outcome to matter
    throw noConnection(globals, `no answer within --dial-timeout ${globals.dialTimeout} ms`);
  }
  return accessOf(client);
}

const noConnection = (globals: Globals, why: unknown): CommandFailure =>
  new CommandFailure(
    exitCodes.badConnection,
    `cannot connect to the NATS servers ${shownServers(globals.servers)}: ${reasonOf(why)}`,
    { cause: why },
  );

/** Whoever did not let us in is named already. */
const reasonOf = (why: unknown): string =>
  (why instanceof Error ? why.message : String(why)).replace(
    /^quorate: (no NATS server of .*? lets quoratectl in: )?/,
    '',
  );

export function connectOptions(globals: Globals): ConnectOptions {
  const given = (text: string): string | undefined => (text === '' ? undefined : text);
  const tls = { ca: given(globals.cacert), cert: given(globals.cert), key: given(globals.key) };
  return {
    servers: globals.servers.split(',').map((server) => server.trim()),
    clusterName: globals.clusterName,
    timeoutMs: globals.commandTimeout,
    name: 'quoratectl',
    user: given(globals.natsUser),
    password: given(globals.natsPassword),
    token: given(globals.natsToken),
    nkey: readSeed(given(globals.natsNkey), badArguments),
    creds: given(globals.natsCreds),
    inboxPrefix: given(globals.inboxPrefix),
    tls: Object.values(tls).some((file) => file !== undefined) ? tls : undefined,
  };
}

export const accessOf = (client: Client): ClusterAccess => ({
  get: (key, options) => client.kv.get(key, options),
  put: (key, value, options) => client.kv.put(key, value, options),
  delete: (key, options) => client.kv.delete(key, options),
  txn: ({ comparisons, success, failure }) =>
    client.kv
      .txn()
      .if(...comparisons.map(comparisonOf))
      .then(...success.map(opOf))
      .else(...failure.map(opOf))
      .commit(),
  compact: (revision, options) => client.kv.compact(revision, options),
  memberList: (options) => client.cluster.memberList(options),
  status: (member) => client.maintenance.status(member),
  hashKv: (member, revision) => client.maintenance.hashKv(member, revision),
  lease: client.lease,
  watch: (key, options) => client.watch(key, options),
  lock: (name, options) => lock(client, name, options),
  campaign: (name, proposal, options) => campaign(client, name, proposal, options),
  observe: (name, signal) => observeLeader(client, name, signal),
  close: () => client.close(),
});

function opOf(operation: Operation): Op {
  switch (operation.type) {
    case 'get':
      return op.get(operation.key, operation.options);
    case 'put':
      return op.put(operation.key, operation.value, operation.options);
    case 'delete':
      return op.delete(operation.key, operation.options);
  }
}

function comparisonOf(comparing: Comparing): Comparison {
  const { key, relation } = comparing;
  switch (comparing.target) {
    case 'version':
      return compare.version(key)[relation](comparing.given);
    case 'create':
      return compare.createRevision(key)[relation](comparing.given);
    case 'mod':
      return compare.modRevision(key)[relation](comparing.given);
    case 'value':
      return compare.value(key)[relation](comparing.given);
    case 'lease':
      return compare.lease(key)[relation](comparing.given);
  }
}
