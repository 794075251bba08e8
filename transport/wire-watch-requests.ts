/** What a stream of watches can be asked, and the history, as maps of etcd's field names. */
import { NUL } from '../machines/language/bytes.js';
import { badRequest } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import {
  type HistoryQuery,
  type KeyRange,
  WATCH_FILTERS,
  type WatchCreate,
  type WatchFilter,
  type WatchRequest,
} from '../machines/language/watching.js';
import type { WatchOpening } from './ports.js';
import {
  describe,
  type Encoding,
  encodingOf,
  isMap,
  parse,
  print,
  readBytes,
  readFields,
  readFlag,
  readInteger,
  readList,
} from './wire-values.js';
import { withoutDefaults, writeRanges } from './write-request.js';

const RANGE_FIELDS = new Set(['key', 'range_end']);
const CREATE_FIELDS = [
  'key',
  'range_end',
  'ranges',
  'start_revision',
  'prev_kv',
  'filters',
  'progress_notify',
  'fragment',
  'watch_id',
  'initial_state',
  'initial_after',
  'after_index',
];
const createFields = new Set(CREATE_FIELDS);
/** What opens a stream: its first watcher, and how much of it may be on its way. */
export const openingFields = new Set([...CREATE_FIELDS, 'window_bytes']);
export const HISTORY_FIELDS = new Set(['key', 'range_end', 'ranges', 'start_revision', 'prev_kv', 'limit']);
const REQUESTS = 'create, cancel, progress, acknowledge, end';

/* ---- reading --------------------------------------------------------------------------------------------------- */

export function decodeOpening(body: Uint8Array): { readonly opening: WatchOpening; readonly encoding: Encoding } {
  const fields = readFields('watch', parse('watch', body), openingFields);
  const window_bytes = readInteger('watch', fields, 'window_bytes');
  if (window_bytes < 0) throw badRequest(`watch: window_bytes is ${window_bytes}; it must be 0 or more`);
  return { opening: { create: readCreate(fields), window_bytes }, encoding: encodingOf(body) };
}

/** A message to a session: a map with one of its requests. */
export function decodeWatchRequest(body: Uint8Array): WatchRequest {
  const value = parse('watch', body);
  const names = isMap(value) ? Object.keys(value) : [];
  const [name] = names;
  if (!isMap(value) || name === undefined || names.length > 1) {
    throw badRequest(`watch: ${describe(value)} given; it must be a map with one of ${REQUESTS}`);
  }
  switch (name) {
    case 'create':
      return { type: 'create', create: readCreate(readFields('watch', value['create'], createFields)) };
    case 'cancel':
      return { type: 'cancel', watch_id: readNumberOf(value['cancel'], 'cancel', 'watch_id') };
    case 'progress':
    case 'end':
      readFields(`watch: ${name}`, value[name], new Set());
      return { type: name };
    case 'acknowledge':
      return { type: 'acknowledge', number: readNumberOf(value['acknowledge'], 'acknowledge', 'number') };
    default:
      throw badRequest(`watch: unknown request ${JSON.stringify(name.slice(0, 40))}; known: ${REQUESTS}`);
  }
}

const readNumberOf = (value: Value | undefined, what: string, name: string): number =>
  readInteger(`watch: ${what}`, readFields(`watch: ${what}`, value, new Set([name])), name);

function readCreate(fields: Fields): WatchCreate {
  return {
    ranges: readRanges('watch', fields),
    start_revision: readInteger('watch', fields, 'start_revision'),
    prev_kv: readFlag('watch', fields, 'prev_kv'),
    filters: readList('watch', fields, 'filters').map(readFilter),
    progress_notify: readFlag('watch', fields, 'progress_notify'),
    fragment: readFlag('watch', fields, 'fragment'),
    watch_id: readInteger('watch', fields, 'watch_id'),
    initial_state: readFlag('watch', fields, 'initial_state'),
    initial_after: readBytes('watch', fields, 'initial_after'),
    after_index: readInteger('watch', fields, 'after_index'),
  };
}

function readFilter(value: Value): WatchFilter {
  const filter = WATCH_FILTERS.find((known) => known === value);
  if (filter !== undefined) return filter;
  throw badRequest(`watch: field "filters": ${describe(value)} given; it must be one of ${WATCH_FILTERS.join(', ')}`);
}

/** The key and range end, unless only `ranges` are given; an empty key means the first of all keys, as in etcd. */
function readRanges(what: string, fields: Fields): readonly KeyRange[] {
  const others = readList(what, fields, 'ranges').map((value) =>
    readRange(what, readFields(what, value, RANGE_FIELDS)),
  );
  if (others.length >= limits.watch_ranges_max) {
    throw badRequest(`${what}: ${others.length} ranges given; at most ${limits.watch_ranges_max} go in one watcher`);
  }
  const own = fields['key'] !== undefined || fields['range_end'] !== undefined || others.length === 0;
  return own ? [readRange(what, fields), ...others] : others;
}

function readRange(what: string, fields: Fields): KeyRange {
  const key = readBytes(what, fields, 'key');
  return { key: key.length === 0 ? NUL : key, range_end: readBytes(what, fields, 'range_end') };
}

export function readHistoryQuery(value: Value | undefined): HistoryQuery {
  const fields = readFields('history', value, HISTORY_FIELDS);
  return {
    ranges: readRanges('history', fields),
    start_revision: readInteger('history', fields, 'start_revision'),
    prev_kv: readFlag('history', fields, 'prev_kv'),
    limit: readInteger('history', fields, 'limit'),
  };
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

const writeCreate = ({ ranges, ...rest }: WatchCreate): Fields => ({
  ...writeRanges(ranges),
  ...withoutDefaults(rest),
});

export const encodeOpening = ({ create, window_bytes }: WatchOpening, encoding: Encoding): Uint8Array =>
  print({ ...writeCreate(create), ...withoutDefaults({ window_bytes }) }, encoding);

export function encodeWatchRequest(request: WatchRequest, encoding: Encoding): Uint8Array {
  switch (request.type) {
    case 'create':
      return print({ create: writeCreate(request.create) }, encoding);
    case 'cancel':
      return print({ cancel: { watch_id: request.watch_id } }, encoding);
    case 'acknowledge':
      return print({ acknowledge: { number: request.number } }, encoding);
    case 'progress':
    case 'end':
      return print({ [request.type]: {} }, encoding);
  }
}
