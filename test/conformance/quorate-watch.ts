/** A stream of watches of Quorate as any NATS client can have it, in JSON. */
import type { KeyValue } from '../../machines/language/commands.js';
import type { WatchResponse } from '../../machines/language/watching.js';
import type { ClientLink } from '../../transport/ports.js';
import { decodeWatchMessage } from '../../transport/wire-watch.js';
import type { Pair, Text } from './driver.js';
import { type OpenWatch, tapOf, type WatchAsked, type WatchSaid } from './watch-tap.js';

const bytesOf = (text: Text): unknown => ({ base64: Buffer.from(text, 'latin1').toString('base64') });
const textOf = (bytes: Uint8Array): Text => Buffer.from(bytes).toString('latin1');

function createOf({ create }: Extract<WatchAsked, { readonly create: unknown }>): Record<string, unknown> {
  const { key, range_end, ...rest } = create;
  return { key: bytesOf(key), range_end: bytesOf(range_end ?? ''), ...rest };
}

function requestOf(asked: WatchAsked): Record<string, unknown> {
  if ('create' in asked) return { create: createOf(asked) };
  return 'cancel' in asked ? { cancel: { watch_id: asked.cancel } } : { progress: {} };
}

const pair = (kv: KeyValue): Pair => ({ ...kv, key: textOf(kv.key), value: textOf(kv.value) });

/** One for each watcher that it is for, as etcd has it. */
const saidBy = (response: WatchResponse): readonly WatchSaid[] =>
  response.watch_ids.map((watch_id) => ({
    watch_id,
    revision: response.revision,
    created: response.created,
    canceled: response.canceled,
    compact_revision: response.compact_revision,
    cancel_reason: response.cancel_reason,
    fragment: response.fragment,
    events: response.events.map(({ event, prev_kv }) => ({
      type: event.type,
      kv: pair(event.kv),
      prev_kv: prev_kv === null ? null : pair(prev_kv),
    })),
  }));

/** The first of `asked` opens the stream; what follows goes where the first answer comes from. */
export const quorateWatch =
  (link: ClientLink, subject: () => Promise<string>): OpenWatch =>
  async (asked) => {
    const [first, ...rest] = asked;
    if (first === undefined || !('create' in first)) throw new Error('a stream begins with a watcher');
    const { tap, add } = tapOf(async () => stream.close());
    let spoken = false;
    const body = Buffer.from(JSON.stringify(createOf(first)));
    const stream = link.stream(await subject(), new Uint8Array(body), new Map(), {
      message: (message) => {
        const { responses } = decodeWatchMessage(message.body);
        for (const response of responses) for (const said of saidBy(response)) add(said);
        if (spoken || message.reply === undefined) return;
        spoken = true;
        for (const each of rest) {
          link.publish(message.reply, new Uint8Array(Buffer.from(JSON.stringify(requestOf(each)))));
        }
      },
      ended: (error) => {
        throw error;
      },
    });
    return tap;
  };
