/** `quorate up`: a NATS server and the nodes of a cluster on this machine, in the foreground, until Ctrl-C. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { awaitLeader } from './await-leader.js';
import { withoutSecrets } from '../transport/addresses.js';
import { collectTexts, ConfigError, resolveOptions } from './config.js';
import type { Given, Options, Values } from './config.js';
import { describeEnd, exitCodes } from './exit-codes.js';
import { checkListenable } from './metrics/listener.js';
import { startNatsServers } from './nats-server.js';
import type { NatsServer } from './nats-server.js';
import { natsAccess } from './nats-access.js';
import { clusterOptions } from './node-options.js';
import { startNode } from './node-process.js';
import type { NodeProcess } from './node-process.js';
import { endChild, hasEnded } from './processes.js';
import { claimDirectory } from './up-lock.js';
import { listenUrl, listOf, oneOf, path, wholeNumber } from './values.js';

const drain_max_ms = 10_000;

export const upOptions = {
  nodes: { says: 'how many nodes', kind: wholeNumber(1, 31), preset: 3 },
  'data-dir': { says: 'directory for everything', kind: path, preset: 'data' },
  'nats-port': { says: 'port of the NATS server to start', kind: wholeNumber(1, 65_000), preset: 4222 },
  'nats-nodes': { says: '1, or 3 for a NATS cluster on the ports from there on', kind: oneOf('1', '3'), preset: '1' },
  'listen-metrics-urls': {
    says: 'where each node answers /metrics, /health, /livez, /readyz and /version, one for each, in order',
    kind: listOf(listenUrl, 31),
  },
  ...clusterOptions,
  servers: {
    ...clusterOptions.servers,
    says: 'running NATS servers to use instead of starting one',
    preset: undefined,
  },
  'config-file': { says: 'YAML file with flags as keys', kind: path },
} satisfies Options;
type UpValues = Values<typeof upOptions>;

/** Runs until everything has ended; the answer is the exit code. */
export async function up(given: Given): Promise<number> {
  const values = resolveOptions(upOptions, given);
  checkAccess(values);
  await checkMetricsUrls(values['listen-metrics-urls'], values.nodes);
  const directory = resolve(values['data-dir']);
  await mkdir(directory, { recursive: true });
  const release = await claimDirectory(directory);
  const cluster = new Cluster();
  stopOnSignals(cluster);
  try {
    const servers = values.servers ?? (await cluster.startNats(directory, values));
    const peerKeyFile = await makePeerKey(directory);
    cluster.startNodes(directory, { ...values, servers }, forwardedTexts(given), peerKeyFile);
    await tellWhenReady(cluster, servers, values);
    return await cluster.ended;
  } finally {
    await cluster.stop();
    await release();
  }
}

/** Its own NATS servers take anybody, and only from this machine. */
function checkAccess(values: UpValues): void {
  natsAccess(values, values.servers ?? []);
  const tls = (['cacert', 'cert', 'key'] as const).find((flag) => values[flag] !== undefined);
  if (values.servers !== undefined || tls === undefined) return;
  throw new ConfigError(
    `--${tls}: the NATS server that quorate up starts has no TLS: leave it out, or give --servers with running ones`,
  );
}

async function checkMetricsUrls(urls: readonly string[] | undefined, nodes: number): Promise<void> {
  if (urls === undefined) return;
  if (urls.length !== nodes) {
    throw new ConfigError(
      `--listen-metrics-urls: ${urls.length} given for ${nodes} nodes (${urls.join(',')}): it takes one for each ` +
        'node, in order, or leave it out',
    );
  }
  await checkListenable(urls);
}

/** The processes of one `up`. */
class Cluster {
  private natsServers: readonly NatsServer[] = [];
  private nodes: readonly NodeProcess[] = [];
  private stopping: Promise<void> | undefined;
  private end: (code: number) => void = () => undefined;
  readonly ended = new Promise<number>((settle) => {
    this.end = settle;
  });

  async startNats(directory: string, values: UpValues): Promise<readonly string[]> {
    this.natsServers = await startNatsServers(
      join(directory, 'nats'),
      Number(values['nats-nodes']),
      values['nats-port'],
    );
    for (const server of this.natsServers) {
      server.process.once('exit', (code, signal) => {
        if (this.stopping) return;
        say(`${server.name} ended: ${describeEnd(code, signal)}. To start it again:\n  ${server.command}`);
      });
    }
    return this.natsServers.map((server) => server.url);
  }

  startNodes(
    directory: string,
    values: UpValues & { readonly servers: readonly string[] },
    texts: ReadonlyMap<string, string>,
    peerKeyFile: string,
  ): void {
    const names = Array.from({ length: values.nodes }, (_, place) => `n${place + 1}`);
    const urls = values['listen-metrics-urls'];
    this.nodes = names.map((name, place) =>
      startNode(
        {
          name,
          'initial-members': names.join(','),
          'data-dir': join(directory, name),
          'peer-key-file': peerKeyFile,
          servers: values.servers.join(','),
          ...(urls?.[place] === undefined ? {} : { 'listen-metrics-urls': urls[place] }),
        },
        texts,
      ),
    );
    for (const node of this.nodes) void this.watch(node);
  }

  /** Resolves when each node serves or has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.nodes.map((node) => Promise.race([node.ready, node.ended])));
  }

  private async watch(node: NodeProcess): Promise<void> {
    const { code, signal } = await node.ended;
    if (this.stopping) return;
    say(`${node.name} ended: ${describeEnd(code, signal)}. To start it again:\n  ${node.command}`);
    if (this.nodes.every((each) => hasEnded(each.child))) {
      say('no node is left: stopping');
      this.end(exitCodes.failed);
    }
  }

  /** Nodes first, so that they can hand over and drain; then NATS. */
  stop(): Promise<void> {
    this.stopping ??= (async () => {
      await Promise.all(this.nodes.map((node) => endChild(node.child, drain_max_ms)));
      await Promise.all(this.natsServers.map((server) => endChild(server.process, drain_max_ms)));
      this.end(exitCodes.stopped);
    })();
    return this.stopping;
  }
}

/** Prints the one line that scripts wait for. */
async function tellWhenReady(cluster: Cluster, servers: readonly string[], values: UpValues): Promise<void> {
  const name = values['cluster-name'];
  const told = await Promise.race([
    cluster.ended,
    Promise.all([awaitLeader(name, natsAccess(values, servers)), cluster.settled()]),
  ]);
  if (Array.isArray(told))
    process.stdout.write(`ready: cluster ${name}, ${values.nodes} nodes, ${servers.map(withoutSecrets).join(',')}\n`);
}

/** Ctrl-C, the system's request, or the terminal closed. */
function stopOnSignals(cluster: Cluster): void {
  const stop = () => void cluster.stop();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  // A terminal that is gone takes no more output; that is no reason to end before the nodes have.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** What was given here and is the same for every node, as it was written. */
function forwardedTexts(given: Given): ReadonlyMap<string, string> {
  const texts = [...collectTexts(upOptions, given)].filter(([flag]) => flag in clusterOptions && flag !== 'servers');
  return new Map(texts.map(([flag, { text }]) => [flag, text]));
}

async function makePeerKey(directory: string): Promise<string> {
  const file = join(directory, 'peer.key');
  if (!existsSync(file)) await writeFile(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  return file;
}

function say(what: string): void {
  process.stderr.write(`quorate up: ${what}\n`);
}
