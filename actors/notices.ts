/**
 * Commit notices: an append without entries tells a follower little more than how far the log is committed. The next
 * append says that too, so a notice waits a moment for it.
 */
import { limits } from '../machines/language/limits.js';
import type { Clock } from '../machines/language/time.js';
import type { MemberId, PeerMessage } from '../machines/language/vocabulary.js';

/** A letter to another member. */
export interface Outgoing {
  readonly to: MemberId;
  readonly message: PeerMessage;
}

export interface Notices {
  /** The letters that leave now. Raft bears with the loss of any letter, so also with the delay of one. */
  sift(letters: readonly Outgoing[]): readonly Outgoing[];
  close(): void;
}

export function holdNotices(clock: Clock, send: (letters: readonly Outgoing[]) => void): Notices {
  const held = new Map<MemberId, Outgoing>();
  let timer: unknown = null;

  const release = (): void => {
    timer = null;
    const letters = [...held.values()];
    held.clear();
    if (letters.length > 0) send(letters);
  };

  return {
    sift: (letters) => {
      if (!letters.some(({ message }) => message.type === 'append.sent')) return letters;
      return letters.filter((letter) => {
        const { to, message } = letter;
        if (message.type !== 'append.sent') return true;
        held.delete(to);
        if (message.entries.length > 0) return true;
        held.set(to, letter);
        timer ??= clock.setTimeout(release, limits.commit_notice_ms);
        return false;
      });
    },
    close: () => {
      clock.clearTimeout(timer);
    },
  };
}
