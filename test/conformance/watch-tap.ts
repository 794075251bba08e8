/** A stream of watches as the conformance cases see it, whoever it is asked of: etcd's requests and responses. */
import type { Pair, Text } from './driver.js';

export type WatchAsked =
  | {
      readonly create: {
        readonly key: Text;
        readonly range_end?: Text;
        readonly start_revision?: number;
        readonly prev_kv?: boolean;
        readonly filters?: readonly ('noput' | 'nodelete')[];
        readonly watch_id?: number;
        readonly fragment?: boolean;
      };
    }
  | { readonly cancel: number }
  | { readonly progress: true };

export interface WatchSaid {
  readonly watch_id: number;
  readonly revision: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compact_revision: number;
  readonly cancel_reason: string;
  /** More of the same revisions follows. */
  readonly fragment: boolean;
  readonly events: readonly { readonly type: 'put' | 'delete'; readonly kv: Pair; readonly prev_kv: Pair | null }[];
}

export interface WatchTap {
  /** The next response, in order. */
  next(): Promise<WatchSaid>;
  close(): Promise<void>;
}

/** Opens a stream and asks all of it, one after the other. */
export type OpenWatch = (asked: readonly WatchAsked[]) => Promise<WatchTap>;

/** Responses as they come, for whoever waits for the next one. */
export function tapOf(close: () => Promise<void>): { readonly tap: WatchTap; readonly add: (said: WatchSaid) => void } {
  const said: WatchSaid[] = [];
  let wake = (): void => undefined;
  return {
    add: (response) => {
      said.push(response);
      wake();
    },
    tap: {
      next: async () => {
        for (;;) {
          const first = said.shift();
          if (first !== undefined) return first;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
      close,
    },
  };
}
