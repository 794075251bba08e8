/** A stream of watches of a real etcd through its JSON gateway, which takes all requests before it answers. */
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { object, list, number, pair, bytes, type Json } from './etcd-json.js';
import { type OpenWatch, tapOf, type WatchAsked, type WatchSaid } from './watch-tap.js';

function bodyOf(asked: WatchAsked): Json {
  if ('progress' in asked) return { progress_request: {} };
  if ('cancel' in asked) return { cancel_request: { watch_id: String(asked.cancel) } };
  const { key, range_end, filters, start_revision, watch_id, prev_kv, fragment } = asked.create;
  return {
    create_request: {
      key: bytes(key),
      range_end: bytes(range_end),
      start_revision: String(start_revision ?? 0),
      watch_id: String(watch_id ?? 0),
      prev_kv: prev_kv === true,
      fragment: fragment === true,
      filters: (filters ?? []).map((filter) => filter.toUpperCase()),
    },
  };
}

const saidBy = (result: Json): WatchSaid => ({
  watch_id: number(result['watch_id']),
  revision: number(object(result['header'])['revision']),
  created: result['created'] === true,
  canceled: result['canceled'] === true,
  compact_revision: number(result['compact_revision']),
  cancel_reason: (result['cancel_reason'] as string | undefined) ?? '',
  fragment: result['fragment'] === true,
  events: list(result['events']).map((event) => ({
    type: event['type'] === 'DELETE' ? 'delete' : 'put',
    kv: pair(object(event['kv'])),
    prev_kv: event['prev_kv'] === undefined ? null : pair(object(event['prev_kv'])),
  })),
});

export const etcdWatch =
  (url: string): OpenWatch =>
  (asked) =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}/v3/watch`, { method: 'POST' }, (answer) => {
        const { tap, add } = tapOf(async () => void sent.destroy());
        const answers = createInterface({ input: answer });
        // Closing a stream aborts its answer.
        for (const ending of [answer, answers]) ending.on('error', () => undefined);
        answers.on('line', (line) => {
          const said = JSON.parse(line) as Json;
          if (said['result'] !== undefined) add(saidBy(object(said['result'])));
        });
        resolve(tap);
      });
      sent.on('error', reject);
      for (const each of asked) sent.write(`${JSON.stringify(bodyOf(each))}\n`);
      sent.end();
    });
