/**
 * What is decided and not yet written, laid over the key index: the state as `decide` alone sees it. A command's
 * changes can be taken back until the next one begins, and so can those of a whole run of commands whose records were
 * not at hand.
 */
import type { Decision, KeyValue, RangeRequest } from '../machines/language/commands.js';
import type { Lease } from '../machines/language/leases.js';
import { EMPTY } from '../machines/language/bytes.js';
import type { ErrorName } from '../machines/language/errors.js';
import { invariant } from '../machines/language/invariant.js';
import type { Revision } from '../machines/language/vocabulary.js';
import { createOf, isDeleted, type KeyHistory, type Place, placeAt, versionOf } from './key-history.js';
import { type KeyIndex, type KeyRange, keyRange } from './key-index.js';
import type { LeaseTable } from './lease-table.js';
import type { LeaseChange } from './ports.js';
import { type Found, type Located, rowsWanted } from './range.js';
import type { Change } from './revision.js';

/** The life a key is in: when it began and how often it was changed since. */
export interface Life {
  readonly create: number;
  readonly version: number;
  readonly place: Place;
}

/** What one command changed. */
export interface Committed {
  readonly changes: readonly Change[];
  readonly leases: readonly LeaseChange[];
}

export const refuse = (draft: Draft, error: ErrorName): Decision => ({
  type: 'error',
  error,
  revision: draft.revision as Revision,
});

export interface Draft {
  /** The decided revision, before the command at hand. */
  revision: number;
  /** The decided compaction; -1 before any. */
  compact_revision: number;
  /** What the command at hand changed so far. */
  readonly changes: readonly Change[];
  /** Places of records that were asked for and are not at hand: what was decided with them must be decided again. */
  readonly missing: readonly Place[];

  /** The revision that a read sees now: that of the command at hand once it has changed something. */
  visibleRevision(): number;
  /** The newest life of a key, undefined when it is absent or deleted. */
  lifeOf(key: string): Life | undefined;
  locate(range: KeyRange, revision: number, rows_max: number): Found;
  /** The record at a place of a key; an empty one in its stead when it is not at hand (`missing`). */
  recordOf(key: string, place: Place): KeyValue;
  add(change: Change): void;
  /** The leases as the command at hand sees them. */
  readonly leases: Pick<LeaseTable, 'get' | 'leaseOf' | 'keysOf'>;
  /** Makes, changes or ends a lease. */
  setLease(id: bigint, lease: Lease | null): void;

  /** The command's changes stand; they are handed over. */
  commit(): Committed;
  /** Takes back what was committed, the newest command first. */
  takeBack(committed: Committed): void;
  /** Forgets changes that the key index now holds. */
  settle(changes: readonly Change[]): void;
  clearMissing(): void;
}

export function makeDraft(
  index: Pick<KeyIndex, 'get' | 'visit'>,
  leases: LeaseTable,
  recordAtHand: (key: string, place: Place) => KeyValue | undefined,
  { revision, compact_revision }: { readonly revision: number; readonly compact_revision: number },
): Draft {
  const overlay: Overlay = new Map();
  let changes: Change[] = [];
  let leaseChanges: LeaseChange[] = [];
  let missing: Place[] = [];

  return {
    revision,
    compact_revision,
    get changes() {
      return changes;
    },
    get missing() {
      return missing;
    },
    visibleRevision() {
      return changes.length > 0 ? this.revision + 1 : this.revision;
    },
    lifeOf: (key) => lifeOf(overlay.get(key), index.get(key)),
    locate: (range, revision, rows_max) => locate(index, overlay, range, revision, rows_max),
    recordOf(key, place) {
      const change = overlay.get(key)?.find(({ main, sub }) => main === place.main && sub === place.sub);
      const kv = change?.kv ?? recordAtHand(key, place);
      if (kv !== undefined) return kv;
      missing.push(place);
      return NOT_AT_HAND;
    },
    add(given) {
      const change = movedBy(leases, given);
      lay(overlay, change);
      changes.push(change);
    },
    leases,
    setLease(id, after) {
      leaseChanges.push({ id, before: leases.get(id) ?? null, after });
      leases.set(id, after);
    },
    commit() {
      const done = { changes, leases: leaseChanges };
      changes = [];
      if (leaseChanges.length > 0) leaseChanges = [];
      if (done.changes.length > 0) this.revision++;
      return done;
    },
    takeBack(done) {
      for (const change of done.changes.toReversed()) {
        takeNewest(overlay, change);
        if (change.moved !== undefined) leases.move(change.key, change.moved.from);
      }
      for (const { id, before } of done.leases.toReversed()) leases.set(id, before);
    },
    settle(done) {
      for (const change of done) takeOldest(overlay, change);
    },
    clearMissing() {
      missing = [];
    },
  };
}

/** What is decided and not in the key index yet, by key, oldest first. */
type Overlay = Map<string, Change[]>;

function lay(overlay: Overlay, change: Change): void {
  const list = overlay.get(change.key);
  if (list === undefined) overlay.set(change.key, [change]);
  else list.push(change);
}

function takeNewest(overlay: Overlay, change: Change): void {
  const list = overlay.get(change.key);
  invariant(list?.at(-1) === change, 'changes are taken back newest first', { main: change.main, sub: change.sub });
  list.pop();
  if (list.length === 0) overlay.delete(change.key);
}

function takeOldest(overlay: Overlay, change: Change): void {
  const list = overlay.get(change.key);
  invariant(list?.[0] === change, 'changes are written oldest first', { main: change.main, sub: change.sub });
  if (list.length === 1) overlay.delete(change.key);
  else list.shift();
}

/** The change, with the key's way from one lease to another, which it goes now (B-51). */
function movedBy(leases: LeaseTable, change: Change): Change {
  const from = leases.leaseOf(change.key);
  const to = change.tombstone ? 0n : change.kv.lease;
  if (from === to) return change;
  leases.move(change.key, to);
  return { ...change, moved: { from, to } };
}

function lifeOf(drafted: readonly Change[] | undefined, history: KeyHistory | undefined): Life | undefined {
  const change = drafted?.at(-1);
  if (change !== undefined) {
    if (change.tombstone) return undefined;
    return { create: change.kv.create_revision, version: change.kv.version, place: change };
  }
  if (history === undefined || isDeleted(history)) return undefined;
  const place = placeAt(history, Infinity);
  invariant(place !== undefined, 'a living key has a place', { history });
  return { create: createOf(history), version: versionOf(history), place };
}

/** Where the key's value at `revision` stands, drafted changes before written ones. */
function placeOf(
  drafted: readonly Change[] | undefined,
  history: KeyHistory | undefined,
  revision: number,
): Place | undefined {
  const change = drafted?.findLast(({ main }) => main <= revision);
  if (change !== undefined) return change.tombstone ? undefined : change;
  return history === undefined ? undefined : placeAt(history, revision);
}

function locate(
  index: Pick<KeyIndex, 'get' | 'visit'>,
  overlay: ReadonlyMap<string, readonly Change[]>,
  range: KeyRange,
  revision: number,
  rows_max: number,
): Found {
  const located: Located[] = [];
  let count = 0;
  const meet = (key: string, history: KeyHistory | undefined): void => {
    const place = placeOf(overlay.get(key), history, revision);
    if (place === undefined) return;
    count++;
    if (located.length < rows_max) located.push({ key, place });
  };
  if (range.single) {
    meet(range.from, index.get(range.from));
    return { count, located };
  }
  const drafted = [...overlay.keys()].filter((key) => key >= range.from && key < range.to).sort();
  let next = 0;
  const meetDraftedBelow = (bound: string): void => {
    for (; next < drafted.length && (drafted[next] as string) < bound; next++) meet(drafted[next] as string, undefined);
  };
  index.visit(range.from, range.to, Infinity, (key, history) => {
    meetDraftedBelow(key);
    if (drafted[next] === key) next++;
    meet(key, history);
  });
  meetDraftedBelow(range.to);
  return { count, located };
}

const NOT_AT_HAND: KeyValue = {
  key: EMPTY,
  create_revision: 0,
  mod_revision: 0,
  version: 0,
  value: EMPTY,
  lease: 0n,
};

/** What a range request finds in the draft. */
export const findInDraft = (draft: Draft, request: RangeRequest, revision: number): Found =>
  draft.locate(keyRange(request.key, request.range_end), revision, rowsWanted(request));
