/** From what callers write to what the link dials with. */
import type { ConnectionOptions } from '../transport/nats-link.js';
import type { ConnectOptions } from './types.js';

const DEFAULT_SERVERS = 'nats://127.0.0.1:4222';

export function accessOf(options: ConnectOptions): ConnectionOptions {
  const { servers = DEFAULT_SERVERS, tls } = options;
  return {
    servers: typeof servers === 'string' ? servers.split(',').map((server) => server.trim()) : servers,
    user: options.user,
    password: options.password,
    token: options.token,
    nkey_seed: options.nkey,
    credentials_file: options.creds,
    inbox_prefix: options.inboxPrefix,
    ...(tls === undefined ? {} : { tls: { ca_file: tls.ca, cert_file: tls.cert, key_file: tls.key } }),
  };
}
