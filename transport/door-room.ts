/** The bytes of the messages at a door whose requests have no answer yet, and their bound. */
import { errorOf } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';

export interface DoorRoom {
  /** Throws where a message of so many bytes is too much. Nothing of it was looked at: it can be sent again. */
  check(bytes: number): void;
  /** Takes them in until what this returns was called so many times; true: that was the last. */
  hold(bytes: number, asks: number): () => boolean;
}

export function createDoorRoom(): DoorRoom {
  let held = 0;
  return {
    check: (bytes) => {
      if (held > 0 && held + bytes > limits.requests_waiting_bytes_max) throw errorOf('RequestTooManyRequests');
    },
    hold: (bytes, asks) => {
      if (asks > 0) held += bytes;
      let left = asks;
      return () => {
        left -= 1;
        if (left === 0) held -= bytes;
        return left === 0;
      };
    },
  };
}
