/** A client over any link: its connection, and the groups of calls that share it. */
import { badRequest } from '../machines/language/errors.js';
import type { Clock } from '../machines/language/time.js';
import type { ClientLink } from '../transport/ports.js';
import { checkName } from '../transport/subjects.js';
import { clientClock, clientRandom, keepClockOf } from './clock.js';
import { clusterOf } from './cluster.js';
import { openConnection } from './connection.js';
import { kvOf } from './kv.js';
import { leasesOf } from './lease.js';
import { maintenanceOf } from './maintenance.js';
import type { Client, ConnectOptions } from './types.js';
import { watchesOf } from './watch.js';

const DEFAULT_CLUSTER = 'quorate';
const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_WATCH_BUFFER_BYTES = 4 * 1024 * 1024;

/** `dial` makes the connection that `options` do not bring along. */
export async function clientOver(
  options: ConnectOptions,
  dial: (clock: Clock) => Promise<ClientLink>,
): Promise<Client> {
  const timeout_ms = positive('timeoutMs', options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const watch_buffer_bytes = positive('watchBufferBytes', options.watchBufferBytes ?? DEFAULT_WATCH_BUFFER_BYTES);
  const clock = options.clock ?? clientClock;
  const { link } = options;
  const connection = await openConnection({
    dial: () => (link === undefined ? dial(clock) : Promise.resolve(link)),
    clock,
    random: options.random ?? clientRandom,
    cluster: checkName('cluster name', options.clusterName ?? DEFAULT_CLUSTER),
    timeout_ms,
    watch_buffer_bytes,
  });
  const watches = watchesOf(connection);
  const { leases, close } = leasesOf(connection);
  const client: Client = {
    kv: kvOf(connection),
    lease: leases,
    watch: (key, options) => watches.watch(key, options),
    cluster: clusterOf(connection),
    maintenance: maintenanceOf(connection),
    close: () => {
      watches.close();
      close();
      return connection.close();
    },
  };
  keepClockOf(client, clock);
  return client;
}

function positive(option: string, value: number): number {
  if (!(value > 0)) throw badRequest(`client: ${option} is ${String(value)}; it must be above 0`);
  return value;
}
