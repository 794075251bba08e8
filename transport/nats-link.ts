/**
 * A client's connection to NATS: requests with one answer or several, on one inbox; answers in pieces are put
 * together.
 */
import { createInbox, Events, type Msg, type NatsConnection, type Status, type Subscription } from 'nats';
import type { Clock } from '../machines/language/time.js';
import { connectNats, guarded } from './nats-connection.js';
import type { ConnectionOptions } from './nats-credentials.js';
import { toNatsHeaders } from './nats-headers.js';
import { saysNobody, toLinkMessage, unsent } from './nats-messages.js';
import { notAllowed, refusalIn } from './nats-refusals.js';
import { wholeOf } from './piece-headers.js';
import type { Assembly } from './pieces.js';
import { type ClientLink, LinkError, type LinkMessage, type LinkStream, type StreamHandlers } from './ports.js';

/**
 * Connects, or rejects with a LinkError that names the servers, also when answers could not be heard. Every wait goes
 * through `clock`.
 */
export async function connectLink(
  options: ConnectionOptions,
  clock: Clock,
  name = 'quorate client',
): Promise<ClientLink> {
  const nats = await connectNats(options, name);
  const link = new NatsLink(nats, createInbox(options.inbox_prefix), clock);
  try {
    await link.admitted();
    return link;
  } catch (error) {
    await link.close();
    throw error;
  }
}

export type { ConnectionOptions } from './nats-credentials.js';

const NOTHING = new Uint8Array(0);

/** A request that is not answered in full yet, or a stream. */
interface Waiting {
  readonly subject: string;
  /** None: it waits for ever. */
  readonly timer: unknown;
  assembly: Assembly | undefined;
  onAnswer(message: LinkMessage): 'more' | 'done';
  resolve(): void;
  reject(error: unknown): void;
}

class NatsLink implements ClientLink {
  private readonly waiting = new Map<string, Waiting>();
  private online = true;
  private asked = 0;
  private answers: Subscription | null = null;
  /** What the server last refused, while it holds. */
  trouble: LinkError | undefined;

  constructor(
    private readonly nats: NatsConnection,
    private readonly inbox: string,
    private readonly clock: Clock,
  ) {
    this.listen();
    void this.follow();
  }

  /** Rejects when the server does not let us hear answers. */
  async admitted(): Promise<void> {
    await this.nats.flush();
    if (this.answers === null && this.trouble !== undefined) throw this.trouble;
  }

  /** Again with each request after a refusal: what is not allowed today may be tomorrow. */
  private listen(): void {
    const callback = guarded((error, message) => this.hear(error, message));
    this.answers = this.nats.subscribe(`${this.inbox}.*`, { callback });
  }

  get max_payload(): number {
    return this.nats.info?.max_payload ?? 0;
  }

  get connected(): boolean {
    return this.online && this.nats.info !== undefined;
  }

  async request(
    subject: string,
    body: Uint8Array,
    headers: ReadonlyMap<string, string>,
    timeout_ms: number,
  ): Promise<LinkMessage> {
    let answer: LinkMessage | undefined;
    await this.requestMany(subject, body, headers, timeout_ms, (message) => {
      answer = message;
      return 'done';
    });
    if (answer === undefined) throw new LinkError('timeout', `no answer from ${subject}`);
    return answer;
  }

  requestMany(
    subject: string,
    body: Uint8Array,
    headers: ReadonlyMap<string, string>,
    timeout_ms: number,
    onAnswer: (message: LinkMessage) => 'more' | 'done',
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.connected) return reject(this.whyNot());
      const token = (++this.asked).toString(36);
      const late = () =>
        this.end(token)?.reject(new LinkError('timeout', `no answer from ${subject} in ${timeout_ms} ms`));
      const timer = this.clock.setTimeout(late, timeout_ms);
      this.waiting.set(token, { subject, timer, assembly: undefined, onAnswer, resolve, reject });
      const error = this.send(token, subject, body, headers);
      if (error !== undefined) this.end(token)?.reject(error);
    });
  }

  stream(
    subject: string,
    body: Uint8Array,
    headers: ReadonlyMap<string, string>,
    handlers: StreamHandlers,
  ): LinkStream {
    const token = (++this.asked).toString(36);
    this.waiting.set(token, {
      subject,
      timer: undefined,
      assembly: undefined,
      onAnswer: (message) => {
        handlers.message(message);
        return 'more';
      },
      resolve: () => undefined,
      reject: (error) => handlers.ended(error as LinkError),
    });
    const error = this.connected ? this.send(token, subject, body, headers) : this.whyNot();
    if (error !== undefined) this.clock.soon(() => this.end(token)?.reject(error));
    return { close: () => void this.end(token) };
  }

  publish(subject: string, body: Uint8Array): boolean {
    if (!this.connected) return false;
    try {
      this.nats.publish(subject, body);
      return true;
    } catch {
      // Closed since, or too large: lost, as any message may be.
      return false;
    }
  }

  private send(
    token: string,
    subject: string,
    body: Uint8Array,
    headers: ReadonlyMap<string, string>,
  ): LinkError | undefined {
    try {
      if (this.answers === null) this.listen();
      const reply = `${this.inbox}.${token}`;
      this.nats.publish(subject, body, headers.size === 0 ? { reply } : { reply, headers: toNatsHeaders(headers) });
      return undefined;
    } catch (error) {
      return unsent(subject, body, this.max_payload, error);
    }
  }

  async close(): Promise<void> {
    this.online = false;
    this.rejectAll(new LinkError('closed', 'the connection was closed'));
    await this.nats.close();
  }

  private hear(error: Error | null, message: Msg): void {
    if (error !== null) {
      // Subscriptions to one's own inbox are refused only by permissions.
      this.answers = null;
      const reason = `${notAllowed('subscribe', `${this.inbox}.*`)}: choose an inbox prefix that it may have`;
      this.trouble = new LinkError('denied', `quorate: ${reason}`, { cause: error });
      return this.rejectAll(this.trouble);
    }
    const token = message.subject.slice(this.inbox.length + 1);
    const waiting = this.waiting.get(token);
    // A stream that was closed here goes on there until its member hears of it.
    if (waiting === undefined) return void (message.reply && this.publish(message.reply, NOTHING));
    try {
      if (saysNobody(message)) {
        this.end(token)?.reject(new LinkError('noResponders', 'nobody serves this'));
        return;
      }
      const { whole, assembly } = wholeOf(toLinkMessage(message), waiting.assembly);
      waiting.assembly = assembly;
      if (whole !== undefined && waiting.onAnswer(whole) === 'done') this.end(token)?.resolve();
    } catch (error) {
      this.end(token)?.reject(error);
    }
  }

  private end(token: string): Waiting | undefined {
    const waiting = this.waiting.get(token);
    this.waiting.delete(token);
    if (waiting !== undefined) this.clock.clearTimeout(waiting.timer);
    return waiting;
  }

  private rejectAll(error: LinkError, subject?: string): void {
    for (const [token, waiting] of [...this.waiting]) {
      if (subject === undefined || waiting.subject === subject) this.end(token)?.reject(error);
    }
  }

  /** [safety] Which of the messages on a subject was refused is not told, so each of them may have arrived. */
  private heedRefusal(status: Status): void {
    const refusal = refusalIn(status);
    if (refusal === undefined || refusal.subscription !== undefined) return;
    const denied = refusal.publish !== undefined;
    this.trouble = new LinkError(denied ? 'denied' : 'refused', `quorate: ${refusal.text}`);
    if (denied) this.rejectAll(this.trouble, refusal.publish);
  }

  private whyNot(): LinkError {
    return this.nats.isClosed()
      ? new LinkError('closed', 'the connection was closed')
      : new LinkError('disconnected', 'not connected to a NATS server', { cause: this.trouble });
  }

  private async follow(): Promise<void> {
    for await (const status of this.nats.status()) {
      if (status.type === Events.Disconnect) {
        this.online = false;
        this.rejectAll(new LinkError('disconnected', 'the connection to the NATS server was lost'));
      }
      if (status.type === Events.Reconnect) {
        this.online = true;
        this.trouble = undefined;
      }
      this.heedRefusal(status);
    }
    this.online = false;
  }
}
