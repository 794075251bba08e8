/** A key-value pair on the wire. */
import type { KeyValue } from '../machines/language/commands.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import { readBytes, readId, readInteger, readMap } from './wire-values.js';

export const writeKeyValue = (kv: KeyValue): Fields => ({
  key: kv.key,
  create_revision: kv.create_revision,
  mod_revision: kv.mod_revision,
  version: kv.version,
  value: kv.value,
  lease: kv.lease,
});

export function readKeyValue(value: Value | undefined): KeyValue {
  const kv = readMap('kv', value);
  return {
    key: readBytes('kv', kv, 'key'),
    create_revision: readInteger('kv', kv, 'create_revision'),
    mod_revision: readInteger('kv', kv, 'mod_revision'),
    version: readInteger('kv', kv, 'version'),
    value: readBytes('kv', kv, 'value'),
    lease: readId('kv', kv, 'lease', 'signed'),
  };
}
