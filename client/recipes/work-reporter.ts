/** The progress of a piece of work, 0 to 100 %, for everyone to follow. */
import { badRequest, QuorateError } from '../../machines/language/errors.js';
import type { Client } from '../types.js';
import { viewed } from './live-view.js';
import { appear, type PresenceOptions } from './presence.js';
import { textOf } from './queue-of-keys.js';

export interface Progress {
  /** A whole number from 0 to 100. */
  readonly percent: number;
  readonly note: string;
}

export interface WorkReporter {
  /** Says how far it is; 100 ends the work, and stays. Rejects where it goes backwards. */
  report(percent: number, note?: string): Promise<void>;
  /** Gives up: the report goes, and followers hear that the work ended before its end. */
  abandon(): Promise<void>;
}

/** Begins at 0 %. The report stands as long as the worker lives, and for good once it is at 100 %. */
export async function startWork(client: Client, key: string, options: PresenceOptions = {}): Promise<WorkReporter> {
  let last = 0;
  const presence = await appear(client, key, encode({ percent: 0, note: '' }), options);
  return {
    report: async (percent, note = '') => {
      if (!Number.isInteger(percent) || percent < last || percent > 100) {
        throw badRequest(`client: the progress is ${percent} %; it must be a whole number from ${last} to 100`);
      }
      last = percent;
      if (percent < 100) return presence.update(encode({ percent, note }));
      await client.kv.put(key, encode({ percent, note }));
      await presence.leave();
    },
    abandon: () => presence.leave(),
  };
}

/**
 * The progress now and as it goes on, until 100 %. Values in between may be left out. Throws when the work ended before
 * its end.
 */
export async function* followWork(client: Client, key: string, signal?: AbortSignal): AsyncGenerator<Progress> {
  let begun = false;
  for await (const kv of viewed(client, { key, prefix: false }, signal, ({ kvs }) => kvs.get(key))) {
    if (kv === undefined && begun) throw new QuorateError('Aborted', `quorate: the work ${key} ended before its end`);
    if (kv === undefined) continue;
    begun = true;
    const progress = JSON.parse(textOf(kv.value)) as Progress;
    yield progress;
    if (progress.percent === 100) return;
  }
}

const encode = (progress: Progress): string => JSON.stringify(progress);
