/** What is measured: the operations, at how many callers, on which data. */

export const operations = ['put', 'get', 'get-serializable', 'mixed', 'txn', 'range'] as const;
export type Operation = (typeof operations)[number];

/** What each operation does, for the reader of the results. */
export const meanings: Readonly<Record<Operation, string>> = {
  put: 'one key, chosen at random',
  get: 'one key, linearizable',
  'get-serializable': "one key, from a member's own state",
  mixed: 'three linearizable gets to one put',
  txn: 'if the key exists, then put it',
  range: '100 keys in order, linearizable',
};

export interface Case {
  readonly operation: Operation;
  readonly callers: number;
}

export interface Plan {
  readonly warm_seconds: number;
  readonly seconds: number;
  readonly keys: number;
  readonly value_bytes: number;
}

/** What one run of a case came to. */
export interface Measured {
  readonly count: number;
  readonly errors: number;
  readonly seconds: number;
  readonly p50_us: number;
  readonly p90_us: number;
  readonly p99_us: number;
  readonly max_us: number;
  /** Processor time of the load generator over time: near 1 one of ours is the limit itself, having one thread. */
  readonly load_cores: number;
}
