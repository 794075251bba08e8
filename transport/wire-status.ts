/** A member's status on the wire. */
import type { StatusResult, VitalSigns } from '../machines/language/status.js';
import type { Fields } from '../machines/language/unpack.js';
import { isMap, readFlag, readId, readInteger, readNumber, readText, readTexts } from './wire-values.js';

export const writeStatus = (status: StatusResult): Fields => ({
  ...status,
  vitals: status.vitals === null ? null : { ...status.vitals },
});

export const readStatus = (body: Fields): StatusResult => ({
  name: readText('status', body, 'name'),
  version: readText('status', body, 'version'),
  storage_version: readText('status', body, 'storage_version'),
  db_size: readInteger('status', body, 'db_size'),
  db_size_in_use: readInteger('status', body, 'db_size_in_use'),
  db_size_quota: readInteger('status', body, 'db_size_quota'),
  leader: readId('status', body, 'leader', 'unsigned'),
  raft_index: readInteger('status', body, 'raft_index'),
  raft_term: readInteger('status', body, 'raft_term'),
  raft_applied_index: readInteger('status', body, 'raft_applied_index'),
  is_learner: readFlag('status', body, 'is_learner'),
  errors: readTexts('status', body, 'errors'),
  role: readText('status', body, 'role'),
  revision: readInteger('status', body, 'revision'),
  vitals: isMap(body['vitals']) ? readVitals(body['vitals']) : null,
});

const readVitals = (vitals: Fields): VitalSigns => ({
  event_loop_delay_p50_ms: readNumber('vitals', vitals, 'event_loop_delay_p50_ms'),
  event_loop_delay_p99_ms: readNumber('vitals', vitals, 'event_loop_delay_p99_ms'),
  event_loop_delay_max_ms: readNumber('vitals', vitals, 'event_loop_delay_max_ms'),
  log_sync_p50_ms: readNumber('vitals', vitals, 'log_sync_p50_ms'),
  log_sync_p99_ms: readNumber('vitals', vitals, 'log_sync_p99_ms'),
  log_sync_max_ms: readNumber('vitals', vitals, 'log_sync_max_ms'),
  log_sync_under_way_ms: readNumber('vitals', vitals, 'log_sync_under_way_ms'),
  store_write_p50_ms: readNumber('vitals', vitals, 'store_write_p50_ms'),
  store_write_p99_ms: readNumber('vitals', vitals, 'store_write_p99_ms'),
  store_write_max_ms: readNumber('vitals', vitals, 'store_write_max_ms'),
  store_write_under_way_ms: readNumber('vitals', vitals, 'store_write_under_way_ms'),
  resident_memory_bytes:
    vitals['resident_memory_bytes'] === undefined ? 0 : readNumber('vitals', vitals, 'resident_memory_bytes'),
});
