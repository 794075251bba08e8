/** A batch of committed entries → decisions, and what they leave to be written. */
import { decodeCommand } from '../machines/language/codec.js';
import type { Command, Decision, KeyValue } from '../machines/language/commands.js';
import { invariant, unreachable } from '../machines/language/invariant.js';
import type { Entry } from '../machines/language/vocabulary.js';
import type { Pending } from './batch.js';
import { decideOperation } from './decide.js';
import { digestOf } from './digest.js';
import { type Committed, refuse } from './draft.js';
import { toLatin1 } from './keys.js';
import { outcomeOf } from './outcome.js';
import type { Decided } from './ports.js';
import { fetchPlaces } from './reads.js';
import type { RequestRecord } from './requests.js';
import type { StoreState } from './state.js';

/** Records read for the batch at hand, by place. */
export type Fetched = Map<string, KeyValue>;
export const placeName = (place: { readonly main: number; readonly sub: number }): string =>
  `${place.main}.${place.sub}`;

interface Step extends Committed {
  readonly decision: Decision | null;
  readonly record: RequestRecord | null;
}

const NOTHING: Committed = { changes: [], leases: [] };

/**
 * Decides in order. Where records are not at hand, the commands from there on are decided for practice, only to learn
 * what they need; that is fetched in one call, and they are decided again.
 */
export async function decideBatch(
  state: StoreState,
  entries: readonly Entry[],
  pending: () => Pending,
  fetched: Fetched,
): Promise<readonly Decided[]> {
  const commands = entries.map((entry) => (entry.kind === 'command' ? decodeCommand(entry.data) : null));
  const decided: Decided[] = [];
  while (decided.length < entries.length) {
    // [safety] Asked anew each time: a write may have taken what waited while records were fetched.
    practise(state, entries, commands, decided, pending());
    const places = state.draft.missing;
    if (places.length === 0) continue;
    const records = await fetchPlaces(state, places);
    for (const [n, place] of places.entries()) fetched.set(placeName(place), records[n] as KeyValue);
    state.draft.clearMissing();
  }
  fetched.clear();
  return decided;
}

/** Decides on from the first entry undecided; takes back everything from the first one that lacked a record. */
function practise(
  state: StoreState,
  entries: readonly Entry[],
  commands: readonly (Command | null)[],
  decided: Decided[],
  pending: Pending,
): void {
  const { draft } = state;
  const first = decided.length;
  const undo: Step[] = [];
  let before = { revision: draft.revision, compact_revision: draft.compact_revision };
  for (let i = first; i < entries.length; i++) {
    if (undo.length === 0) before = { revision: draft.revision, compact_revision: draft.compact_revision };
    const entry = entries[i] as Entry;
    const step = decideEntry(state, entry, commands[i] as Command | null);
    if (draft.missing.length > 0) undo.push(step);
    else accept(state, entry, step, pending, decided);
  }
  if (undo.length === 0) return;
  for (const step of undo.toReversed()) draft.takeBack(step);
  draft.revision = before.revision;
  draft.compact_revision = before.compact_revision;
  state.requests.rollback((entries[decided.length] as Entry).index);
}

function accept(state: StoreState, entry: Entry, step: Step, pending: Pending, decided: Decided[]): void {
  for (const change of step.changes) pending.changes.push(change);
  for (const change of step.leases) pending.leases.push(change);
  if (step.record !== null) pending.records.push(step.record);
  if (entry.kind === 'configuration')
    pending.configuration = { index: entry.index, configuration: entry.configuration };
  if (entry.kind === 'command') pending.bytes += entry.data.length;
  pending.index = entry.index;
  pending.term = entry.term;
  pending.revision = state.draft.revision;
  pending.compact_revision = state.draft.compact_revision;
  decided.push({ index: entry.index, term: entry.term, decision: step.decision, leases: step.leases });
}

function decideEntry(state: StoreState, entry: Entry, command: Command | null): Step {
  switch (entry.kind) {
    case 'empty':
    case 'configuration':
      return { ...NOTHING, decision: null, record: null };
    case 'command':
      invariant(command !== null, 'a command entry has a command', { index: entry.index });
      return decideCommand(state, entry.index, command);
    default:
      return unreachable(entry);
  }
}

/** [safety] The record of requests comes first: nothing reads the state before it is asked. */
function decideCommand(state: StoreState, index: number, command: Command): Step {
  const { draft, requests } = state;
  const { request, operation } = command;
  const digest = request === null ? 0 : digestOf(operation);
  const known = request === null ? null : requests.lookup(request, digest, index, draft.revision);
  if (known !== null) return { ...NOTHING, decision: known, record: null };
  // Refused by the leader for its quota: settled there, so that every member comes to the same.
  const decision = command.refused === null ? decideOperation(draft, operation) : refuse(draft, command.refused);
  const { changes, leases } = draft.commit();
  if (request === null) return { decision, changes, leases, record: null };
  const record: RequestRecord = {
    index,
    client: toLatin1(request.client),
    number: request.number,
    digest,
    outcome: outcomeOf(decision),
  };
  requests.add(record);
  return { decision, changes, leases, record };
}
