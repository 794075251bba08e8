/**
 * What members say to each other, as rows: [kind, from, term, …]. Entries travel in the bytes that the log holds too.
 */
import { unreachable } from './invariant.js';
import { bytes, count, flag, id64, list, refuse, type Row, row, text } from './rows.js';
import type {
  Configuration,
  Entry,
  Index,
  Mark,
  Member,
  MemberId,
  PeerMessage,
  ReadId,
  Round,
  SnapshotOffer,
  Term,
} from './vocabulary.js';

/** Numbers on the wire: only ever added to. */
const kinds = {
  'preVote.asked': 1,
  'preVote.answered': 2,
  'vote.asked': 3,
  'vote.answered': 4,
  'append.sent': 5,
  'append.accepted': 6,
  'append.refused': 7,
  'heartbeat.sent': 8,
  'heartbeat.answered': 9,
  'snapshot.offered': 10,
  'snapshot.refused': 11,
  'readIndex.asked': 12,
  'readIndex.answered': 13,
  'campaign.asked': 14,
} as const satisfies Record<PeerMessage['type'], number>;
const types = new Map<unknown, PeerMessage['type']>(
  Object.entries(kinds).map(([type, number]) => [number, type as PeerMessage['type']]),
);

export const configurationToRow = (configuration: Configuration): Row => [
  configuration.voters.map(memberToRow),
  configuration.learners.map(memberToRow),
];

export function configurationFromRow(value: unknown): Configuration {
  const [voters, learners] = row(value, 2, 'configuration');
  return {
    voters: list(voters, 'configuration.voters').map(memberFromRow),
    learners: list(learners, 'configuration.learners').map(memberFromRow),
  };
}

const memberToRow = (member: Member): Row => [member.id, member.name];

function memberFromRow(value: unknown): Member {
  const [id, name] = row(value, 2, 'member');
  return { id: id64(id, 'member.id') as MemberId, name: text(name, 'member.name') };
}

export const indexOf = (value: unknown, what: string): Index => count(value, what) as Index;
export const termOf = (value: unknown, what: string): Term => count(value, what) as Term;
const markToRow = (mark: Mark): Row => [mark.index, mark.term];

function markFromRow(value: unknown, what: string): Mark {
  const [at, of] = row(value, 2, what);
  return { index: indexOf(at, what), term: termOf(of, what) };
}

const offerToRow = (offer: SnapshotOffer): Row => [
  offer.id,
  offer.size_bytes,
  offer.index,
  offer.term,
  configurationToRow(offer.configuration),
];

function offerFromRow(value: unknown): SnapshotOffer {
  const [id, size_bytes, at, of, configuration] = row(value, 5, 'snapshot');
  return {
    id: text(id, 'snapshot.id'),
    size_bytes: count(size_bytes, 'snapshot.size_bytes'),
    index: indexOf(at, 'snapshot.index'),
    term: termOf(of, 'snapshot.term'),
    configuration: configurationFromRow(configuration),
  };
}

export function messageToRow(message: PeerMessage, encodeEntry: (entry: Entry) => Uint8Array): Row {
  return [kinds[message.type], message.from, message.term, ...bodyOf(message, encodeEntry)];
}

function bodyOf(message: PeerMessage, encodeEntry: (entry: Entry) => Uint8Array): Row {
  switch (message.type) {
    case 'preVote.asked':
      return [markToRow(message.last), message.campaign];
    case 'vote.asked':
      return [markToRow(message.last), message.campaign, message.transfer];
    case 'preVote.answered':
    case 'vote.answered':
      return [message.campaign, message.granted];
    case 'append.sent':
      return [markToRow(message.previous), message.commit, message.entries.map(encodeEntry)];
    case 'append.accepted':
      return [message.upTo];
    case 'append.refused':
      return [message.previous, markToRow(message.hint), message.needsSnapshot];
    case 'heartbeat.sent':
      return [message.commit, message.round];
    case 'heartbeat.answered':
      return [message.round];
    case 'snapshot.offered':
      return [offerToRow(message.snapshot)];
    case 'snapshot.refused':
      return [message.index, message.reason];
    case 'readIndex.asked':
      return [message.id];
    case 'readIndex.answered':
      return [message.id, message.index];
    case 'campaign.asked':
      return [];
    default:
      return unreachable(message);
  }
}

/** `value` may be anything: a wrong shape is refused by a DecodeError. */
export function messageFromRow(value: unknown, decodeEntry: (bytes: Uint8Array) => Entry): PeerMessage {
  const values = list(value, 'peer message');
  const type = types.get(values[0]);
  if (type === undefined) return refuse('peer message', `a kind from 1 to ${types.size}`, values[0]);
  const sender = { from: id64(values[1], `${type}.from`) as MemberId, term: termOf(values[2], `${type}.term`) };
  const [a, b, c] = values.slice(3);
  const body = (length: number): Row => row(values, length + 3, type);
  switch (type) {
    case 'preVote.asked':
      body(2);
      return { type, ...sender, last: markFromRow(a, `${type}.last`), campaign: count(b, `${type}.campaign`) };
    case 'vote.asked': {
      body(3);
      const last = markFromRow(a, `${type}.last`);
      return { type, ...sender, last, campaign: count(b, `${type}.campaign`), transfer: flag(c, `${type}.transfer`) };
    }
    case 'preVote.answered':
    case 'vote.answered':
      body(2);
      return { type, ...sender, campaign: count(a, `${type}.campaign`), granted: flag(b, `${type}.granted`) };
    case 'append.sent': {
      body(3);
      const previous = markFromRow(a, `${type}.previous`);
      const entries = list(c, `${type}.entries`).map((entry) => decodeEntry(bytes(entry, `${type}.entry`)));
      return { type, ...sender, previous, commit: indexOf(b, `${type}.commit`), entries };
    }
    case 'append.accepted':
      body(1);
      return { type, ...sender, upTo: indexOf(a, `${type}.upTo`) };
    case 'append.refused': {
      body(3);
      const [previous, hint] = [indexOf(a, `${type}.previous`), markFromRow(b, `${type}.hint`)];
      return { type, ...sender, previous, hint, needsSnapshot: flag(c, `${type}.needsSnapshot`) };
    }
    case 'heartbeat.sent':
      body(2);
      return { type, ...sender, commit: indexOf(a, `${type}.commit`), round: count(b, `${type}.round`) as Round };
    case 'heartbeat.answered':
      body(1);
      return { type, ...sender, round: count(a, `${type}.round`) as Round };
    case 'snapshot.offered':
      body(1);
      return { type, ...sender, snapshot: offerFromRow(a) };
    case 'snapshot.refused':
      body(2);
      return { type, ...sender, index: indexOf(a, `${type}.index`), reason: text(b, `${type}.reason`) };
    case 'readIndex.asked':
      body(1);
      return { type, ...sender, id: count(a, `${type}.id`) as ReadId };
    case 'readIndex.answered': {
      body(2);
      const id = count(a, `${type}.id`) as ReadId;
      return { type, ...sender, id, index: b === null ? null : indexOf(b, `${type}.index`) };
    }
    case 'campaign.asked':
      body(0);
      return { type, ...sender };
    default:
      return unreachable(type);
  }
}
