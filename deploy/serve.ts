/** `quorate serve`: one node in this process, until it is told to stop or cannot go on. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { startNode } from '../actors/node.js';
import type { Journal } from '../actors/ports.js';
import { ConfigError, resolveOptions } from './config.js';
import type { Given } from './config.js';
import { composeNode } from './container.js';
import { exitCodeOf, exitCodes } from './exit-codes.js';
import { listen } from './metrics/listener.js';
import { isOpenToOthers, natsAccess } from './nats-access.js';
import { nodeSettings, serveOptions } from './node-options.js';
import { errorText, openJournal } from './observe.js';
import { readPeerKey } from './peer-key.js';
import { onStop } from './processes.js';
import { warnOfSetting, warnOfVariables } from './warnings.js';

/** What `quorate up` alone takes, and its nodes inherit. */
const upOnly = ['nodes', 'nats-port', 'nats-nodes'];

/** What a put runs through is many small functions: optimized after a seventh of the usual time, and kept. */
function optimizeEarly(): void {
  setFlagsFromString('--interrupt-budget=10000');
  setFlagsFromString('--no-flush-bytecode');
}

/** Runs until the node has ended; the answer is the exit code. */
export async function serve(given: Given, compose: typeof composeNode = composeNode): Promise<number> {
  optimizeEarly();
  const values = resolveOptions(serveOptions, given);
  const settings = nodeSettings(values);
  const journal = openJournal(settings.name, values['log-level'], values['log-format']);
  const access = natsAccess(values, values.servers);
  const peerKey = readPeerKey(values['peer-key-file'], settings, journal);
  const directory = prepareDirectory(values['data-dir'] ?? `${settings.name}.quorate`);
  if (isOpenToOthers(access)) {
    journal.warn('the NATS servers ask for no credentials: whoever reaches them can read and write', {
      servers: access.servers,
    });
  }
  if (values.drill) journal.warn('--drill: whoever reaches NATS can pause, isolate and stop this node');
  warnOfSetting(settings, directory, journal);
  warnOfVariables(given.environment, [...Object.keys(serveOptions), ...upOnly], journal);
  const ports = compose({
    directory,
    access,
    peerKey,
    settings,
    journal,
    drill: values.drill,
  });
  const urls = values['listen-metrics-urls'];
  // Loaded where somebody is to look: it would make every start longer.
  const monitor = urls === undefined ? null : await import('./metrics/monitor.js');
  const listener = await listen(urls ?? []);
  const node = startNode(ports, settings);
  monitor?.showNode(listener, node, ports, settings);
  endOnFault(journal);
  onStop((why) => {
    journal.info('stopping', { why });
    // Hands over, drains and closes.
    void node.stop();
  });
  void node.serving.then(() => {
    process.stdout.write(`ready: node ${settings.name}, cluster ${settings.cluster_name}\n`);
  });
  const outcome = await node.closed;
  await listener.close();
  if (outcome.ok) return exitCodes.stopped;
  journal.error('the node has ended', { error: outcome.error });
  return exitCodeOf(outcome.error);
}

function prepareDirectory(given: string): string {
  const directory = resolve(given);
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConfigError(`--data-dir: ${JSON.stringify(given)} is not a directory to write in: ${errorText(error)}`);
  }
  return directory;
}

/** What nobody caught is a fault whose extent is unknown: the node does not limp on. */
function endOnFault(journal: Journal): void {
  const end = (error: unknown) => {
    journal.error('fault', { error: error instanceof Error ? (error.stack ?? error.message) : error });
    process.exit(exitCodeOf(error));
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
