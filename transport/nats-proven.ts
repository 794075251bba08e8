/** A connection that is tested by its own messages, and dialled anew when it does not hear them. */
import { Events, type NatsConnection, type PublishOptions, type Status } from 'nats';
import type { Clock } from '../machines/language/time.js';
import { connectNats } from './nats-connection.js';
import type { ConnectionOptions } from './nats-credentials.js';
import { refusalIn } from './nats-refusals.js';
import { LinkError, type LinkMeters, type Refused } from './ports.js';

const REDIAL_WAIT_MS = 100;
/** Where asking again comes to the same until somebody changes the server's configuration. */
const REFUSED_WAIT_MS = 2_000;

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
  /** Why it is not let in, and what it is not allowed to do. */
  refused: Refused;
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
  private barred = false;
  private redial: unknown = null;
  /** Bytes published on this connection; those that a probe was sent behind; those that came through before one. */
  private published = 0;
  private probed = 0;
  private passed = 0;
  private breaks = 0;
  private reconnects = 0;
  private slow_consumers = 0;

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

  /**
   * What was published and is not known to have passed the server, which takes things in order: nats.js and the socket
   * hold as much as they are given.
   */
  get unsent_bytes(): number {
    return this.published - this.passed;
  }

  /** How often it broke: what was published just before may be lost. */
  get interruptions(): number {
    return this.breaks;
  }

  get meters(): Omit<LinkMeters, 'link'> {
    const { connected, reconnects, slow_consumers } = this;
    return { connected, reconnects, slow_consumers };
  }

  get nats(): NatsConnection | null {
    return this.connection;
  }

  /** False, and nothing is sent, while disconnected. */
  publish(subject: string, bytes: Uint8Array, options?: PublishOptions): boolean {
    if (!this.put(subject, bytes, options)) return false;
    this.published += bytes.length;
    if (this.published - this.probed > BYTES_BEFORE_PROBE) this.sayProbe();
    return true;
  }

  private put(subject: string, bytes: Uint8Array, options?: PublishOptions): boolean {
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
    this.sayProbe();
    // After a stall its own words wait to be read: they are, before it is judged.
    if (this.overdue()) this.options.clock.soon(() => this.judge());
  }

  private sayProbe(): void {
    this.probed = this.published;
    const mark = new Uint8Array(8);
    new DataView(mark.buffer).setFloat64(0, this.published);
    this.put(this.options.probe_subject, mark);
  }

  private overdue(): boolean {
    return this.options.clock.now_ms() - this.heard_ms > this.options.silence_ms;
  }

  private judge(): void {
    if (this.closed || !this.overdue()) return;
    this.fallSilent();
    if (!this.dialling) void this.dial();
  }

  /** A subscription was refused or ended: as good as silent, until a connection that is allowed to have it. */
  bar(): void {
    if (this.closed || this.barred || this.dialling) return;
    this.barred = true;
    this.fallSilent();
    this.dialAfter(REFUSED_WAIT_MS);
  }

  private fallSilent(): void {
    if (this.silent) return;
    this.silent = true;
    this.options.state('silent');
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
    this.barred = false;
    this.heard_ms = this.options.clock.now_ms();
    [this.published, this.probed, this.passed] = [0, 0, 0];
    if (before !== null) this.breaks++;
    if (before !== null) void before.close();
    if (this.breaks > 0) this.reconnects++;
    connection.subscribe(this.options.probe_subject, {
      callback: (error, message) => {
        if (error === null && this.connection === connection) this.hear(message.data);
      },
    });
    this.options.attach(connection);
    void this.follow(connection);
    this.sayProbe();
  }

  private hear(mark: Uint8Array): void {
    if (mark.length === 8) this.passed = new DataView(mark.buffer, mark.byteOffset).getFloat64(0);
    this.heard_ms = this.options.clock.now_ms();
    // What was refused before this was said is known once this turn's words are read.
    if (this.silent) this.options.clock.soon(() => this.endSilence());
  }

  private endSilence(): void {
    if (!this.silent || this.barred || this.closed) return;
    this.silent = false;
    this.options.state('heard');
  }

  private async follow(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (this.connection !== connection) return;
      if (status.type === Events.Disconnect) this.fallOffline();
      if (status.type === Events.Reconnect) this.comeBack();
      this.heedRefusal(status);
    }
    if (this.connection === connection) this.online = false;
  }

  private fallOffline(): void {
    this.online = false;
    this.breaks++;
  }

  private comeBack(): void {
    this.online = !this.closed;
    this.reconnects++;
  }

  private heedRefusal(status: Status): void {
    const refusal = refusalIn(status);
    if (refusal === undefined || this.closed) return;
    if (/slow consumer/i.test(refusal.text)) this.slow_consumers++;
    this.options.refused(`${this.options.name}: ${refusal.key}`, `${this.options.name}: ${refusal.text}`);
    if (refusal.subscription !== undefined) this.bar();
  }

  private dialAfter(delay_ms: number): void {
    this.options.clock.clearTimeout(this.redial);
    this.redial = this.options.clock.setTimeout(() => void this.dial(), delay_ms);
  }

  private async dial(): Promise<void> {
    this.options.clock.clearTimeout(this.redial);
    this.dialling = true;
    this.letGo();
    try {
      const connection = await connectNats(this.options.connection, this.options.name);
      this.dialling = false;
      if (this.closed) await connection.close();
      else this.use(connection);
    } catch (error) {
      if (this.closed) return;
      this.options.refused(`${this.options.name}: dial`, error instanceof Error ? error.message : String(error));
      this.dialAfter(error instanceof LinkError && error.reason === 'refused' ? REFUSED_WAIT_MS : REDIAL_WAIT_MS);
    }
  }

  /** nats.js would go on dialling beside us, and it does not say why it is not let in. */
  private letGo(): void {
    if (this.online || this.connection === null) return;
    const before = this.connection;
    this.connection = null;
    void before.close();
  }
}

/** How much may leave before it is asked whether it has passed. */
const BYTES_BEFORE_PROBE = 4 * 1024 * 1024;
