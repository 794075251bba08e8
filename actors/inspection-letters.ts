/** Letters between members, found among the letters between rooms. */
import type { PeerLetterTold } from '../machines/language/inspection.js';
import type { Letter, MemberId, PeerMessage } from '../machines/language/vocabulary.js';

interface PeerLetter {
  readonly way: PeerLetterTold['way'];
  readonly peer: MemberId;
  readonly message: PeerMessage;
}

/** What raft gives to the room of the peers is sent; what raft hears from another member came from it. */
export function lettersBetween(
  self: MemberId,
  room: string | undefined,
  event: { readonly type: string },
): readonly PeerLetter[] {
  if (room === 'peers' && event.type === 'send' && 'letters' in event) {
    return (event.letters as readonly Letter[]).flatMap(({ to, message }) =>
      to === 'self' ? [] : [{ way: 'sent', peer: to, message }],
    );
  }
  if (room !== 'raft' || !('from' in event) || event.from === self) return [];
  const message = event as PeerMessage;
  return [{ way: 'heard', peer: message.from, message }];
}
