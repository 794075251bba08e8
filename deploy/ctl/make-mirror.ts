/** `make-mirror`: copies keys to another cluster, and then each change, for as long as it runs. */
import type { Command } from 'commander';
import { fromText, NUL } from '../../machines/language/bytes.js';
import { every } from '../clock.js';
import type { ClusterAccess } from './cluster.js';
import { badArguments, CommandFailure, exitCodes } from './failure.js';
import { boolFlag, countFlag, textFlag } from './flags.js';
import type { Globals } from './globals.js';
import { mirror } from './mirroring.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run } from './session.js';

interface MirrorFlags {
  readonly prefix: string;
  readonly rev: number;
  readonly maxTxnOps: number;
  readonly destPrefix: string;
  readonly noDestPrefix: boolean;
  readonly destServers: string;
  readonly destClusterName: string;
  readonly destNatsUser: string;
  readonly destNatsPassword: string;
  readonly destNatsToken: string;
  readonly destNatsNkey: string;
  readonly destNatsCreds: string;
  readonly destInboxPrefix: string;
  readonly destCacert: string;
  readonly destCert: string;
  readonly destKey: string;
}

const description = `Copies the keys to another Quorate, and then every change, until it is
interrupted. The number of keys that were written is shown every 30 seconds.
Leases are not copied: a key is deleted there when it is deleted here.

The other cluster is named by --dest-servers, --dest-cluster-name or both.
Without --dest-servers it hangs on the same NATS servers, with the same way in;
with them the --dest-… flags say how to get in.`;

const REPORT_MS = 30_000;
/** A change that the destination does not take for so long ends the mirror. */
const PATIENCE_MS = 60_000;
const TXN_OPS_MAX = 128;

export const makeMirrorCommand = (open: OpenSession): Command =>
  defineCommand('make-mirror', 'Makes a mirror at the destination cluster', open, makeMirror)
    .usage('[options]')
    .summary(description)
    .addOption(textFlag('--prefix', '', 'Key-value prefix to mirror'))
    .addOption(countFlag('--rev', 'Specify the kv revision to start to mirror'))
    .addOption(
      countFlag(
        '--max-txn-ops',
        'Maximum number of operations permitted in a transaction during syncing updates',
      ).default(TXN_OPS_MAX),
    )
    .addOption(textFlag('--dest-prefix', '', 'destination prefix to mirror a prefix to a different prefix there'))
    .addOption(boolFlag('--no-dest-prefix', false, 'mirror key-values to the root of the destination cluster'))
    .addOption(textFlag('--dest-servers', '', 'NATS servers of the destination cluster, separated by commas'))
    .addOption(textFlag('--dest-cluster-name', '', 'name of the destination cluster (default: that of this one)'))
    .addOption(textFlag('--dest-nats-user', '', 'user name for the NATS servers there'))
    .addOption(textFlag('--dest-nats-password', '', 'password for the NATS servers there'))
    .addOption(textFlag('--dest-nats-token', '', 'token for the NATS servers there'))
    .addOption(textFlag('--dest-nats-nkey', '', 'file with an nkey seed for the NATS servers there'))
    .addOption(textFlag('--dest-nats-creds', '', 'NATS credentials file for the servers there'))
    .addOption(textFlag('--dest-inbox-prefix', '', 'subjects on which answers come there begin with this'))
    .addOption(textFlag('--dest-cacert', '', 'verify certificates of the NATS servers there using this CA bundle'))
    .addOption(textFlag('--dest-cert', '', 'identify secure client there using this TLS certificate file'))
    .addOption(textFlag('--dest-key', '', 'identify secure client there using this TLS key file'));

const makeMirror: Run<MirrorFlags> = async (session, words, flags) => {
  if (words.length > 0) throw wrongDestination(`"${words[0] ?? ''}" is an argument`);
  if (flags.destServers === '' && flags.destClusterName === '') throw wrongDestination('none is named');
  if (flags.noDestPrefix && flags.destPrefix !== '') {
    throw badArguments('`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one');
  }
  if (flags.maxTxnOps < 1) throw badArguments(`--max-txn-ops is ${flags.maxTxnOps}; it must be above 0`);
  const from = fromText(flags.prefix);
  const to = fromText(flags.noDestPrefix ? '' : flags.destPrefix === '' ? flags.prefix : flags.destPrefix);
  const source = await session.cluster();
  const destination = await session.connect(destinationOf(session.globals, flags));
  await refuseItself(source, destination, from, to);
  const { terminal } = session;
  let total = 0;
  every(REPORT_MS, () => {
    terminal.out(`${total}\n`);
    terminal.flush();
  });
  await mirror(source, destination, { from, to, revision: flags.rev, operationsMax: flags.maxTxnOps }, (count) => {
    total += count;
  });
  throw new CommandFailure(exitCodes.error, 'quorate: make-mirror: the watch ended');
};

const wrongDestination = (what: string): CommandFailure =>
  badArguments(
    `make-mirror takes its destination from --dest-servers (NATS servers), --dest-cluster-name or both, and ${what}`,
  );

/** Its own way in where its own servers are named. */
function destinationOf(globals: Globals, flags: MirrorFlags): Globals {
  const clusterName = flags.destClusterName === '' ? globals.clusterName : flags.destClusterName;
  const there = { ...globals, clusterName, commandTimeout: Math.max(globals.commandTimeout, PATIENCE_MS) };
  if (flags.destServers === '') return there;
  return {
    ...there,
    servers: flags.destServers,
    natsUser: flags.destNatsUser,
    natsPassword: flags.destNatsPassword,
    natsToken: flags.destNatsToken,
    natsNkey: flags.destNatsNkey,
    natsCreds: flags.destNatsCreds,
    inboxPrefix: flags.destInboxPrefix,
    cacert: flags.destCacert,
    cert: flags.destCert,
    key: flags.destKey,
  };
}

/** What is written where it is read is copied again, for ever. */
async function refuseItself(
  source: ClusterAccess,
  destination: ClusterAccess,
  from: Uint8Array,
  to: Uint8Array,
): Promise<void> {
  const [here, there] = await Promise.all([source, destination].map((cluster) => cluster.get(NUL)));
  if (here?.header.clusterId !== there?.header.clusterId) return;
  const [shorter, longer] = from.length < to.length ? [from, to] : [to, from];
  if (!shorter.every((byte, at) => byte === longer[at])) return;
  throw badArguments(
    'make-mirror: the destination is the same cluster, and what it mirrors there begins with the same prefix; ' +
      'give another --dest-prefix, or another cluster with --dest-servers or --dest-cluster-name',
  );
}
