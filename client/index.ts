/** The package's door: a client for Quorate, and everything that its callers name. */
import { connectLink } from '../transport/nats-link.js';
import { clientOver } from './client.js';
import type { Client, ConnectOptions } from './types.js';

const DEFAULT_SERVERS = 'nats://127.0.0.1:4222';

/** Connects to the NATS servers; rejects when none lets us in. The cluster itself may still be without a leader. */
export function connect(options: ConnectOptions = {}): Promise<Client> {
  const { servers = DEFAULT_SERVERS, tls } = options;
  return clientOver(options, (clock) =>
    connectLink(
      {
        servers: typeof servers === 'string' ? servers.split(',') : servers,
        user: options.user,
        password: options.password,
        token: options.token,
        nkey_seed: options.nkey,
        credentials_file: options.creds,
        ...(tls === undefined ? {} : { tls: { ca_file: tls.ca, cert_file: tls.cert, key_file: tls.key } }),
      },
      clock,
      options.name,
    ),
  );
}

export { QuorateError } from '../machines/language/errors.js';
export { compare, keyExists, keyMissing, op } from './txn.js';
export type { Comparable } from './txn.js';
export type * from './types.js';
