/** The flags of a node, with etcd's names where the meaning is etcd's, and the settings that they come to. */
import type { NodeSettings } from '../actors/ports.js';
import { limits } from '../machines/language/limits.js';
import { ConfigError, required } from './config.js';
import type { Options, Values } from './config.js';
import {
  anyText,
  duration,
  listenUrl,
  listOf,
  oneOf,
  path,
  readDuration_ms,
  secretText,
  serverUrl,
  token,
  wholeNumber,
  yesOrNo,
} from './values.js';
import { version } from './version.js';

const subjectToken = token(limits.name_length_max);
const memberNames = listOf(subjectToken, limits.members_max);
const MiB = 1024 * 1024;

/** What every node of a cluster is given alike; `quorate up` takes these too and hands them on. */
export const clusterOptions = {
  'cluster-name': {
    says: 'name of the cluster: the first token of its subjects',
    kind: subjectToken,
    preset: 'quorate',
  },
  servers: { says: 'NATS servers, all of them', kind: listOf(serverUrl, 32), preset: ['nats://127.0.0.1:4222'] },
  'heartbeat-interval': { says: 'milliseconds between heartbeats', kind: wholeNumber(10, 10_000, 'ms'), preset: 100 },
  'election-timeout': {
    says: 'milliseconds without a leader before an election',
    kind: wholeNumber(50, 50_000, 'ms'),
    preset: 1000,
  },
  'quota-backend-bytes': {
    says: 'size of the state from which puts are refused; 0: 2 GiB, below 0: none',
    kind: wholeNumber(-1, Number.MAX_SAFE_INTEGER, 'bytes'),
    preset: 0,
  },
  'max-request-bytes': {
    says: 'largest request',
    kind: wholeNumber(1024, 32 * MiB, 'bytes'),
    preset: limits.request_bytes_max,
  },
  'max-txn-ops': { says: 'most operations in a transaction', kind: wholeNumber(1, 10_000), preset: limits.txn_ops_max },
  'snapshot-count': {
    says: 'log entries that make the log be trimmed',
    kind: wholeNumber(10, 10_000_000, 'entries'),
    preset: limits.log_entries_before_trim,
  },
  'min-lease-ttl': {
    says: 'shortest lease: less is granted with so much; default: 1.5 election timeouts, up to a whole second',
    kind: duration,
  },
  'auto-compaction-mode': { says: 'periodic or revision', kind: oneOf('periodic', 'revision'), preset: 'periodic' },
  'auto-compaction-retention': {
    says: 'how much to keep: a duration (hours without unit) or a number of revisions; 0: off',
    kind: anyText,
    preset: '0',
  },
  'watch-progress-notify-interval': {
    says: 'how long a watcher that asked for it hears nothing before it is told how far it is',
    kind: anyText,
    preset: '10m',
  },
  'event-feed': {
    says: 'the leader publishes every event on CLUSTER.events.KEY for whoever listens (docs/event-feed.md)',
    kind: yesOrNo,
    preset: false,
  },
  drill: {
    says: 'faults can be ordered at the nodes, to see what the cluster does about them; not for data you need',
    kind: yesOrNo,
    preset: false,
  },
  'nats-user': { says: 'user at NATS', kind: anyText },
  'nats-password': { says: 'password at NATS', kind: secretText },
  'nats-token': { says: 'token at NATS', kind: secretText },
  'nats-nkey': { says: 'file with the nkey seed for NATS', kind: path },
  'nats-creds': { says: 'credentials file for NATS', kind: path },
  cacert: { says: 'file of the authority that signed the NATS servers', kind: path },
  cert: { says: 'file of the client certificate for NATS', kind: path },
  key: { says: 'file of its private key', kind: path },
  'log-format': { says: 'json or console (default: console on a terminal)', kind: oneOf('json', 'console') },
  'log-level': { says: 'least level told', kind: oneOf('debug', 'info', 'warn', 'error'), preset: 'info' },
} satisfies Options;

export const serveOptions = {
  name: { says: 'name of this node', kind: subjectToken },
  'initial-members': { says: 'names of all first members (default: this one alone)', kind: memberNames },
  'data-dir': { says: 'directory of this node (default: NAME.quorate)', kind: path },
  'peer-key-file': { says: 'file with the secret that members share', kind: path },
  'listen-metrics-urls': {
    says: 'where to answer /metrics, /health, /livez, /readyz and /version; default: nowhere',
    kind: listOf(listenUrl, 32),
  },
  ...clusterOptions,
  'config-file': { says: 'YAML file with flags as keys', kind: path },
} satisfies Options;
export type ServeValues = Values<typeof serveOptions>;

/** What the actors need to know. Checks what values must be to one another. */
export function nodeSettings(values: ServeValues): NodeSettings {
  const name = required('name', values.name, subjectToken);
  const members = values['initial-members'] ?? [name];
  if (!members.includes(name)) {
    throw new ConfigError(
      `--initial-members: ${JSON.stringify(members.join(','))} does not name this node: it takes all first members, ` +
        `${name} among them`,
    );
  }
  const quota = values['quota-backend-bytes'];
  const beforeTrim = values['snapshot-count'];
  return {
    name,
    cluster_name: values['cluster-name'],
    initial_members: members,
    version,
    ...protocolTime(values['heartbeat-interval'], values['election-timeout']),
    request_bytes_max: values['max-request-bytes'],
    txn_ops_max: values['max-txn-ops'],
    quota_bytes: quota === 0 ? limits.quota_bytes : quota,
    log_entries_before_trim: beforeTrim,
    log_entries_kept: Math.min(limits.log_entries_kept, Math.floor(beforeTrim / 2)),
    min_lease_ttl_ms: values['min-lease-ttl'] ?? Math.ceil((1.5 * values['election-timeout']) / 1000) * 1000,
    auto_compaction: readAutoCompaction(values['auto-compaction-mode'], values['auto-compaction-retention']),
    event_feed: values['event-feed'],
    watch_progress_ms: readProgress(values['watch-progress-notify-interval']),
  };
}

/** A heartbeat is two ticks, so that its moment is known to half an interval. */
function protocolTime(heartbeat_ms: number, election_ms: number) {
  if (election_ms < 5 * heartbeat_ms) {
    throw new ConfigError(
      `--election-timeout: ${election_ms} is not what it takes: at least 5 times --heartbeat-interval ` +
        `(${heartbeat_ms} ms)`,
    );
  }
  const heartbeat_ticks = limits.heartbeat_ticks;
  const tick_ms = Math.ceil(heartbeat_ms / heartbeat_ticks);
  return { tick_ms, heartbeat_ticks, election_ticks: Math.round(election_ms / tick_ms) };
}

function readProgress(text: string): number {
  const interval_ms = readDuration_ms(text);
  if (interval_ms !== undefined && interval_ms >= limits.watch_progress_ms_min) return interval_ms;
  throw new ConfigError(
    `--watch-progress-notify-interval: ${JSON.stringify(text)} is not what it takes: a duration such as 10m or 30s, ` +
      `at least ${limits.watch_progress_ms_min}ms`,
  );
}

function readAutoCompaction(mode: 'periodic' | 'revision', text: string): NodeSettings['auto_compaction'] {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (number === 0) return { mode: 'off' };
  if (mode === 'revision' && number !== undefined) return { mode, retention: number };
  const hour_ms = 3_600_000;
  const retention_ms = number === undefined ? readDuration_ms(text) : number * hour_ms;
  if (mode === 'periodic' && retention_ms === 0) return { mode: 'off' };
  if (mode === 'periodic' && retention_ms !== undefined) return { mode, retention_ms };
  const takes = mode === 'periodic' ? 'a duration such as 90m or 12h, or a number of hours' : 'a number of revisions';
  throw new ConfigError(
    `--auto-compaction-retention: ${JSON.stringify(text)} is not what it takes: ${takes}, or 0 for off`,
  );
}
