/** The room of the compactor: while this member leads, it proposes the compactions that its settings ask for. */
import { fromCallback } from 'xstate';
import { beginRetention, retain, type Retention } from '../machines/auto-compaction.js';
import { errorOf } from '../machines/language/errors.js';
import type { Term } from '../machines/language/vocabulary.js';
import { post, type CompactorLetter, type Outcome } from './mail.js';
import type { NodePorts, NodeSettings } from './ports.js';

export interface CompactorInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
}

export const compactorRoom = fromCallback<CompactorLetter, CompactorInput>(({ receive, input, system }) => {
  const { kv, clock, journal } = input.ports;
  const mode = input.settings.auto_compaction;
  let leading: Term | null = null;
  let retention: Retention | null = null;

  /** [safety] A proposal of the node's own names the term it was decided in; another term refuses it. */
  const propose = (revision: number, term: Term): void => {
    if (revision <= kv.status.compact_revision) return;
    const done = (outcome: Outcome): void => {
      const decision = outcome.ok ? outcome.entry.decision : null;
      const error = outcome.ok ? decision?.type === 'error' && errorOf(decision.error) : outcome.error;
      if (error instanceof Error) journal.warn('automatic compaction failed', { revision, error: error.message });
      else journal.info('compacted', { revision, mode: mode.mode });
    };
    post(system, 'requests', {
      type: 'resolved',
      proposals: [{ operation: { type: 'compact', revision }, term, done }],
    });
  };

  receive((letter) => {
    if (letter.type === 'announce') {
      const term = letter.role === 'leader' ? letter.term : null;
      if (term !== leading) retention = term === null ? null : beginRetention(mode, clock.now_ms(), kv.status.revision);
      leading = term;
      return;
    }
    if (leading === null || retention === null) return;
    const [next, revision] = retain(mode, retention, letter.now_ms, kv.status.revision);
    retention = next;
    if (revision !== null) propose(revision, leading);
  });
});
