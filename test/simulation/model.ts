/**
 * What the store should do, written a second time and as simply as possible: the model that histories are judged by.
 */

export interface ModelKv {
  readonly key: string;
  readonly value: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
}

/** What a simulated client asks. */
export type Input =
  /** Without a key: all of them. `revision` 0: the latest. */
  | { readonly type: 'read'; readonly key: string | null; readonly revision: number; readonly serializable: boolean }
  /** Two keys in one transaction, at one revision. */
  | { readonly type: 'readBoth'; readonly keys: readonly [string, string]; readonly serializable: boolean }
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  /** Two keys in one transaction, with one revision. */
  | { readonly type: 'putBoth'; readonly keys: readonly [string, string]; readonly value: string }
  | { readonly type: 'delete'; readonly key: string }
  /** If the key's mod revision is `expected`, put; else read it. */
  | { readonly type: 'swap'; readonly key: string; readonly expected: number; readonly value: string }
  | { readonly type: 'compact'; readonly revision: number }
  /** What somebody else changed, who is not among those whose answers are recorded. */
  | { readonly type: 'others'; readonly changes: readonly KeyChange[] };

/** A key and what it is now; null: it is gone. */
export type KeyChange = readonly [key: string, value: string | null];

export type ReadInput = Extract<Input, { readonly type: 'read' | 'readBoth' }>;
export const isRead = (input: Input): input is ReadInput => input.type === 'read' || input.type === 'readBoth';

/** What it was told. `revision` is the header's. */
export type Output =
  | { readonly type: 'kvs'; readonly revision: number; readonly kvs: readonly ModelKv[] }
  | { readonly type: 'done'; readonly revision: number }
  | { readonly type: 'deleted'; readonly revision: number; readonly count: number }
  | {
      readonly type: 'swapped';
      readonly revision: number;
      readonly succeeded: boolean;
      readonly kvs: readonly ModelKv[];
    }
  | { readonly type: 'error'; readonly name: 'compacted' | 'future' };

export interface State {
  readonly revision: number;
  readonly compacted: number;
  readonly keys: ReadonlyMap<string, ModelKv>;
  /** The state one revision earlier. */
  readonly previous: State | null;
}

export const emptyState: State = { revision: 1, compacted: -1, keys: new Map(), previous: null };

export interface Step {
  readonly state: State;
  readonly output: Output;
}

export function step(state: State, input: Input): Step {
  switch (input.type) {
    case 'read':
      return { state, output: read(state, input.key, input.revision) };
    case 'readBoth': {
      const kvs = input.keys.flatMap((key) => kvsOf(state, key));
      return { state, output: { type: 'kvs', revision: state.revision, kvs } };
    }
    case 'put':
      return done(changeKeys(state, [[input.key, input.value]]));
    case 'putBoth':
      return done(
        changeKeys(
          state,
          input.keys.map((key) => [key, input.value]),
        ),
      );
    case 'delete': {
      if (!state.keys.has(input.key)) {
        return { state, output: { type: 'deleted', revision: state.revision, count: 0 } };
      }
      const next = changeKeys(state, [[input.key, null]]);
      return { state: next, output: { type: 'deleted', revision: next.revision, count: 1 } };
    }
    case 'swap':
      return swap(state, input);
    case 'compact':
      return compact(state, input.revision);
    case 'others':
      return done(changeKeys(state, input.changes));
  }
}

const done = (state: State): Step => ({ state, output: { type: 'done', revision: state.revision } });

function swap(state: State, input: Extract<Input, { type: 'swap' }>): Step {
  const found = state.keys.get(input.key);
  const { revision } = state;
  if ((found?.mod ?? 0) !== input.expected) {
    return { state, output: { type: 'swapped', revision, succeeded: false, kvs: found === undefined ? [] : [found] } };
  }
  const next = changeKeys(state, [[input.key, input.value]]);
  return { state: next, output: { type: 'swapped', revision: next.revision, succeeded: true, kvs: [] } };
}

function compact(state: State, revision: number): Step {
  if (revision > state.revision) return { state, output: { type: 'error', name: 'future' } };
  if (revision <= state.compacted) return { state, output: { type: 'error', name: 'compacted' } };
  return { state: { ...state, compacted: revision }, output: { type: 'done', revision: state.revision } };
}

function read(state: State, key: string | null, revision: number): Output {
  if (revision > state.revision) return { type: 'error', name: 'future' };
  if (revision > 0 && revision < state.compacted) return { type: 'error', name: 'compacted' };
  let at = state;
  while (revision > 0 && at.revision > revision && at.previous !== null) at = at.previous;
  return { type: 'kvs', revision: state.revision, kvs: kvsOf(at, key) };
}

function kvsOf(state: State, key: string | null): readonly ModelKv[] {
  if (key === null) return [...state.keys.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const found = state.keys.get(key);
  return found === undefined ? [] : [found];
}

export function changeKeys(state: State, changes: readonly KeyChange[]): State {
  const revision = state.revision + 1;
  const keys = new Map(state.keys);
  for (const [key, value] of changes) {
    const old = keys.get(key);
    if (value === null) keys.delete(key);
    else {
      keys.set(key, {
        key,
        value,
        create: old?.create ?? revision,
        mod: revision,
        version: (old?.version ?? 0) + 1,
      });
    }
  }
  return { revision, compacted: state.compacted, keys, previous: state };
}

export function sameOutput(a: Output, b: Output): boolean {
  if (a.type === 'error' || b.type === 'error')
    return a.type === b.type && 'name' in a && 'name' in b && a.name === b.name;
  if (a.type !== b.type || a.revision !== b.revision) return false;
  if (a.type === 'deleted') return a.count === (b as typeof a).count;
  if (a.type === 'kvs') return sameKvs(a.kvs, (b as typeof a).kvs);
  if (a.type === 'swapped') return a.succeeded === (b as typeof a).succeeded && sameKvs(a.kvs, (b as typeof a).kvs);
  return true;
}

function sameKvs(a: readonly ModelKv[], b: readonly ModelKv[]): boolean {
  return (
    a.length === b.length &&
    a.every((kv, i) => {
      const other = b[i] as ModelKv;
      return (
        kv.key === other.key &&
        kv.value === other.value &&
        kv.mod === other.mod &&
        kv.create === other.create &&
        kv.version === other.version
      );
    })
  );
}
