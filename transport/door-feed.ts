/** The event feed as messages, the same through every door. */
import { limits } from '../machines/language/limits.js';
import type { EventFeed, FeedBeat, FeedEvent } from './ports.js';
import { beatSubject, eventSubject } from './subjects.js';
import { writeEvent } from './wire-watch.js';
import { print } from './wire-values.js';

/** As much of a connection as the feed needs. */
export interface FeedLink {
  /** The largest message that can leave now. */
  readonly max_payload: number;
  /** Bytes that were sent and have not passed the server. */
  readonly unsent_bytes: number;
  readonly interruptions: number;
  publish(subject: string, body: Uint8Array): boolean;
}

export const createFeed = (cluster_name: string, link: FeedLink): EventFeed => ({
  tell: (event) => {
    if (link.unsent_bytes > limits.event_feed_unsent_bytes_max) return false;
    const body = encodeFeedEvent(event, 'whole');
    const fits = body.length <= link.max_payload;
    return link.publish(eventSubject(cluster_name, event.tokens), fits ? body : encodeFeedEvent(event, 'truncated'));
  },
  beat: (beat) => link.publish(beatSubject(cluster_name), encodeBeat(beat)),
  get interruptions() {
    return link.interruptions;
  },
});

/** Truncated: that something happened there and when, and nothing of what. */
function encodeFeedEvent({ event, term, revision, sub, numbers }: FeedEvent, how: 'whole' | 'truncated'): Uint8Array {
  const { prev_kv: _never, ...told } = writeEvent({ event, prev_kv: null });
  const place = { term, revision, sub, numbers };
  return print(how === 'whole' ? { ...place, ...told } : { ...place, type: event.type, truncated: true }, 'json');
}

const encodeBeat = ({ term, revision, unsent_revision }: FeedBeat): Uint8Array =>
  print({ term, revision, unsent_revision }, 'json');
