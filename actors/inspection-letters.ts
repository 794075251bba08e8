/** Letters between members, found among the letters between rooms. */
import type { PeerLetterTold } from '../machines/language/inspection.js';
import type { Letter, MemberId } from '../machines/language/vocabulary.js';
import { plainly } from './plainly.js';

export interface PeerWords {
  readonly self: MemberId;
  nameOf(member: MemberId): string;
}

type Told = Pick<PeerLetterTold, 'way' | 'peer' | 'message'>;

/** What raft gives to the room of the peers is sent; what raft hears from another member came from it. */
export function lettersBetween(
  words: PeerWords,
  room: string | undefined,
  event: { readonly type: string },
): readonly Told[] {
  if (room === 'peers' && event.type === 'send' && 'letters' in event) {
    return (event.letters as readonly Letter[]).flatMap(({ to, message }) =>
      to === 'self' ? [] : [{ way: 'sent', peer: words.nameOf(to), message: plainly(message) as Told['message'] }],
    );
  }
  if (room === 'raft' && 'from' in event && event.from !== words.self) {
    return [{ way: 'heard', peer: words.nameOf(event.from as MemberId), message: plainly(event) as Told['message'] }];
  }
  return [];
}
