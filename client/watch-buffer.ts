/** What a watcher has taken in and its caller has not: bounded in bytes, and read as an iterator. */
import type { WatchResponse } from './watch-types.js';

interface Waiting {
  resolve(result: IteratorResult<WatchResponse, undefined>): void;
  reject(error: Error): void;
}

export interface WatchBuffer {
  readonly isEmpty: boolean;
  readonly isFull: boolean;
  readonly isHalfEmpty: boolean;
  /** The revision of the last response that the caller took. */
  delivered: number;
  add(response: WatchResponse, bytes: number): void;
  take(): WatchResponse | undefined;
  /** What is held can still be read; then comes the end, or once the error. */
  end(error: Error | null): void;
  next(): Promise<IteratorResult<WatchResponse, undefined>>;
  drop(): void;
}

/**
 * Full beyond `bytes_max`: the member is told to stop then, and goes on when half of it is read. `taken` is told each
 * time that the caller took something.
 */
export function makeBuffer(bytes_max: number, taken: () => void): WatchBuffer {
  let held: { readonly response: WatchResponse; readonly bytes: number }[] = [];
  let bytes = 0;
  const readers: Waiting[] = [];
  let over: { error: Error | null } | null = null;
  const buffer: WatchBuffer = {
    delivered: 0,
    get isEmpty() {
      return held.length === 0;
    },
    get isFull() {
      return bytes > bytes_max;
    },
    get isHalfEmpty() {
      return bytes * 2 <= bytes_max;
    },
    add: (response, size) => {
      const reader = readers.shift();
      if (reader === undefined) {
        held.push({ response, bytes: size });
        bytes += size;
        return;
      }
      buffer.delivered = response.header.revision;
      reader.resolve({ done: false, value: response });
    },
    take: () => {
      const first = held.shift();
      if (first === undefined) return undefined;
      bytes -= first.bytes;
      buffer.delivered = first.response.header.revision;
      taken();
      return first.response;
    },
    end: (error) => {
      over = { error };
      for (const reader of readers.splice(0)) endOf(over, reader);
    },
    next: () => {
      const value = buffer.take();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      return new Promise((resolve, reject) => {
        if (over === null) readers.push({ resolve, reject });
        else endOf(over, { resolve, reject });
      });
    },
    drop: () => {
      held = [];
      bytes = 0;
    },
  };
  return buffer;
}

/** An error is told once: an iteration that ended with one is over. */
function endOf(over: { error: Error | null }, reader: Waiting): void {
  const { error } = over;
  over.error = null;
  if (error === null) reader.resolve({ done: true, value: undefined });
  else reader.reject(error);
}
