/** Requests as they are when nothing but the key was said. */
import { EMPTY } from './bytes.js';
import type { Compare, PutRequest, RangeRequest } from './commands.js';

export const plainRange = (key: Uint8Array): RangeRequest => ({
  key,
  range_end: EMPTY,
  limit: 0,
  revision: 0,
  sort_order: 'none',
  sort_target: 'key',
  serializable: false,
  keys_only: false,
  count_only: false,
  min_mod_revision: 0,
  max_mod_revision: 0,
  min_create_revision: 0,
  max_create_revision: 0,
});

export const plainPut = (key: Uint8Array): PutRequest => ({
  key,
  value: EMPTY,
  lease: 0n,
  ttl_ms: 0,
  prev_kv: false,
  ignore_value: false,
  ignore_lease: false,
});

/** That the key's version is 0: that it is not there. */
export const plainCompare = (key: Uint8Array): Compare => ({
  key,
  range_end: EMPTY,
  target: 'version',
  result: 'equal',
  version: 0,
  create_revision: 0,
  mod_revision: 0,
  value: EMPTY,
  lease: 0n,
});
