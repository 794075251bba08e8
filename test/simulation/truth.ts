/**
 * What really happened: the committed entries, as the members decided them, replayed by the model. Every member's
 * decisions, states and local reads are held against it.
 */
import type { Command, Decision, Operation } from '../../machines/language/commands.js';
import { decodeCommand } from '../../machines/language/codec.js';
import { toHex } from '../../machines/language/bytes.js';
import type { Entry } from '../../machines/language/vocabulary.js';
import type { Decided, KvStore } from '../../store/ports.js';
import { must } from './failure.js';
import type { LocalRead } from './history.js';
import { type ForeignOutcome, isForeign, nothingHeld, stepForeign } from './lease-model.js';
import { emptyState, type Input, type Output, sameOutput, type State, step } from './model.js';
import { inputOf, outputOfDecision, tagOf } from './operations.js';
import { request_window } from './small-limits.js';

export interface Truth {
  /** The store of a member, watched. */
  watch(member: string, kv: KvStore): KvStore;
  readonly state: State;
  /**
   * The revision that a change made, by its tag; null when it changed nothing, or never came to be; undefined for what
   * makes no revision.
   */
  made(tag: string): number | null | undefined;
  /** What became of the commands: requests known already, come too late, compactions. */
  readonly counts: Readonly<Record<'repeated' | 'expired' | 'compacted', number>>;
  /** What was changed by those whose answers are not recorded, with the revision that each change made. */
  readonly foreign: readonly { readonly revision: number; readonly input: Input }[];
  /** The leases that ended, and when the first member knew. */
  readonly ended: readonly EndedLease[];
  /** Leases that are there. */
  readonly leases: ReadonlySet<string>;
  /** The state at a revision. */
  at(revision: number): State;
  /** How many entries are known. */
  readonly length: number;
  /** Held against the replay. */
  judgeRead(read: LocalRead): void;
  /** Members with equal applied indexes have equal states. */
  compareState(member: string, applied: number, hash: number): void;
}

export interface EndedLease {
  readonly lease: string;
  readonly expired: boolean;
  readonly at_ms: number;
}

interface Known {
  readonly term: number;
  readonly digest: number;
  /** What the model came to; `expired` where a request came too late to be known for new. */
  readonly output: Output | 'expired' | ForeignOutcome | null;
}

/** `now_ms` is the world's time. */
export function createTruth(now_ms: () => number): Truth {
  const known = new Map<number, Known>();
  const outcomes = new Map<string, { readonly output: Output | ForeignOutcome; readonly index: number }>();
  const hashes = new Map<number, { member: string; hash: number }>();
  const made = new Map<string, number | null | undefined>();
  let state = emptyState;
  const held = nothingHeld();
  const foreign: { readonly revision: number; readonly input: Input }[] = [];
  const ended: EndedLease[] = [];
  const counts = { repeated: 0, expired: 0, compacted: 0 };

  /** The model's outcome of the entry that comes next. */
  const learn = (entry: Entry): Known => {
    const fresh = { term: entry.term, digest: digestOf(entry), output: null };
    if (entry.kind !== 'command') return fresh;
    const command = decodeCommand(entry.data);
    const id = requestKey(command);
    const before = id === null ? undefined : outcomes.get(id);
    const oldest = Math.max(0, entry.index - request_window);
    if (before !== undefined && before.index > oldest) {
      counts.repeated++;
      return { ...fresh, output: before.output };
    }
    if (command.request !== null && command.request.since < oldest) {
      counts.expired++;
      return { ...fresh, output: 'expired' };
    }
    if (isForeign(command.operation)) {
      const output = learnForeign(command.operation);
      if (id !== null) outcomes.set(id, { output, index: entry.index });
      return { ...fresh, output };
    }
    const input = inputOf(command);
    const next = step(state, input);
    const tag = tagOf(input, command.request);
    if (tag !== null) {
      must(command.request !== null || !made.has(tag), 'a request without an id is done once', { tag });
      made.set(tag, madeOf(input, state, next.state));
    }
    state = next.state;
    if (input.type === 'compact' && next.output.type === 'done') counts.compacted++;
    if (id !== null) outcomes.set(id, { output: next.output, index: entry.index });
    return { ...fresh, output: next.output };
  };

  const learnForeign = (operation: Operation): ForeignOutcome => {
    const outcome = stepForeign(state, held, operation);
    state = outcome.state;
    if (outcome.changes.length > 0) {
      foreign.push({ revision: state.revision, input: { type: 'others', changes: outcome.changes } });
    }
    if (operation.type === 'lease.revoke' && outcome.error === null) {
      ended.push({ lease: String(operation.id), expired: operation.expired, at_ms: now_ms() });
    }
    return outcome;
  };

  const judge = (member: string, entry: Entry, decided: Decided | undefined): void => {
    must(decided?.index === entry.index, 'entries are decided in order', { member, index: entry.index });
    let truth = known.get(entry.index);
    if (truth === undefined) {
      must(entry.index === known.size + 1, 'entries are decided without gaps', { member, index: entry.index });
      truth = learn(entry);
      known.set(entry.index, truth);
    }
    const facts = { member, index: entry.index, term: entry.term, other: truth.term };
    must(truth.term === entry.term && truth.digest === digestOf(entry), 'state machine safety', facts);
    if (entry.kind !== 'command' || truth.output === null || decided.decision === null) return;
    const { decision } = decided;
    const expired = decision.type === 'error' && decision.error === 'RequestExpired';
    must(expired === (truth.output === 'expired'), 'a request that came too late is refused, and no other', facts);
    if (truth.output === 'expired') return;
    if ('changes' in truth.output) {
      must(sameForeign(decision, truth.output), 'a decision on a lease is what the model says', {
        ...facts,
        decision: decision.type,
        model: [truth.output.error, truth.output.state.revision],
      });
      return;
    }
    const output = outputOfDecision(inputOf(decodeCommand(entry.data)), decision);
    const same = output === null || sameOutput(output, truth.output);
    must(same, 'a decision is what the model says', { ...facts, output, model: truth.output });
  };

  return {
    watch(member, kv) {
      const decide: KvStore['decide'] = async (entries) => {
        const decided = await kv.decide(entries);
        entries.forEach((entry, i) => judge(member, entry, decided[i]));
        return decided;
      };
      return replace(kv, { decide });
    },
    made: (tag) => (made.has(tag) ? made.get(tag) : null),
    get state() {
      return state;
    },
    foreign,
    ended,
    leases: held.leases,
    at(revision) {
      let at = state;
      while (at.revision > revision && at.previous !== null) at = at.previous;
      return at;
    },
    counts,
    get length() {
      return known.size;
    },
    judgeRead({ member, input, output, answeredBefore }) {
      if (output.type === 'error') return;
      const facts = { member, input, output, answeredBefore };
      const fresh = output.revision >= answeredBefore;
      must(fresh, 'a local read is not older than what the member has answered', facts);
      must(output.revision <= state.revision, 'a local read is of a revision that exists', facts);
      const at = this.at(output.revision);
      // Compacted or not: what the member had of that revision is what it had.
      const expected = step({ ...at, compacted: -1 }, input).output;
      must(sameOutput(expected, output), 'a local read shows the state of its revision', { ...facts, expected });
    },
    compareState(member, applied, hash) {
      const other = hashes.get(applied);
      if (other === undefined) hashes.set(applied, { member, hash });
      else must(other.hash === hash, 'equal applied indexes, equal states', { member, other: other.member, applied });
    },
  };
}

function sameForeign(decision: Decision, { state, error }: ForeignOutcome): boolean {
  if (decision.type === 'truncated') return true;
  if (decision.type === 'error' || error !== null) return decision.type === 'error' && decision.error === error;
  return revisionOf(decision) === state.revision;
}

function revisionOf(decision: Exclude<Decision, { type: 'error' | 'truncated' }>): number {
  switch (decision.type) {
    case 'put':
      return decision.put.revision;
    case 'delete':
      return decision.delete.revision;
    case 'txn':
      return decision.txn.revision;
    case 'compact':
      return decision.compact.revision;
    case 'lease.grant':
      return decision.grant.revision;
    case 'lease.revoke':
      return decision.revoke.revision;
    case 'lease.checkpoint':
      return decision.revision;
  }
}

function madeOf(input: Input, before: State, after: State): number | null | undefined {
  if (before === after) return null;
  return input.type === 'compact' ? undefined : after.revision;
}

/** An object with some methods replaced; the others keep their `this`. What is no method is read when asked for. */
export function replace<T extends object>(original: T, changes: Partial<T>): T {
  const result = Object.defineProperties({}, Object.getOwnPropertyDescriptors(changes)) as T;
  for (let part: object = original; part !== Object.prototype; part = Object.getPrototypeOf(part) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(part))) {
      if (Object.hasOwn(result, name) || name === 'constructor') continue;
      if (typeof value === 'function')
        Object.defineProperty(result, name, { value: (value as () => unknown).bind(original) });
      else Object.defineProperty(result, name, { get: () => original[name as keyof T] });
    }
  }
  return result;
}

const requestKey = ({ request }: Command): string | null =>
  request === null ? null : `${toHex(request.client)}/${request.number}`;

function digestOf(entry: Entry): number {
  let hash: number = entry.term;
  if (entry.kind === 'command') for (const byte of entry.data) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}
