/** What a member counts of its traffic with the others. */
import type { Clock } from '../machines/language/time.js';
import type { MemberId, PeerMessage } from '../machines/language/vocabulary.js';
import type { Opened } from './peer-gate.js';
import type { PeerMeters, PeerTraffic } from './ports.js';

export interface PeerCounter {
  readonly meters: Omit<PeerMeters, 'links'>;
  /** A frame with these messages in it; `left` is false where it could not leave. */
  sent(to: MemberId, bytes: number, messages: readonly PeerMessage[], left: boolean): void;
  heard(opened: Opened, bytes: number): void;
}

export function createPeerCounter(clock: Clock): PeerCounter {
  const members = new Map<MemberId, PeerTraffic>();
  const meters = { members, heartbeats_unsent: 0 };
  const trafficOf = (member: MemberId): PeerTraffic => {
    const known = members.get(member);
    if (known !== undefined) return known;
    const traffic: PeerTraffic = { sent_bytes: 0, received_bytes: 0, heard_ms: null };
    members.set(member, traffic);
    return traffic;
  };
  return {
    meters,
    sent: (to, bytes, messages, left) => {
      if (left) trafficOf(to).sent_bytes += bytes;
      else meters.heartbeats_unsent += messages.filter(({ type }) => type === 'heartbeat.sent').length;
    },
    heard: (opened, bytes) => {
      const from = heardFrom(opened);
      if (from === undefined) return;
      const traffic = trafficOf(from);
      traffic.received_bytes += bytes;
      traffic.heard_ms = clock.now_ms();
    },
  };
}

/** Who sends what is dropped calls itself what it likes; before there is a cluster, nobody is a member. */
function heardFrom(opened: Opened): MemberId | undefined {
  if (opened.kind === 'messages') return opened.messages[0]?.from;
  return opened.kind === 'pull' || opened.kind === 'piece' ? opened.from : undefined;
}
