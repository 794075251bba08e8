/** One watch of the command line: what it asks for, how its news are shown, and what is run at each event. */
import { NUL } from '../../machines/language/bytes.js';
import type { ResponseHeader } from '../../client/types.js';
import type { CompactedError, Watcher, WatchEvent, WatchOptions, WatchResponse } from '../../client/watch-types.js';
import { CommandFailure, exitCodes, SilentFailure } from './failure.js';
import { rangeOf } from './get.js';
import { quote, quoteText } from './go-quote.js';
import { withoutRevision } from './printer.js';
import type { Printer } from './printer.js';
import type { Session, ToBytes } from './session.js';
import type { WatchFlags } from './watch.js';
import type { WatchWords } from './watch-words.js';

export function optionsOf(
  { key: keyWord, rangeEnd }: WatchWords,
  flags: WatchFlags,
  toBytes: ToBytes,
  refuse: (message: string) => CommandFailure,
): WatchOptions & { readonly key: Uint8Array } {
  if (rangeEnd !== undefined && flags.prefix) throw refuse('`range_end` and `--prefix` are mutually exclusive');
  const { key, options } = rangeOf(toBytes(keyWord), { prefix: flags.prefix, fromKey: false });
  return {
    key: key.length === 0 ? NUL : key,
    ...options,
    ...(rangeEnd === undefined ? {} : { rangeEnd: toBytes(rangeEnd) }),
    ...(flags.rev === 0 ? {} : { startRevision: flags.rev }),
    prevKv: flags.prevKv,
    progressNotify: flags.progressNotify,
    initialState: flags.initialState,
    requireLeader: true,
  };
}

/** Resolves when the watch has ended; rejects when a program that it ran failed. */
export async function showWatch(session: Session, watcher: Watcher, program: readonly string[]): Promise<void> {
  const printer = await session.printer();
  try {
    for await (const response of watcher) {
      show(session, printer, response);
      for (const event of response.events) await runAt(session, response, event, program);
    }
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    tellEnd(session, printer, error as Error, await watcher.created.catch(() => undefined));
  } finally {
    await watcher.cancel();
  }
}

function show({ terminal }: Session, printer: Printer, { header, events, initial }: WatchResponse): void {
  if (events.length === 0 && !initial) terminal.out(`progress notify: ${header.revision}\n`);
  printer.watch({ header, events, initial, canceled: false, compactRevision: 0 });
  terminal.flush();
}

/** The header of the last response says nothing of the store's revision, as with etcd. */
function tellEnd(
  { terminal }: Session,
  printer: Printer,
  error: Error & Partial<CompactedError>,
  created: ResponseHeader | undefined,
): void {
  terminal.complain(`watch was canceled (${error.message})\n`);
  const header = created === undefined ? undefined : withoutRevision(created);
  const { compactRevision = 0 } = error;
  printer.watch({ header, events: [], initial: false, canceled: true, compactRevision });
}

/** One program after the other, in the order of the events. */
async function runAt(
  { terminal }: Session,
  { header }: WatchResponse,
  { type, kv }: WatchEvent,
  words: readonly string[],
): Promise<void> {
  if (words.length === 0) return;
  const environment = {
    ETCD_WATCH_REVISION: String(header.revision),
    ETCD_WATCH_EVENT_TYPE: type === 'put' ? '"PUT"' : '"DELETE"',
    ETCD_WATCH_KEY: quote(kv.key),
    ETCD_WATCH_VALUE: quote(kv.value),
  };
  const { error } = await terminal.run({ words, environment });
  if (error === '') return;
  terminal.complain(`command [${words.map(quoteText).join(' ')}] error (${error})\n`);
  throw new SilentFailure(exitCodes.error);
}
