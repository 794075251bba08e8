/**
 * A client's connection to NATS: requests with one answer or several, on one inbox; answers in pieces are put
 * together.
 */
import { createInbox, Events, type Msg, type NatsConnection, type Status, type Subscription } from 'nats';
import type { Clock } from '../machines/language/time.js';
import { limits } from '../machines/language/limits.js';
import { connectNats, guarded, plainBytes } from './nats-connection.js';
import type { ConnectionOptions } from './nats-credentials.js';
import { headersOf, toNatsHeaders } from './nats-headers.js';
import { notAllowed, refusalIn } from './nats-refusals.js';
import { pieceOf } from './piece-headers.js';
import { addPiece, type Assembly } from './pieces.js';
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

const NO_RESPONDERS = 503;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();

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
      return this.refused(subject, body, error);
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
    if (waiting === undefined) return;
    try {
      if (message.data.length === 0 && headersOf(message)?.code === NO_RESPONDERS) {
        this.end(token)?.reject(new LinkError('noResponders', 'nobody serves this'));
        return;
      }
      const answer = this.whole(waiting, toLinkMessage(message));
      if (answer !== undefined && waiting.onAnswer(answer) === 'done') this.end(token)?.resolve();
    } catch (error) {
      this.end(token)?.reject(error);
    }
  }

  /** The message, or the one whose last piece it is. A broken one counts as lost: the timeout tells. */
  private whole(waiting: Waiting, message: LinkMessage): LinkMessage | undefined {
    const piece = pieceOf(message);
    if (piece === undefined) return message;
    const assembled = addPiece(waiting.assembly, piece, limits.answer_bytes_max);
    waiting.assembly = assembled.state === 'more' ? assembled.assembly : undefined;
    return assembled.state === 'whole' ? { ...message, body: assembled.bytes } : undefined;
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

  private refused(subject: string, body: Uint8Array, error: unknown): LinkError {
    if (body.length + HEADER_BYTES > this.max_payload) {
      const text = `a message of ${body.length} bytes to ${subject}; the server takes ${this.max_payload} with headers`;
      return new LinkError('tooLarge', text, { cause: error });
    }
    return new LinkError('disconnected', error instanceof Error ? error.message : String(error), { cause: error });
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

/** What headers can add to a body, at most. */
const HEADER_BYTES = 2048;

function toLinkMessage(message: Msg): LinkMessage {
  const headers = headersOf(message);
  const body = plainBytes(message.data);
  const { subject, reply } = message;
  if (headers === undefined) return { body, headers: NO_HEADERS, subject, reply };
  const map = new Map(headers.keys().map((name): [string, string] => [name, headers.get(name)]));
  return { body, headers: map, subject, reply };
}
