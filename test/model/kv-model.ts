/**
 * The key-value store as a pure step function, naive and obviously right: it keeps the whole contents at every
 * revision. For comparison with the real one, and for linearizability checks. Shares no code with store/.
 */
import type {
  Compare,
  Decision,
  KeyValue,
  Operation,
  OperationResult,
  PutRequest,
  RangeRequest,
  RangeResult,
  TxnOperation,
  TxnRequest,
  TxnResult,
} from '../../machines/language/commands.js';
import type { ErrorName } from '../../machines/language/errors.js';
import type { Revision } from '../../machines/language/vocabulary.js';

/** Keys as hex, so that sorting them as text sorts them as bytes. */
type Contents = ReadonlyMap<string, KeyValue>;

export interface KvModel {
  readonly revision: number;
  readonly compact_revision: number;
  /** contents[r]: what stood there at revision r. */
  readonly contents: readonly Contents[];
}

const NOTHING: Contents = new Map();
export const emptyModel: KvModel = { revision: 1, compact_revision: -1, contents: [NOTHING, NOTHING] };

class Refused extends Error {
  constructor(readonly error: ErrorName) {
    super(error);
  }
}

export function step(model: KvModel, operation: Operation): { readonly model: KvModel; readonly decision: Decision } {
  try {
    return execute(model, operation);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { model, decision: { type: 'error', error: error.error, revision: model.revision as Revision } };
  }
}

function execute(model: KvModel, operation: Operation): { readonly model: KvModel; readonly decision: Decision } {
  if (operation.type === 'compact') {
    if (operation.revision <= model.compact_revision) throw new Refused('Compacted');
    if (operation.revision > model.revision) throw new Refused('FutureRev');
    const revision = model.revision as Revision;
    return {
      model: { ...model, compact_revision: operation.revision },
      decision: { type: 'compact', compact: { revision } },
    };
  }
  if (isLeaseWord(operation)) throw new Error(`${operation.type} is not this model's`);
  const work: Work = { model, now: new Map(latest(model)), changed: false };
  const decision = decide(work, operation);
  if (!work.changed) return { model, decision };
  const contents = [...model.contents, work.now];
  return { model: { ...model, revision: model.revision + 1, contents }, decision };
}

/** One write transaction at work: what the keys are now, and whether anything changed. */
interface Work {
  readonly model: KvModel;
  readonly now: Map<string, KeyValue>;
  changed: boolean;
}

const latest = (model: KvModel): Contents => model.contents[model.revision] as Contents;
const revisionOf = (work: Work): Revision => (work.model.revision + (work.changed ? 1 : 0)) as Revision;

const isLeaseWord = (operation: Operation): operation is Extract<Operation, { type: `lease.${string}` }> =>
  operation.type.startsWith('lease.');

function decide(work: Work, operation: Extract<Operation, { type: 'put' | 'delete' | 'txn' }>): Decision {
  if (operation.type === 'txn') {
    const chosen = choose(work, operation.txn);
    check(work, chosen);
    return { type: 'txn', txn: run(work, chosen) };
  }
  if (operation.type === 'put') {
    checkPut(work, operation.put);
    return { type: 'put', put: (perform(work, operation) as { put: Extract<Decision, { type: 'put' }>['put'] }).put };
  }
  const { delete: result } = perform(work, operation) as { delete: Extract<Decision, { type: 'delete' }>['delete'] };
  return { type: 'delete', delete: result };
}

/* ---- transactions --------------------------------------------------------------------------------------------- */

interface Chosen {
  readonly succeeded: boolean;
  readonly list: readonly { readonly operation: TxnOperation; readonly nested: Chosen | null }[];
}

function choose(work: Work, txn: TxnRequest): Chosen {
  const succeeded = txn.compare.every((compare) => isTrue(work, compare));
  const list = (succeeded ? txn.success : txn.failure).map((operation) => ({
    operation,
    nested: 'txn' in operation ? choose(work, operation.txn) : null,
  }));
  return { succeeded, list };
}

function check(work: Work, chosen: Chosen): void {
  for (const { operation, nested } of chosen.list) {
    if (nested !== null) check(work, nested);
    if ('put' in operation) checkPut(work, operation.put);
    if ('range' in operation) checkRevision(work.model, operation.range.revision);
  }
}

function checkPut(work: Work, put: PutRequest): void {
  if (put.lease !== 0n) throw new Refused('LeaseNotFound');
  if ((put.ignore_value || put.ignore_lease) && !work.now.has(hex(put.key))) throw new Refused('KeyNotFound');
}

function run(work: Work, chosen: Chosen): TxnResult {
  const responses: OperationResult[] = [];
  for (const { operation, nested } of chosen.list) {
    responses.push(nested === null ? perform(work, operation) : { txn: run(work, nested) });
  }
  return { revision: revisionOf(work), succeeded: chosen.succeeded, responses };
}

function isTrue(work: Work, compare: Compare): boolean {
  const kvs = select(work.now, compare.key, compare.range_end);
  if (kvs.length === 0) {
    const zero = { version: 0, create_revision: 0, mod_revision: 0, lease: 0n, value: new Uint8Array() };
    return compare.target !== 'value' && isTrueFor({ key: compare.key, ...zero }, compare);
  }
  return kvs.every((kv) => isTrueFor(kv, compare));
}

function isTrueFor(kv: KeyValue, compare: Compare): boolean {
  const [stored, given] = {
    version: [kv.version, compare.version],
    create: [kv.create_revision, compare.create_revision],
    mod: [kv.mod_revision, compare.mod_revision],
    lease: [kv.lease, compare.lease],
    value: [hex(kv.value), hex(compare.value)],
  }[compare.target] as [number, number];
  if (compare.result === 'equal') return stored === given;
  if (compare.result === 'not_equal') return stored !== given;
  return compare.result === 'greater' ? stored > given : stored < given;
}

/* ---- one operation -------------------------------------------------------------------------------------------- */

function perform(work: Work, operation: TxnOperation): OperationResult {
  if ('put' in operation) return performPut(work, operation.put);
  if ('range' in operation) {
    const { revision } = operation.range;
    const contents = revision > 0 && revision <= work.model.revision ? work.model.contents[revision] : work.now;
    return { range: rangeOf(contents as Contents, revisionOf(work), operation.range) };
  }
  if ('txn' in operation) throw new Error('a nested transaction is run, not performed');
  const { key, range_end, prev_kv } = operation.delete;
  const gone = select(work.now, key, range_end);
  for (const kv of gone) work.now.delete(hex(kv.key));
  work.changed ||= gone.length > 0;
  return { delete: { revision: revisionOf(work), deleted: gone.length, prev_kvs: prev_kv ? gone : [] } };
}

function performPut(work: Work, put: PutRequest): OperationResult {
  const old = work.now.get(hex(put.key)) ?? null;
  work.changed = true;
  const revision = revisionOf(work);
  work.now.set(hex(put.key), {
    key: put.key,
    create_revision: old?.create_revision ?? revision,
    mod_revision: revision,
    version: (old?.version ?? 0) + 1,
    value: put.ignore_value && old !== null ? old.value : put.value,
    lease: put.ignore_lease && old !== null ? old.lease : put.lease,
  });
  return { put: { revision, prev_kv: put.prev_kv ? old : null, lease: 0n } };
}

/* ---- reads ---------------------------------------------------------------------------------------------------- */

export function range(model: KvModel, request: RangeRequest): RangeResult | ErrorName {
  try {
    const revision = checkRevision(model, request.revision);
    return rangeOf(model.contents[revision] as Contents, model.revision as Revision, request);
  } catch (error) {
    if (error instanceof Refused) return error.error;
    throw error;
  }
}

function checkRevision(model: KvModel, revision: number): number {
  if (revision <= 0) return model.revision;
  if (revision > model.revision) throw new Refused('FutureRev');
  if (revision < model.compact_revision) throw new Refused('Compacted');
  return revision;
}

function rangeOf(contents: Contents, revision: Revision, request: RangeRequest): RangeResult {
  const all = select(contents, request.key, request.range_end);
  if (request.count_only) return { revision, kvs: [], more: false, count: all.length };
  const inBounds = (value: number, min: number, max: number): boolean =>
    !(min > 0 && value < min) && !(max > 0 && value > max);
  const kvs = all
    .filter((kv) => inBounds(kv.mod_revision, request.min_mod_revision, request.max_mod_revision))
    .filter((kv) => inBounds(kv.create_revision, request.min_create_revision, request.max_create_revision));
  const fieldOf = (kv: KeyValue): string | number =>
    ({
      key: hex(kv.key),
      version: kv.version,
      create: kv.create_revision,
      mod: kv.mod_revision,
      value: hex(kv.value),
    })[request.sort_target];
  const byField = (a: KeyValue, b: KeyValue): number =>
    fieldOf(a) < fieldOf(b) ? -1 : fieldOf(a) > fieldOf(b) ? 1 : 0;
  kvs.sort((a, b) => (request.sort_order === 'descend' ? -byField(a, b) : byField(a, b)));
  const cut = request.limit > 0 ? kvs.slice(0, request.limit) : kvs;
  const shown = request.keys_only ? cut.map((kv) => ({ ...kv, value: new Uint8Array() })) : cut;
  return { revision, kvs: shown, more: cut.length < kvs.length, count: all.length };
}

function select(contents: Contents, key: Uint8Array, range_end: Uint8Array): KeyValue[] {
  const isIn = (candidate: string): boolean => {
    if (range_end.length === 0) return candidate === hex(key);
    return candidate >= hex(key) && (hex(range_end) === '00' || candidate < hex(range_end));
  };
  return [...contents.keys()]
    .filter(isIn)
    .sort()
    .map((name) => contents.get(name) as KeyValue);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
