/**
 * Limits as small as a run of ten seconds needs in order to meet them. Whoever runs a cluster imports this before
 * anything that reads them when it is loaded.
 */
import { limits } from '../../machines/language/limits.js';

/** Log indexes for which a request id is remembered: few enough that some retries come too late. */
export const request_window = 60;

const small = limits as { request_window_entries: number; snapshot_chunk_bytes: number };
small.request_window_entries = request_window;
/** So that a snapshot is many pieces. */
small.snapshot_chunk_bytes = 512;
