/**
 * Who may speak to this node: peer frames are sealed and opened here. A frame is a head (who to whom, in which
 * lives), a body and, with a cluster key, an HMAC-SHA256 over both.
 */
import type { KeyObject } from 'node:crypto';
import { decodePeerMessages, DecodeError, encodePeerMessages } from '../machines/language/codec.js';
import type { ClusterId, Configuration, Epoch, MemberId, PeerMessage } from '../machines/language/vocabulary.js';
import { pack } from './pack.js';
import type { BirthMessage, Self } from './ports.js';
import { keyOf, SIGNATURE_BYTES, signedContent, signInPlace } from './peer-signature.js';
import { type PullAnswer, type PullQuestion, readBig, readBirth, readPiece, readPull } from './peer-bodies.js';
import { MalformedError, unpack, type Value } from '../machines/language/unpack.js';

const VERSION = 1;
const SIGNED = 0x80;
const PREFIX_BYTES = 3;
const UNKNOWN = 0 as Epoch;

/** What travels: letters; what is said before there is a cluster; a question for a snapshot's piece, and its answer. */
export type FrameKind = 'messages' | 'birth' | 'pull' | 'piece';

/** Why a frame or an answer in it changed nothing. */
export type DropReason =
  | 'damaged'
  | 'signature'
  | 'foreign cluster'
  | 'not for me'
  | 'not a member'
  | 'epoch'
  | 'answer to an earlier life'
  /** It is meant for a later life of this very identity: this process is not the one that members hear any more. */
  | 'superseded';

export interface Gate {
  readonly self: Self;
  readonly key: KeyObject | null;
  cluster: ClusterId;
  members: ReadonlySet<MemberId>;
  /** The highest epoch seen of each identity. */
  readonly epochs: Map<MemberId, Epoch>;
}

/** `key`: the cluster's secret; null: frames are not authenticated. */
export const createGate = (self: Self, key: Uint8Array | null): Gate => ({
  self,
  key: keyOf(key),
  cluster: 0n as ClusterId,
  members: new Set(),
  epochs: new Map(),
});

export function joinGate(gate: Gate, cluster: ClusterId, configuration: Configuration): void {
  gate.cluster = cluster;
  gate.members = new Set([...configuration.voters, ...configuration.learners].map((member) => member.id));
  for (const id of gate.epochs.keys()) if (!gate.members.has(id)) gate.epochs.delete(id);
}

/* ---- sealing --------------------------------------------------------------------------------------------------- */

export const sealMessages = (gate: Gate, to: MemberId, messages: readonly PeerMessage[]): Uint8Array =>
  seal(gate, 'messages', to, encodePeerMessages(messages));

/** To a name: identities are not known before the cluster is born. */
export const sealBirth = (gate: Gate, toName: string, message: BirthMessage): Uint8Array =>
  seal(gate, 'birth', toName, pack(message as unknown as Value));

export const sealPull = (gate: Gate, to: MemberId, pull: PullQuestion): Uint8Array =>
  seal(gate, 'pull', to, pack({ ...pull }));

export const sealPiece = (gate: Gate, to: MemberId, piece: PullAnswer): Uint8Array =>
  seal(gate, 'piece', to, pack({ ...piece }));

function seal(gate: Gate, kind: FrameKind, to: MemberId | string, body: Uint8Array): Uint8Array {
  const { self } = gate;
  const toEpoch = typeof to === 'string' ? UNKNOWN : (gate.epochs.get(to) ?? UNKNOWN);
  const birth = kind === 'birth';
  const cluster = birth ? 0n : gate.cluster;
  const head = pack([kind, cluster, self.cluster_name, self.member.id, self.member.name, to, self.epoch, toEpoch]);
  const signed = gate.key === null ? 0 : SIGNATURE_BYTES;
  const frame = new Uint8Array(PREFIX_BYTES + head.length + body.length + signed);
  frame[0] = VERSION | (signed > 0 ? SIGNED : 0);
  frame[1] = head.length >> 8;
  frame[2] = head.length & 0xff;
  frame.set(head, PREFIX_BYTES);
  frame.set(body, PREFIX_BYTES + head.length);
  if (gate.key !== null) signInPlace(gate.key, frame);
  return frame;
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

export type Opened =
  | { readonly kind: 'messages'; readonly messages: readonly PeerMessage[]; readonly dropped: number }
  | { readonly kind: 'birth'; readonly id: MemberId; readonly name: string; readonly message: BirthMessage }
  | { readonly kind: 'pull'; readonly from: MemberId; readonly pull: PullQuestion }
  | { readonly kind: 'piece'; readonly from: MemberId; readonly piece: PullAnswer }
  | { readonly kind: 'dropped'; readonly reason: DropReason; readonly from?: string };

interface Head {
  readonly kind: FrameKind;
  readonly cluster: bigint;
  readonly clusterName: string;
  readonly from: MemberId;
  readonly fromName: string;
  readonly to: MemberId | string;
  readonly epoch: Epoch;
  readonly toEpoch: Epoch;
}

/** `from` is the name that a frame gives its sender. */
const drop = (reason: DropReason, from?: string): Opened => ({
  kind: 'dropped',
  reason,
  ...(from === undefined ? {} : { from }),
});

/** [safety] Nothing is remembered of a frame, and nothing in it is looked at, before its signature holds. */
export function openFrame(gate: Gate, frame: Uint8Array): Opened {
  const content = verified(gate.key, frame);
  if (content === 'damaged' || content === 'signature') return drop(content);
  try {
    const headEnd = PREFIX_BYTES + ((content[1] as number) << 8) + (content[2] as number);
    const head = readHead(unpack(content.subarray(PREFIX_BYTES, headEnd)));
    const body = content.subarray(headEnd);
    const wrong = head.kind === 'birth' ? wrongBirth(gate, head) : wrongPeer(gate, head);
    if (wrong !== undefined) return drop(wrong, head.fromName);
    const opened = openBody(gate, head, body);
    if (head.kind !== 'birth' && opened.kind !== 'dropped') noteEpoch(gate, head);
    return opened;
  } catch (error) {
    if (error instanceof MalformedError || error instanceof DecodeError) return drop('damaged');
    throw error;
  }
}

/** The frame without its signature, once that holds. */
function verified(key: KeyObject | null, frame: Uint8Array): Uint8Array | 'damaged' | 'signature' {
  if (frame.length < PREFIX_BYTES) return 'damaged';
  const signed = (frame[0] as number) & SIGNED;
  if (((frame[0] as number) & ~SIGNED) !== VERSION) return 'damaged';
  if (key === null) return signed ? 'signature' : frame;
  if (!signed || frame.length < PREFIX_BYTES + SIGNATURE_BYTES) return 'signature';
  return signedContent(key, frame) ?? 'signature';
}

const KINDS: ReadonlySet<string> = new Set<FrameKind>(['messages', 'birth', 'pull', 'piece']);

function readHead(value: Value): Head {
  if (!Array.isArray(value) || value.length !== 8) throw new MalformedError('a frame has another head');
  const [kind, cluster, clusterName, from, fromName, to, epoch, toEpoch] = value as Value[];
  const wellFormed =
    typeof kind === 'string' &&
    KINDS.has(kind) &&
    typeof clusterName === 'string' &&
    typeof fromName === 'string' &&
    Number.isSafeInteger(epoch) &&
    Number.isSafeInteger(toEpoch);
  if (!wellFormed) throw new MalformedError('a frame has another head');
  return {
    kind: kind as FrameKind,
    cluster: readBig(cluster),
    clusterName,
    from: readBig(from) as MemberId,
    fromName,
    to: typeof to === 'string' ? to : (readBig(to) as MemberId),
    epoch: epoch as Epoch,
    toEpoch: toEpoch as Epoch,
  };
}

/** [safety] Another cluster, another identity at either end, or an earlier life of the sender. */
function wrongPeer(gate: Gate, head: Head): DropReason | undefined {
  if (gate.cluster === 0n || head.cluster !== gate.cluster) return 'foreign cluster';
  if (head.clusterName !== gate.self.cluster_name) return 'foreign cluster';
  if (head.to !== gate.self.member.id || head.from === gate.self.member.id) return 'not for me';
  if (!gate.members.has(head.from)) return 'not a member';
  const highest = gate.epochs.get(head.from) ?? UNKNOWN;
  if (head.epoch < highest) return 'epoch';
  return head.toEpoch > gate.self.epoch ? 'superseded' : undefined;
}

function noteEpoch(gate: Gate, head: Head): void {
  if (head.epoch > (gate.epochs.get(head.from) ?? UNKNOWN)) gate.epochs.set(head.from, head.epoch);
}

function wrongBirth(gate: Gate, head: Head): DropReason | undefined {
  if (head.clusterName !== gate.self.cluster_name) return 'foreign cluster';
  return head.to === gate.self.member.name ? undefined : 'not for me';
}

/** [safety] An answer counts only in the life that asked: its frame names the epoch it answers. */
const ANSWERS: ReadonlySet<PeerMessage['type']> = new Set<PeerMessage['type']>([
  'preVote.answered',
  'vote.answered',
  'append.accepted',
  'append.refused',
  'heartbeat.answered',
  'readIndex.answered',
  'snapshot.refused',
]);

function openBody(gate: Gate, head: Head, body: Uint8Array): Opened {
  const thisLife = head.toEpoch === gate.self.epoch;
  switch (head.kind) {
    case 'messages': {
      const all = decodePeerMessages(body);
      // [safety] A frame speaks for its sender alone.
      if (all.some((message) => message.from !== head.from)) return drop('not a member');
      const messages = thisLife ? all : all.filter((message) => !ANSWERS.has(message.type));
      return { kind: 'messages', messages, dropped: all.length - messages.length };
    }
    case 'birth':
      return { kind: 'birth', id: head.from, name: head.fromName, message: readBirth(unpack(body)) };
    case 'pull':
      return { kind: 'pull', from: head.from, pull: readPull(unpack(body)) };
    case 'piece':
      return thisLife
        ? { kind: 'piece', from: head.from, piece: readPiece(unpack(body)) }
        : drop('answer to an earlier life');
  }
}
