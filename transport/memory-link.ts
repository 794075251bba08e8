/** A client's connection inside one process, on a MemoryNetwork. */
import type { Clock } from '../machines/language/time.js';
import type { MemoryNetwork, MemoryRequest } from './memory-network.js';
import { wholeOf } from './piece-headers.js';
import type { Assembly } from './pieces.js';
import { type ClientLink, LinkError, type LinkMessage, type LinkStream, type StreamHandlers } from './ports.js';

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

export class MemoryLink implements ClientLink {
  private readonly open = new Set<(error: LinkError) => void>();
  private closed = false;

  constructor(
    private readonly network: MemoryNetwork,
    private readonly clock: Clock,
    private readonly name = 'client',
  ) {}

  get max_payload(): number {
    return this.network.max_payload;
  }

  get connected(): boolean {
    return !this.closed;
  }

  async request(
    subject: string,
    body: Uint8Array,
    headers: ReadonlyMap<string, string>,
    timeout_ms: number,
  ): Promise<LinkMessage> {
    const answers: LinkMessage[] = [];
    await this.requestMany(subject, body, headers, timeout_ms, (message) => {
      answers.push(message);
      return 'done';
    });
    return answers[0] as LinkMessage;
  }

  requestMany(
    subject: string,
    body: Uint8Array,
    headers: ReadonlyMap<string, string>,
    timeout_ms: number,
    onAnswer: (message: LinkMessage) => 'more' | 'done',
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new LinkError('closed', 'the connection was closed'));
      if (body.length > this.max_payload) {
        return reject(
          new LinkError('tooLarge', `a message of ${body.length} bytes; the network takes ${this.max_payload}`),
        );
      }
      let over = false;
      let assembly: Assembly | undefined;
      const end = (): boolean => {
        if (over) return false;
        over = true;
        this.clock.clearTimeout(timer);
        this.open.delete(fail);
        return true;
      };
      const fail = (error: Error) => {
        if (end()) reject(error);
      };
      const timer = this.clock.setTimeout(
        () => fail(new LinkError('timeout', `no answer from ${subject} in ${timeout_ms} ms`)),
        timeout_ms,
      );
      this.open.add(fail);
      const hear = (message: LinkMessage) => {
        if (over) return;
        const { whole, assembly: rest } = wholeOf(message, assembly);
        assembly = rest;
        if (whole !== undefined && onAnswer(whole) === 'done' && end()) resolve();
      };
      const reply: MemoryRequest['reply'] = (from, answer, answerHeaders) => {
        const message = { body: answer, headers: answerHeaders, subject };
        this.network.schedule({ from, to: this.name, channel: 'answer', bytes: answer }, () => hear(message));
      };
      if (this.network.request(this.name, { subject, body, headers, reply })) return;
      const nobody = () => fail(new LinkError('noResponders', 'nobody serves this'));
      this.network.schedule({ from: 'server', to: this.name, channel: 'answer', bytes: new Uint8Array(0) }, nobody);
    });
  }

  stream(
    subject: string,
    body: Uint8Array,
    headers: ReadonlyMap<string, string>,
    handlers: StreamHandlers,
  ): LinkStream {
    let over = false;
    let assembly: Assembly | undefined;
    const close = (): void => {
      over = true;
      this.open.delete(fail);
    };
    const fail = (error: LinkError): void => {
      if (over) return;
      close();
      handlers.ended(error);
    };
    const later = (bytes: Uint8Array, from: string, deliver: () => void): void =>
      this.network.schedule({ from, to: this.name, channel: 'answer', bytes }, deliver);
    this.open.add(fail);
    const hear = (message: LinkMessage): void => {
      const { whole, assembly: rest } = wholeOf(message, assembly);
      assembly = rest;
      if (whole !== undefined) handlers.message(whole);
    };
    const reply: MemoryRequest['reply'] = (from, answer, answerHeaders, back) =>
      later(answer, from, () => {
        if (over) back?.gone();
        else hear({ body: answer, headers: answerHeaders, subject, reply: back?.subject });
      });
    const nobody = (): void => fail(new LinkError('noResponders', 'nobody serves this'));
    if (this.closed) {
      later(new Uint8Array(0), this.name, () => fail(new LinkError('closed', 'the connection was closed')));
    } else if (!this.network.request(this.name, { subject, body, headers, reply })) {
      later(new Uint8Array(0), 'server', nobody);
    }
    return { close };
  }

  publish(subject: string, body: Uint8Array): boolean {
    if (this.closed || body.length > this.max_payload) return false;
    this.network.request(this.name, { subject, body, headers: NO_HEADERS, reply: () => undefined });
    return true;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const fail of [...this.open]) fail(new LinkError('closed', 'the connection was closed'));
  }
}
