/** Vitals for nodes in virtual time: nothing in them takes any. */
import { newCounts } from '../../actors/counts.js';
import type { Vitals } from '../../actors/ports.js';
import type { VitalSigns } from '../../machines/language/status.js';

export const stillSigns: VitalSigns = {
  event_loop_delay_p50_ms: 0,
  event_loop_delay_p99_ms: 0,
  event_loop_delay_max_ms: 0,
  log_sync_p50_ms: 0,
  log_sync_p99_ms: 0,
  log_sync_max_ms: 0,
  log_sync_under_way_ms: 0,
  store_write_p50_ms: 0,
  store_write_p99_ms: 0,
  store_write_max_ms: 0,
  store_write_under_way_ms: 0,
  resident_memory_bytes: 0,
};

export const stillVitals: Vitals = { begin: () => () => undefined, read: () => stillSigns, counts: newCounts() };
