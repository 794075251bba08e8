/** Getting to NATS, for nodes and clients alike: the options, the first dial, and what callbacks must keep to. */
import { readFileSync } from 'node:fs';
import {
  connect,
  type ConnectionOptions as NatsOptions,
  credsAuthenticator,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
} from 'nats';
import { LinkError } from './ports.js';

/** Everything NATS takes to let someone in. */
export interface ConnectionOptions {
  readonly servers: readonly string[];
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  readonly nkey_seed?: string | undefined;
  readonly credentials_file?: string | undefined;
  readonly tls?: {
    readonly ca_file?: string | undefined;
    readonly cert_file?: string | undefined;
    readonly key_file?: string | undefined;
  };
  readonly inbox_prefix?: string | undefined;
  readonly dial_timeout_ms?: number | undefined;
}

const DIAL_TIMEOUT_MS = 2_000;
const toUtf8 = new TextEncoder();

/**
 * Connects once, or throws a LinkError that names the servers and never a credential. Reconnects for ever after that.
 */
export async function connectNats(options: ConnectionOptions, name: string): Promise<NatsConnection> {
  try {
    return await connect(natsOptions(options, name));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const servers = options.servers.map(withoutCredentials).join(', ');
    throw new LinkError('disconnected', `quorate: no NATS server of ${servers} lets ${name} in: ${reason}`, {
      cause: error,
    });
  }
}

function natsOptions(options: ConnectionOptions, name: string): NatsOptions {
  const timeout = options.dial_timeout_ms ?? DIAL_TIMEOUT_MS;
  const given: NatsOptions = {
    servers: [...options.servers],
    name,
    timeout,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 50,
    reconnectJitterTLS: 100,
    pingInterval: 5_000,
    maxPingOut: 2,
    noAsyncTraces: true,
    ignoreAuthErrorAbort: true,
  };
  if (options.user !== undefined) given.user = options.user;
  if (options.password !== undefined) given.pass = options.password;
  if (options.token !== undefined) given.token = options.token;
  if (options.inbox_prefix !== undefined) given.inboxPrefix = options.inbox_prefix;
  if (options.tls !== undefined) given.tls = tlsOptions(options.tls);
  if (options.nkey_seed !== undefined) given.authenticator = nkeyAuthenticator(toUtf8.encode(options.nkey_seed));
  if (options.credentials_file !== undefined) {
    given.authenticator = credsAuthenticator(readFileSync(options.credentials_file));
  }
  return given;
}

const tlsOptions = (tls: NonNullable<ConnectionOptions['tls']>): NonNullable<NatsOptions['tls']> => ({
  ...(tls.ca_file === undefined ? {} : { caFile: tls.ca_file }),
  ...(tls.cert_file === undefined ? {} : { certFile: tls.cert_file }),
  ...(tls.key_file === undefined ? {} : { keyFile: tls.key_file }),
});

/** `nats://user:secret@host:4222` → `nats://host:4222`. */
const withoutCredentials = (server: string): string => server.replace(/^([a-z]+:\/\/)?[^@/]*@/i, '$1');

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
