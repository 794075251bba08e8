/** Whether a member's log has room for what its leader sends. */
import { limits } from '../machines/language/limits.js';
import type { PeerMessage } from '../machines/language/vocabulary.js';
import type { NodePorts } from './ports.js';

/**
 * While the state does not keep up, the log cannot be trimmed and grows: what a full one does not take, its leader
 * sends again.
 */
export function roomInLog({ log, journal }: Pick<NodePorts, 'log' | 'journal'>): (message: PeerMessage) => boolean {
  let full = false;
  return (message) => {
    if (message.type !== 'append.sent' || message.entries.length === 0) return true;
    const before = full;
    full = log.bytes > limits.log_bytes_max;
    if (full && !before) {
      const facts = { log_bytes: log.bytes };
      journal.warn('the state does not keep up with the log: no more entries are accepted until it does', facts);
    }
    return !full;
  };
}
