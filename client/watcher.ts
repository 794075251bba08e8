/** One watcher as its caller holds it: an iterator and an emitter on one side, a place in the history on the other. */
import { errorOf, QuorateError } from '../machines/language/errors.js';
import type { Header } from '../machines/language/commands.js';
import type {
  WatchCreate,
  WatchEvent as WireEvent,
  WatchResponse as WireResponse,
} from '../machines/language/watching.js';
import { onAbort } from './aborting.js';
import { toHeader, toWatchEvent } from './answers.js';
import type { Core } from './core.js';
import { type Emitter, makeEmitter } from './emitter.js';
import type { ResponseHeader } from './types.js';
import { makeBuffer, type WatchBuffer } from './watch-buffer.js';
import { firstPlace, heard, marked, resume, taken, type WatchPlace } from './watch-place.js';
import type { WatchSession } from './watch-session.js';
import type { CompactedError, Watcher, WatcherEvents, WatchResponse } from './watch-types.js';

export class CompactedWatchError extends QuorateError implements CompactedError {
  constructor(readonly compactRevision: number) {
    const { code, message } = errorOf('Compacted');
    super(code, message);
  }
}

/** A watcher as its stream sees it. */
export interface Watching {
  /** Given by the stream each time that it takes it. */
  id: number;
  /** What to ask of a member, so that nothing is left out and nothing comes twice. */
  request(): WatchCreate;
  created(header: Header, revision: number): void;
  /** `shown`: the same as the caller sees it, made once for all watchers that see it. */
  response(response: WireResponse, shown: WatchResponse): void;
  /** Everything up to `revision` was delivered; `asked`: somebody asked for that to be said. */
  mark(header: Header, revision: number, asked: boolean): void;
  connected(member: string): void;
  disconnected(reason: string): void;
  end(error: Error | null): void;
}

interface Life {
  readonly create: WatchCreate;
  readonly session: WatchSession;
  readonly emitter: Emitter<WatcherEvents>;
  readonly buffer: WatchBuffer;
  place: WatchPlace;
  /** Its stream has it; not so while the buffer is full. */
  hanging: boolean;
  iterated: boolean;
  progressAsked: boolean;
  over: boolean;
  created(header: ResponseHeader): void;
  refused(error: Error): void;
  unhook: (() => void) | undefined;
}

const DATA = ['response', 'put', 'delete'] as const;

export function makeWatcher(
  create: WatchCreate,
  session: WatchSession,
  core: Core,
  signal: AbortSignal | undefined,
): Watcher {
  let settle: Pick<Life, 'created' | 'refused'> = { created: () => undefined, refused: () => undefined };
  const created = new Promise<ResponseHeader>((resolve, reject) => (settle = { created: resolve, refused: reject }));
  // Whoever does not wait for it hears of a failure by the iteration or the event.
  created.catch(() => undefined);
  const life: Life = {
    create,
    session,
    emitter: makeEmitter(),
    buffer: makeBuffer(core.watch_buffer_bytes, () => {
      if (!life.hanging && !life.over && life.buffer.isHalfEmpty) hang(life, watching);
    }),
    place: firstPlace,
    hanging: false,
    iterated: false,
    progressAsked: false,
    over: false,
    ...settle,
    unhook: undefined,
  };
  const watching = watchingOf(life, core);
  const abort = (): void => watching.end(null);
  if (signal?.aborted === true) core.clock.soon(abort);
  else {
    if (signal !== undefined) life.unhook = onAbort(signal, abort);
    hang(life, watching);
  }
  return watcherOf(life, watching, created);
}

function hang(life: Life, watching: Watching): void {
  life.hanging = true;
  life.session.add(watching);
}

function watchingOf(life: Life, core: Core): Watching {
  const { emitter, session } = life;
  const watching: Watching = {
    id: 0,
    request: () => resume(life.create, life.place, watching.id, core.highestIndex),
    created: (header, revision) => {
      life.place = taken(life.create, life.place, revision);
      life.created(toHeader({ ...header, revision }));
    },
    response: (response, shown) => {
      const { place, events } = heard(life.place, response);
      life.place = place;
      if (events === response.events) deliver(life, watching, shown, events);
      else if (events !== null) deliver(life, watching, { ...shown, events: events.map(toWatchEvent) }, events);
    },
    mark: (header, revision, asked) => {
      life.place = marked(life.place, revision);
      if (!asked || !life.progressAsked) return;
      life.progressAsked = false;
      deliver(life, watching, { header: toHeader({ ...header, revision }), events: [], initial: false }, []);
    },
    connected: (member) => {
      emitter.emit('connected', member);
      if (life.progressAsked) session.askProgress();
    },
    disconnected: (reason) => emitter.emit('disconnected', reason),
    end: (error) => {
      if (life.over) return;
      life.over = true;
      life.unhook?.();
      if (life.hanging) session.remove(watching);
      life.hanging = false;
      life.refused(error ?? errorOf('WatchCanceled'));
      life.buffer.end(error);
      if (error !== null) emitter.emit('error', error);
      emitter.emit('end');
    },
  };
  return watching;
}

function deliver(life: Life, watching: Watching, response: WatchResponse, events: readonly WireEvent[]): void {
  const { buffer, emitter } = life;
  const listened = emitter.hears(DATA);
  if (listened) emitResponse(emitter, response);
  if (listened && !life.iterated) {
    buffer.delivered = response.header.revision;
    return;
  }
  buffer.add(response, bytesOf(events));
  if (!buffer.isFull || !life.hanging) return;
  // Its place is known: the member keeps nothing for it, and it goes on from there once the buffer is read.
  life.hanging = false;
  life.session.remove(watching);
  life.place = { ...life.place, parts: [] };
}

function emitResponse(emitter: Emitter<WatcherEvents>, response: WatchResponse): void {
  emitter.emit('response', response);
  for (const event of response.events) emitter.emit(event.type, event);
}

function watcherOf(life: Life, watching: Watching, created: Promise<ResponseHeader>): Watcher {
  const { buffer, emitter } = life;
  const watcher: Watcher = {
    created,
    get revision() {
      return buffer.isEmpty && life.place.initial === null
        ? Math.max(buffer.delivered, life.place.upTo ?? 0)
        : buffer.delivered;
    },
    on: (event, listener) => {
      emitter.on(event, listener);
      // What came before anybody listened.
      const listened = !life.iterated && emitter.hears(DATA);
      for (let held = listened ? buffer.take() : undefined; held !== undefined; held = buffer.take()) {
        emitResponse(emitter, held);
      }
      return watcher;
    },
    off: (event, listener) => {
      emitter.off(event, listener);
      return watcher;
    },
    requestProgress: async () => {
      if (life.over) throw errorOf('WatchCanceled');
      life.progressAsked = true;
      life.session.askProgress();
    },
    cancel: async () => watching.end(null),
    [Symbol.asyncIterator]: () => {
      life.iterated = true;
      return {
        next: () => buffer.next(),
        return: () => {
          watching.end(null);
          buffer.drop();
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
  return watcher;
}

/** What an event takes beside its bytes. */
const EVENT_BYTES = 256;

const bytesOf = (events: readonly WireEvent[]): number =>
  events.reduce((sum, { event, prev_kv }) => {
    const before = prev_kv === null ? 0 : prev_kv.key.length + prev_kv.value.length;
    return sum + EVENT_BYTES + event.kv.key.length + event.kv.value.length + before;
  }, 0);
