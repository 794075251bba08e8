/**
 * Getting to NATS, for nodes and clients alike: the options, and a connection that is tested by its own messages and
 * dialled anew.
 */
import { readFileSync } from 'node:fs';
import {
  connect,
  type ConnectionOptions as NatsOptions,
  credsAuthenticator,
  Events,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  nkeyAuthenticator,
} from 'nats';
import type { Clock } from '../machines/language/time.js';
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
const REDIAL_WAIT_MS = 100;
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

/* ---- a connection that proves itself --------------------------------------------------------------------------- */

export interface ProvenOptions {
  readonly connection: ConnectionOptions;
  readonly name: string;
  /** Where it says something to itself. */
  readonly probe_subject: string;
  /** Silent for so long, it counts as lost and is dialled anew. */
  readonly silence_ms: number;
  readonly clock: Clock;
  /** Subscribes on a connection that was just dialled; the one before, if there was one, is gone. */
  attach(connection: NatsConnection): void;
  state(state: 'silent' | 'heard'): void;
}

/**
 * nats.js keeps what is published while disconnected in an unbounded buffer, loses some of it and sends the rest
 * late; its own reconnect can wait for ever on a socket that takes nothing. So: nothing is published unless
 * connected, and a connection that no longer hears itself is replaced by a new one.
 */
export class ProvenConnection {
  private connection: NatsConnection | null = null;
  private online = false;
  private dialling = false;
  private closed = false;
  private heard_ms = 0;
  private silent = false;
  private redial: unknown = null;

  constructor(private readonly options: ProvenOptions) {}

  /** Resolves when the server knows its subscriptions; rejects when no server lets it in. */
  async open(): Promise<void> {
    const connection = await connectNats(this.options.connection, this.options.name);
    this.use(connection);
    await connection.flush();
  }

  get connected(): boolean {
    // Its information is gone while nats.js dials, a moment before it says so.
    return this.online && this.connection?.info !== undefined;
  }

  /** Of the server that it is connected to now. */
  get max_payload(): number {
    return this.connection?.info?.max_payload ?? 0;
  }

  get nats(): NatsConnection | null {
    return this.connection;
  }

  /** False, and nothing is sent, while disconnected. */
  publish(
    subject: string,
    bytes: Uint8Array,
    options?: { readonly headers?: MsgHdrs; readonly reply?: string },
  ): boolean {
    if (!this.connected || this.connection === null) return false;
    try {
      this.connection.publish(subject, bytes, options);
      return true;
    } catch {
      // Closed since, or larger than a max_payload that changed this moment: lost, as any message may be.
      return false;
    }
  }

  probe(): void {
    if (this.closed) return;
    this.publish(this.options.probe_subject, NOTHING);
    if (this.options.clock.now_ms() - this.heard_ms <= this.options.silence_ms) return;
    if (!this.silent) {
      this.silent = true;
      this.options.state('silent');
    }
    // While it knows itself to be disconnected it dials already.
    if (!this.dialling && (this.online || this.connection === null || this.connection.isClosed())) void this.dial();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.online = false;
    this.options.clock.clearTimeout(this.redial);
    await this.connection?.close();
  }

  private use(connection: NatsConnection): void {
    const before = this.connection;
    this.connection = connection;
    this.online = true;
    this.heard_ms = this.options.clock.now_ms();
    if (before !== null) void before.close();
    connection.subscribe(this.options.probe_subject, { callback: () => this.hear() });
    this.options.attach(connection);
    void this.follow(connection);
    this.publish(this.options.probe_subject, NOTHING);
  }

  private hear(): void {
    this.heard_ms = this.options.clock.now_ms();
    if (!this.silent) return;
    this.silent = false;
    this.options.state('heard');
  }

  private async follow(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (this.connection !== connection) return;
      if (status.type === Events.Disconnect) this.online = false;
      if (status.type === Events.Reconnect) this.online = !this.closed;
    }
    if (this.connection === connection) this.online = false;
  }

  private async dial(): Promise<void> {
    this.dialling = true;
    try {
      const connection = await connectNats(this.options.connection, this.options.name);
      this.dialling = false;
      if (this.closed) await connection.close();
      else this.use(connection);
    } catch {
      // Already told as `silent`; the next attempt follows.
      if (!this.closed) this.redial = this.options.clock.setTimeout(() => void this.dial(), REDIAL_WAIT_MS);
    }
  }
}

const NOTHING = new Uint8Array(0);
