/** Service discovery: endpoints register on a lease, clients see the live list. Keys and records as in etcd. */
import { QuorateError } from '../../machines/language/errors.js';
import type { CallOptions, Client, KeyValue } from '../types.js';
import { viewed } from './live-view.js';
import { appear, type Presence, type PresenceOptions } from './presence.js';
import { textOf } from './queue-of-keys.js';

export interface Endpoint {
  /** Unique in its service. */
  readonly id: string;
  readonly address: string;
  /** Whatever JSON can hold. */
  readonly metadata?: unknown;
}

export interface Registration extends Pick<Presence, 'here'> {
  /** Changes what is said of it. */
  update(change: Omit<Endpoint, 'id'>): Promise<void>;
  deregister(): Promise<void>;
}

export interface ServiceRegistry {
  /** Registered for as long as this process lives, and again after a loss of its lease. */
  register(endpoint: Endpoint, options?: PresenceOptions): Promise<Registration>;
  list(options?: CallOptions): Promise<readonly Endpoint[]>;
  /** The list now, and the whole list again after each change. */
  watch(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<readonly Endpoint[]>;
}

export function createServiceRegistry(client: Client, service: string): ServiceRegistry {
  const prefix = `${service}/`;
  const endpointsOf = (kvs: Iterable<KeyValue>): readonly Endpoint[] =>
    [...kvs].map((kv) => decode(textOf(kv.key).slice(prefix.length), textOf(kv.value)));
  return {
    register: async (endpoint, options) => {
      const presence = await appear(client, `${prefix}${endpoint.id}`, encode(endpoint), options);
      return {
        get here() {
          return presence.here;
        },
        update: (change) => presence.update(encode(change)),
        deregister: () => presence.leave(),
      };
    },
    list: async (options) => endpointsOf((await client.kv.get(prefix, { prefix: true, ...options })).kvs),
    watch: ({ signal } = {}) =>
      viewed(client, { key: prefix, prefix: true }, signal, ({ kvs }) => inOrder(endpointsOf(kvs.values()))),
  };
}

const inOrder = (endpoints: readonly Endpoint[]): readonly Endpoint[] =>
  [...endpoints].sort((a, b) => (a.id < b.id ? -1 : 1));

const encode = ({ address, metadata }: Omit<Endpoint, 'id'>): string =>
  JSON.stringify({ Op: 0, Addr: address, Metadata: metadata ?? null });

function decode(id: string, text: string): Endpoint {
  const record = JSON.parse(text) as { readonly Addr?: unknown; readonly Metadata?: unknown };
  if (typeof record.Addr !== 'string') {
    throw new QuorateError('FailedPrecondition', `quorate: the record of endpoint ${id} has no address: ${text}`);
  }
  const endpoint = { id, address: record.Addr };
  return record.Metadata == null ? endpoint : { ...endpoint, metadata: record.Metadata };
}
