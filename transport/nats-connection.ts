/** Getting to NATS, for nodes and clients alike: the options, the first dial, and what callbacks must keep to. */
import { connect, type ConnectionOptions as NatsOptions, type Msg, type NatsConnection } from 'nats';
import { withoutSecrets } from './addresses.js';
import { type AccessNames, accessOptions, type ConnectionOptions, wrongAccess } from './nats-credentials.js';
import { judgeRefusal } from './nats-refusals.js';
import { LinkError } from './ports.js';

const DIAL_TIMEOUT_MS = 2_000;

/**
 * Connects once, or throws a LinkError that names the servers, the reason and never a secret. Reconnects for ever after
 * that.
 */
export async function connectNats(options: ConnectionOptions, name: string): Promise<NatsConnection> {
  const wrong = wrongAccess(options, fieldNames);
  if (wrong.length > 0) throw new LinkError('refused', `quorate: ${wrong.join('; ')}`);
  try {
    return await connect(natsOptions(options, name));
  } catch (error) {
    const servers = options.servers.map(withoutSecrets).join(', ');
    const { reason, why } = judgeRefusal(error, options);
    throw new LinkError(reason, `quorate: no NATS server of ${servers} lets ${name} in: ${why}`, { cause: error });
  }
}

/** As callers in code know them. */
const fieldNames: AccessNames = {
  servers: 'servers',
  user: 'user',
  password: 'password',
  token: 'token',
  nkey_seed: 'nkey',
  credentials_file: 'creds',
  ca_file: 'tls.ca',
  cert_file: 'tls.cert',
  key_file: 'tls.key',
  inbox_prefix: 'inboxPrefix',
};

function natsOptions(options: ConnectionOptions, name: string): NatsOptions {
  return {
    ...accessOptions(options),
    name,
    timeout: options.dial_timeout_ms ?? DIAL_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 50,
    reconnectJitterTLS: 100,
    pingInterval: 5_000,
    maxPingOut: 2,
    noAsyncTraces: true,
    ignoreAuthErrorAbort: true,
  };
}

/** NATS hands out Buffers at times, whose slice() and prototype are others; the house knows Uint8Array alone. */
export const plainBytes = (data: Uint8Array): Uint8Array =>
  data.constructor === Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.length);

/**
 * A subscription's callback whose exceptions end the process: nats.js would log one and read nothing more from the
 * connection, and what is thrown here is a broken invariant.
 */
export const guarded =
  (callback: (error: Error | null, message: Msg) => void) =>
  (error: Error | null, message: Msg): void => {
    try {
      callback(error, message);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  };
