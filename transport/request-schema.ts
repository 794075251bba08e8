/** What a request to an endpoint holds, as a JSON Schema: service discovery shows it with the endpoint. */
import { INSPECTION_KINDS } from '../machines/language/inspection.js';
import { WATCH_FILTERS } from '../machines/language/watching.js';
import { type Endpoint, isDrillEndpoint } from './subjects.js';
import { BATCH_FIELDS } from './wire-batch.js';
import { DRILL_FIELDS, FILTER_FIELDS, INSPECTION_FIELDS } from './wire-inspection.js';
import { requestFields, SORT_ORDERS, SORT_TARGETS } from './wire-requests.js';
import { openingFields } from './wire-watch-requests.js';

/** UTF-8 text, or `{"base64":"…"}`. */
const bytes = { type: ['string', 'object'] };
/** 64 bits: decimal digits, or a number where that has them all. */
const id = { type: ['string', 'integer'] };
const integer = { type: 'integer' };
const flag = { type: 'boolean' };
const list = (items: object) => ({ type: 'array', items });
const map = { type: 'object' };

/** A field means the same in every request that has it. */
const schemas: Readonly<Record<string, object>> = {
  ...named(bytes, 'key', 'range_end', 'value', 'name', 'initial_after', 'client'),
  ...named(id, 'lease', 'id'),
  ...named(integer, 'limit', 'revision', 'min_mod_revision', 'max_mod_revision', 'min_create_revision'),
  ...named(integer, 'max_create_revision', 'ttl', 'ttl_ms', 'start_revision', 'watch_id', 'after_index'),
  ...named(integer, 'window_bytes', 'after_revision', 'since', 'for_ms', 'per_second'),
  ...named(flag, 'serializable', 'keys_only', 'count_only', 'prev_kv', 'ignore_value', 'ignore_lease', 'physical'),
  ...named(flag, 'linearizable', 'keys', 'progress_notify', 'fragment', 'initial_state'),
  ...named(list(map), 'compare', 'success', 'failure', 'ranges', 'requests'),
  ...named(map, 'leader'),
  ids: list(id),
  sort_order: { enum: SORT_ORDERS },
  sort_target: { enum: SORT_TARGETS },
  filters: list({ enum: WATCH_FILTERS }),
  actors: list({ type: 'string' }),
  kinds: list({ enum: INSPECTION_KINDS }),
};

function named(schema: object, ...names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, schema]));
}

export interface RequestSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, object>>;
  readonly additionalProperties: false;
}

export const requestSchema = (endpoint: Endpoint): RequestSchema => ofFields(fieldsOf(endpoint));

function ofFields(fields: Iterable<string>): RequestSchema {
  const properties = Object.fromEntries([...fields].map((name) => [name, schemaOf(name)]));
  return { type: 'object', properties, additionalProperties: false };
}

const schemaOf = (field: string): object => (field === 'filter' ? ofFields(FILTER_FIELDS) : (schemas[field] ?? {}));

function fieldsOf(endpoint: Endpoint): Iterable<string> {
  if (endpoint === 'batch' || endpoint === 'batch.read') return BATCH_FIELDS;
  if (endpoint === 'inspect.start') return INSPECTION_FIELDS;
  if (isDrillEndpoint(endpoint)) return DRILL_FIELDS;
  return endpoint === 'watch.create' ? openingFields : requestFields[endpoint];
}
