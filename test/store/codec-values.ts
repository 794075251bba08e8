/** Random commands, entries and peer messages from a seed, with the numbers at which encodings go wrong. */
import type {
  Command,
  Compare,
  PutRequest,
  RangeRequest,
  TxnOperation,
  TxnRequest,
} from '../../machines/language/commands.js';
import type {
  Configuration,
  Entry,
  Index,
  MemberId,
  PeerMessage,
  ReadId,
  Round,
  Term,
} from '../../machines/language/vocabulary.js';

/** Random values from a seed: the same on each run. */
export function chanceFrom(seed: number) {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * limit);
  };
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const bytes = (max = 40): Uint8Array => Uint8Array.from({ length: below(max) }, () => below(256));
  const number = (): number => pick([0, 1, 127, 128, 255, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, below(1_000)]);
  const id = (): MemberId =>
    pick([1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n, BigInt(below(1_000) + 1)]) as MemberId;
  return { below, pick, bytes, number, id, coin: (): boolean => below(2) === 1 };
}
type Chance = ReturnType<typeof chanceFrom>;

const lease = (c: Chance): bigint => c.pick([0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]);
export const putOf = (c: Chance): PutRequest => ({
  key: c.bytes(),
  value: c.bytes(c.pick([1, 40, 300])),
  lease: lease(c),
  ttl_ms: c.pick([0, 0, 1, 2 ** 32, 9_000_000_000_000]),
  prev_kv: c.coin(),
  ignore_value: c.coin(),
  ignore_lease: c.coin(),
});
const rangeOf = (c: Chance): RangeRequest => ({
  key: c.bytes(),
  range_end: c.bytes(),
  limit: c.pick([-1, 0, 10]),
  revision: c.number(),
  sort_order: c.pick(['none', 'ascend', 'descend']),
  sort_target: c.pick(['key', 'version', 'create', 'mod', 'value']),
  serializable: c.coin(),
  keys_only: c.coin(),
  count_only: c.coin(),
  min_mod_revision: c.number(),
  max_mod_revision: c.number(),
  min_create_revision: c.number(),
  max_create_revision: c.number(),
});
const compareOf = (c: Chance): Compare => ({
  result: c.pick(['equal', 'greater', 'less', 'not_equal']),
  target: c.pick(['version', 'create', 'mod', 'value', 'lease']),
  key: c.bytes(),
  range_end: c.bytes(),
  version: c.number(),
  create_revision: c.number(),
  mod_revision: c.number(),
  value: c.bytes(),
  lease: lease(c),
});
const many = <T>(c: Chance, make: () => T): T[] => Array.from({ length: c.below(4) }, make);

function txnOf(c: Chance, depth: number): TxnRequest {
  const operation = (): TxnOperation => {
    const kind = c.below(depth > 0 ? 4 : 3);
    if (kind === 0) return { put: putOf(c) };
    if (kind === 1) return { delete: { key: c.bytes(), range_end: c.bytes(), prev_kv: c.coin() } };
    return kind === 2 ? { range: rangeOf(c) } : { txn: txnOf(c, depth - 1) };
  };
  return { compare: many(c, () => compareOf(c)), success: many(c, operation), failure: many(c, operation) };
}

export function commandOf(c: Chance): Command {
  const request = c.coin() ? { client: c.bytes(17), number: c.number(), since: c.number() } : null;
  const refused = c.pick([null, null, 'NoSpace'] as const);
  const kind = c.below(4);
  if (kind === 0) return { request, refused, operation: { type: 'put', put: putOf(c) } };
  if (kind === 1) return { request, refused, operation: { type: 'compact', revision: c.pick([-1, 0, 7, 2 ** 40]) } };
  if (kind === 2) return { request, refused, operation: { type: 'txn', txn: txnOf(c, 3) } };
  const request_ = { key: c.bytes(), range_end: c.bytes(), prev_kv: c.coin() };
  return { request, refused, operation: { type: 'delete', delete: request_ } };
}

const members = (c: Chance) => many(c, () => ({ id: c.id(), name: `n${c.below(9)}ü` }));
export const configurationOf = (c: Chance): Configuration => ({ voters: members(c), learners: members(c) });
const markOf = (c: Chance) => ({ index: c.number() as Index, term: c.number() as Term });

export function entryOf(c: Chance): Entry {
  const at = { index: (c.number() || 1) as Index, term: (c.number() || 1) as Term };
  const kind = c.pick(['empty', 'command', 'configuration'] as const);
  if (kind === 'command') return { ...at, kind, data: c.bytes(300) };
  return kind === 'configuration' ? { ...at, kind, configuration: configurationOf(c) } : { ...at, kind };
}

export function messagesOf(c: Chance): PeerMessage[] {
  const sender = { from: c.id(), term: c.number() as Term };
  const campaign = c.number();
  const [at, granted] = [c.number() as Index, c.coin()];
  const snapshot = { ...markOf(c), configuration: configurationOf(c), id: 'a1', size_bytes: c.number() };
  return [
    { type: 'preVote.asked', ...sender, last: markOf(c), campaign },
    { type: 'preVote.answered', ...sender, campaign, granted },
    { type: 'vote.asked', ...sender, last: markOf(c), campaign, transfer: c.coin() },
    { type: 'vote.answered', ...sender, campaign, granted },
    { type: 'append.sent', ...sender, previous: markOf(c), commit: at, entries: many(c, () => entryOf(c)) },
    { type: 'append.accepted', ...sender, upTo: at },
    { type: 'append.refused', ...sender, previous: at, hint: markOf(c), needsSnapshot: c.coin() },
    { type: 'heartbeat.sent', ...sender, commit: at, round: c.number() as Round },
    { type: 'heartbeat.answered', ...sender, round: c.number() as Round },
    { type: 'snapshot.offered', ...sender, snapshot },
    { type: 'snapshot.refused', ...sender, index: at, reason: 'no room' },
    { type: 'readIndex.asked', ...sender, id: c.number() as ReadId },
    { type: 'readIndex.answered', ...sender, id: c.number() as ReadId, index: c.coin() ? at : null },
    { type: 'campaign.asked', ...sender },
  ];
}
