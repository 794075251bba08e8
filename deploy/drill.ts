/** The faults that a node started with `--drill` can be given. */
import type { Faults } from '../actors/ports.js';
import type { IsolatedPeers } from '../transport/isolated-peers.js';

export const faultsOf = (peers: IsolatedPeers): Faults => ({
  // Not a stop of the process, which nobody could end from within; but no line of it runs meanwhile.
  pause: (for_ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, for_ms),
  isolate: (for_ms) => peers.isolate(for_ms),
});
