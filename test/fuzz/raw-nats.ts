/** A NATS client that says what it is told to say, byte by byte: headers that no library would send. */
import { connect, type Socket } from 'node:net';
import { within } from '../../deploy/clock.js';

export interface RawAnswer {
  /** As they came, with their first line; '' when there were none. */
  readonly headers: string;
  readonly body: Buffer;
  /** Where to answer; '' when nowhere. */
  readonly reply: string;
}

/** All answers to one request. */
export interface RawStream {
  /** Undefined when none comes in time. */
  next(wait_ms: number): Promise<RawAnswer | undefined>;
  close(): void;
}

export interface RawNats {
  /** The first answer, or undefined when none comes in time. `headers` is the whole block; null: a message without. */
  ask(
    subject: string,
    body: Uint8Array | string,
    headers?: Uint8Array | string | null,
    wait_ms?: number,
  ): Promise<RawAnswer | undefined>;
  /** The same with a reply subject of one's own, and nothing to wait for. */
  tell(subject: string, reply: string, body: Uint8Array | string, headers?: Uint8Array | string | null): void;
  /** Asks, and hears every answer. */
  stream(subject: string, body: Uint8Array | string): RawStream;
  close(): void;
}

const LINE_END = Buffer.from('\r\n');

export async function connectRaw(port: number): Promise<RawNats> {
  const inbox = `raw${Math.random().toString(36).slice(2)}`;
  const waiting = new Map<string, (answer: RawAnswer) => void>();
  const socket = connect(port, '127.0.0.1');
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    pending = hearAll(Buffer.concat([pending, bytes]), socket, waiting);
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.write(`CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB ${inbox}.* 1\r\n`);
  let asked = 0;

  const tell: RawNats['tell'] = (subject, reply, body, headers = null) => {
    const content = Buffer.from(body as string);
    if (headers === null) {
      socket.write(Buffer.concat([Buffer.from(`PUB ${subject} ${reply} ${content.length}\r\n`), content, LINE_END]));
      return;
    }
    const head = Buffer.from(headers as string);
    const sizes = `${head.length} ${head.length + content.length}`;
    socket.write(Buffer.concat([Buffer.from(`HPUB ${subject} ${reply} ${sizes}\r\n`), head, content, LINE_END]));
  };
  return {
    tell,
    ask: (subject, body, headers, wait_ms = 10_000) => {
      const reply = `${inbox}.${++asked}`;
      const answer = new Promise<RawAnswer>((resolve) => {
        waiting.set(reply, (heard) => {
          waiting.delete(reply);
          resolve(heard);
        });
      });
      tell(subject, reply, body, headers);
      return within(wait_ms, answer);
    },
    stream: (subject, body) => {
      const reply = `${inbox}.${++asked}`;
      const heard: RawAnswer[] = [];
      let more = (): void => undefined;
      waiting.set(reply, (answer) => {
        heard.push(answer);
        more();
      });
      tell(subject, reply, body);
      return {
        next: async (wait_ms) => {
          const some = new Promise<void>((resolve) => (more = resolve));
          if (heard.length === 0) await within(wait_ms, some);
          return heard.shift();
        },
        close: () => void waiting.delete(reply),
      };
    },
    close: () => socket.destroy(),
  };
}

/** Takes whole messages from the front; gives what is left. */
function hearAll(bytes: Buffer, socket: Socket, waiting: Map<string, (answer: RawAnswer) => void>): Buffer {
  for (;;) {
    const lineEnd = bytes.indexOf(LINE_END);
    if (lineEnd === -1) return bytes;
    const words = bytes.subarray(0, lineEnd).toString().split(' ');
    const [verb, subject = ''] = words;
    if (verb === 'PING') socket.write('PONG\r\n');
    if (verb === '-ERR') throw new Error(`the NATS server says ${words.join(' ')}`);
    if (verb !== 'MSG' && verb !== 'HMSG') {
      bytes = bytes.subarray(lineEnd + 2);
      continue;
    }
    const size = Number(words.at(-1));
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return bytes;
    const headersEnd = start + (verb === 'HMSG' ? Number(words.at(-2)) : 0);
    const headers = bytes.subarray(start, headersEnd).toString();
    const reply = words.length === (verb === 'HMSG' ? 6 : 5) ? (words[3] ?? '') : '';
    waiting.get(subject)?.({ headers, body: Buffer.from(bytes.subarray(headersEnd, start + size)), reply });
    bytes = bytes.subarray(start + size + 2);
  }
}
