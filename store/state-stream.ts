/** The stream of an open state as it is written at the moment of the call. */
import type { ClusterId, Index, Revision, Term } from '../machines/language/vocabulary.js';
import type { SnapshotSource } from './ports.js';
import { snapshotSource } from './snapshot-stream.js';
import type { StoreState } from './state.js';

const AFTER_EVERY_KEY = Uint8Array.of(0xff);

export async function streamOf(
  state: StoreState,
  cluster: ClusterId,
  cluster_name: string,
  size_bytes: number,
): Promise<SnapshotSource> {
  // In turn: the pairs are those of the very state that the mark names.
  const { head, pages } = await state.inTurn(async () => ({
    head: {
      cluster,
      cluster_name,
      revision: state.written.revision as Revision,
      index: state.written.index as Index,
      term: state.written.term as Term,
      configuration: state.configuration.configuration,
    },
    pages: state.engine.iterate(Uint8Array.of(0), AFTER_EVERY_KEY)[Symbol.asyncIterator](),
  }));
  const pairs = { [Symbol.asyncIterator]: () => pages };
  const source = snapshotSource(head, pairs, size_bytes);
  return {
    ...source,
    close: async () => {
      await source.close();
      await pages.return?.();
    },
  };
}
