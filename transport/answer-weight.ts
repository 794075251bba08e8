/** About how many bytes of keys and values an answer carries. */
import type { KeyValue, OperationResult, TxnResult } from '../machines/language/commands.js';
import type { WatchEvent } from '../machines/language/watching.js';
import type { Answer } from './ports.js';

export function weightOf(answer: Answer): number {
  if (!answer.ok || 'truncated' in answer) return 0;
  const { result } = answer;
  switch (result.op) {
    case 'kv.range':
      return weightOfAll(result.body.kvs);
    case 'kv.put':
      return weightOfAll(result.body.prev_kv === null ? [] : [result.body.prev_kv]);
    case 'kv.delete':
      return weightOfAll(result.body.prev_kvs);
    case 'kv.txn':
      return weightOfTxn(result.body);
    case 'lease.timetolive':
      return result.body.keys.reduce((sum, key) => sum + key.length, 0);
    default:
      return 0;
    case 'watch.history':
      return weightOfEvents(result.body.events);
  }
}

const weightOfAll = (kvs: readonly KeyValue[]): number =>
  kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);

const weightOfEvents = (events: readonly WatchEvent[]): number =>
  events.reduce((sum, { event, prev_kv }) => sum + weightOfAll(prev_kv === null ? [event.kv] : [event.kv, prev_kv]), 0);

const weightOfTxn = (txn: TxnResult): number =>
  txn.responses.reduce((sum, response) => sum + weightOfOperation(response), 0);

function weightOfOperation(result: OperationResult): number {
  if ('range' in result) return weightOfAll(result.range.kvs);
  if ('put' in result) return result.put.prev_kv === null ? 0 : weightOfAll([result.put.prev_kv]);
  return 'delete' in result ? weightOfAll(result.delete.prev_kvs) : weightOfTxn(result.txn);
}
