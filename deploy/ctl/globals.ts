/** The flags that every command takes, the variables that set them, and etcdctl's flags that have no meaning here. */
import type { Option } from 'commander';
import { withoutSecrets } from '../../transport/addresses.js';
import { boolFlag, durationFlag, textFlag } from './flags.js';

export interface Globals {
  readonly servers: string;
  readonly clusterName: string;
  /** Empty: all of them. */
  readonly members: string;
  readonly writeOut: string;
  readonly hex: boolean;
  readonly debug: boolean;
  /** Milliseconds. */
  readonly dialTimeout: number;
  readonly commandTimeout: number;
  readonly natsUser: string;
  readonly natsPassword: string;
  readonly natsToken: string;
  readonly natsNkey: string;
  readonly natsCreds: string;
  readonly inboxPrefix: string;
  readonly cacert: string;
  readonly cert: string;
  readonly key: string;
}

export const globalFlags = (): readonly Option[] => [
  textFlag('--servers', 'nats://127.0.0.1:4222', 'NATS servers, separated by commas'),
  textFlag('--cluster-name', 'quorate', 'name of the cluster: the first token of its subjects'),
  textFlag('--members', '', 'members that the endpoint commands ask, by name, separated by commas (default: all)'),
  textFlag('-w, --write-out', 'simple', 'set the output format (fields, json, protobuf, simple, table)'),
  boolFlag('--hex', false, 'print byte strings as hex encoded strings'),
  boolFlag('--debug', false, 'print every global setting to stderr'),
  durationFlag('--dial-timeout', '2s', 'dial timeout for client connections'),
  durationFlag('--command-timeout', '5s', 'timeout for short running command (excluding dial timeout)'),
  textFlag('--nats-user', '', 'user name for the NATS servers'),
  textFlag('--nats-password', '', 'password for the NATS servers'),
  textFlag('--nats-token', '', 'token for the NATS servers'),
  textFlag('--nats-nkey', '', 'file with an nkey seed for the NATS servers'),
  textFlag('--nats-creds', '', 'NATS credentials file'),
  textFlag('--inbox-prefix', '', 'subjects on which answers come begin with this (default: _INBOX)'),
  textFlag('--cacert', '', 'verify certificates of TLS-enabled NATS servers using this CA bundle'),
  textFlag('--cert', '', 'identify secure client using this TLS certificate file'),
  textFlag('--key', '', 'identify secure client using this TLS key file'),
];

export const secretFlags: ReadonlySet<string> = new Set(['nats-password', 'nats-token']);

export const shownServers = (servers: string): string => servers.split(',').map(withoutSecrets).join(',');

export const variableOf = (flag: string): string => `QUORATECTL_${flag.toUpperCase().replaceAll('-', '_')}`;

const tls = 'give a tls:// address in --servers, or --cacert, --cert and --key';
const pings = 'the connection to NATS has its own pings; leave it out';
const sizes = "the members' --max-request-bytes counts; leave it out";
const tlsThere = 'give a tls:// address in --dest-servers, or --dest-cacert, --dest-cert and --dest-key';
const users = 'members have no users yet; for the NATS servers there are --nats-user and --nats-password';

/** What to use instead of a flag of etcdctl's. */
export const refusedFlags: ReadonlyMap<string, string> = new Map([
  ['endpoints', 'give the NATS servers with --servers, and choose members by name with --members'],
  ['discovery-srv', 'give the NATS servers with --servers'],
  ['discovery-srv-name', 'give the NATS servers with --servers'],
  ['insecure-discovery', 'give the NATS servers with --servers'],
  ['insecure-transport', tls],
  ['insecure-skip-tls-verify', 'name the authority that signed the certificate with --cacert'],
  ['keepalive-time', pings],
  ['keepalive-timeout', pings],
  ['max-request-bytes', sizes],
  ['max-recv-bytes', sizes],
  ['user', users],
  ['password', users],
  ['auth-jwt-token', users],
  ['dest-insecure-transport', tlsThere],
  ['dest-user', 'for the NATS servers there is --dest-nats-user'],
  ['dest-password', 'for the NATS servers there is --dest-nats-password'],
  ['auto-defrag', 'the store gives its room back by itself; leave it out'],
]);

/** Shorthands of refused flags. */
export const refusedShorthands: ReadonlyMap<string, string> = new Map([['d', 'discovery-srv']]);
