/** A link whose other end is the test: it sees every message a client sends, decoded, and answers as it likes. */
import { errorOf, type ErrorName, type QuorateError } from '../../machines/language/errors.js';
import type { ClusterId } from '../../machines/language/vocabulary.js';
import { memberId, revision } from '../../machines/language/vocabulary.js';
import type { WatchMessage, WatchRequest } from '../../machines/language/watching.js';
import type { Answer, ClientLink, LinkMessage, Operation, Request, WatchOpening } from '../../transport/ports.js';
import { LinkError } from '../../transport/ports.js';
import { type BatchRequest, decodeBatch, encodeBatchAnswers } from '../../transport/wire-batch.js';
import { decodeRequest, encodeAnswer } from '../../transport/wire.js';
import { encodeWatchMessage } from '../../transport/wire-watch.js';
import { decodeOpening, decodeWatchRequest } from '../../transport/wire-watch-requests.js';

const CLUSTER = 0xc0ffeen as ClusterId;

/** One message of the client. */
export interface Sent {
  readonly subject: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly client: Uint8Array | null;
  readonly requests: readonly BatchRequest[];
  readonly bytes: number;
  /** Answers some of its requests; `done` says that no more come. */
  answer(answers: readonly { readonly number: number; readonly answer: Answer }[], done?: boolean): void;
  /** Answers all of them, and that is that. */
  answerAll(make?: (request: Request) => Answer): void;
  /** Refuses the message as a whole. */
  refuse(name: ErrorName): void;
  /** Answers with bytes that are no answer. */
  garble(): void;
  fail(reason: LinkError['reason']): void;
}

/** A stream of watches that the client has opened. */
export interface Opened extends WatchOpening {
  /** What the client asked of it since the last call of this. */
  asked(): readonly WatchRequest[];
  /** Tells it something as the member that serves it. */
  say(message: Omit<WatchMessage, 'header' | 'ended'>, revision?: number, session?: number): void;
}

export interface ScriptedLink extends ClientLink {
  connected: boolean;
  max_payload: number;
  readonly sent: Sent[];
  readonly opened: Opened[];
  readonly closed: () => boolean;
  /** Called with each message; without it, messages just pile up in `sent`. */
  onSent: ((sent: Sent) => void) | undefined;
}

let index = 100;

const headerNow = (cluster = CLUSTER) => ({
  cluster_id: cluster,
  member_id: memberId(1n),
  revision: 5,
  raft_term: 2,
  raft_index: ++index,
});

export function okAnswer(request: Request, cluster = CLUSTER): Answer {
  const header = headerNow(cluster);
  const at = revision(5);
  switch (request.op) {
    case 'kv.put':
      return { ok: true, header, result: { op: 'kv.put', body: { revision: at, prev_kv: null, lease: 0n } } };
    case 'kv.delete':
      return { ok: true, header, result: { op: 'kv.delete', body: { revision: at, deleted: 1, prev_kvs: [] } } };
    case 'kv.range':
      return { ok: true, header, result: { op: 'kv.range', body: { revision: at, kvs: [], more: false, count: 0 } } };
    case 'kv.txn':
      return { ok: true, header, result: { op: 'kv.txn', body: { revision: at, succeeded: true, responses: [] } } };
    case 'cluster.list': {
      const member = (name: string, id: bigint) => ({
        id: memberId(id),
        name,
        peer_urls: [],
        client_urls: [],
        is_learner: false,
      });
      const members = [member('n1', 1n), member('n2', 2n)];
      return { ok: true, header, result: { op: 'cluster.list', body: { members } } };
    }
    default:
      return { ok: true, header, result: { op: 'kv.compact', body: { revision: at } } };
  }
}

export const noAnswer = (error: ErrorName | QuorateError, maybe_applied = false): Answer => ({
  ok: false,
  error: typeof error === 'string' ? errorOf(error, maybe_applied) : error,
});

export function scriptedLink(): ScriptedLink {
  let closed = false;
  const published: WatchRequest[] = [];
  const link: ScriptedLink = {
    max_payload: 1024 * 1024,
    connected: true,
    sent: [],
    opened: [],
    onSent: undefined,
    closed: () => closed,
    request: () => Promise.reject(new Error('the client asks by requestMany')),
    requestMany: (subject, body, headers, _timeout_ms, onAnswer) =>
      new Promise<void>((resolve, reject) => {
        const sent = open(subject, body, headers, onAnswer, resolve, reject);
        link.sent.push(sent);
        link.onSent?.(sent);
      }),
    stream: (_subject, body, _headers, handlers) => {
      link.opened.push({
        ...decodeOpening(body).opening,
        asked: () => published.splice(0),
        say: (message, revision = message.responses.at(-1)?.revision ?? 0, session = 1) => {
          const whole = { ...message, header: { ...headerNow(), revision }, ended: '' };
          handlers.message({
            body: encodeWatchMessage(whole, 'msgpack'),
            headers: new Map(),
            subject: '_INBOX',
            reply: `quorate.member.n1.watch.${session}`,
          });
        },
      });
      return { close: () => undefined };
    },
    publish: (_subject, body) => {
      published.push(decodeWatchRequest(body));
      return true;
    },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
  return link;
}

function open(
  subject: string,
  body: Uint8Array,
  headers: ReadonlyMap<string, string>,
  onAnswer: (message: LinkMessage) => 'more' | 'done',
  resolve: () => void,
  reject: (error: Error) => void,
): Sent {
  const batch = /\.batch(\.read)?$/.test(subject);
  const op = /(cluster|maintenance)\.[a-z]+$/.exec(subject)?.[0] as Operation | undefined;
  const { client, items } = batch
    ? decodeBatch(body)
    : { client: null, items: [{ number: 0, since: 0, request: decodeRequest(op ?? 'kv.range', body).request }] };
  const requests = items.map((item) => {
    if ('error' in item) throw item.error;
    return item;
  });
  const say = (bytes: Uint8Array, heads: ReadonlyMap<string, string>): void => {
    if (onAnswer({ body: bytes, headers: heads, subject: '_INBOX' }) === 'done') resolve();
  };
  const answer: Sent['answer'] = (answers, done = false) => {
    if (batch) for (const part of encodeBatchAnswers(answers, done, 'msgpack', 1 << 20)) say(part, new Map());
    else for (const one of answers) say(encodeAnswer(one.answer, 'msgpack').body, new Map());
  };
  return {
    subject,
    headers,
    client,
    requests,
    bytes: body.length,
    answer,
    answerAll: (make = okAnswer) =>
      answer(
        requests.map((one) => ({ number: one.number, answer: make(one.request) })),
        true,
      ),
    refuse: (name) => {
      const refusal = encodeAnswer({ ok: false, error: errorOf(name) }, 'msgpack');
      say(refusal.body, refusal.headers);
    },
    garble: () => say(Uint8Array.of(0x81, 0xc1), new Map()),
    fail: (reason) => reject(new LinkError(reason, reason)),
  };
}
