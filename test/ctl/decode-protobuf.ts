/** Reads protobuf bytes by hand, without a schema, as far as etcd's answers go. */

/** Field number to what stands in it: numbers as they are, bytes for the caller to read further. */
export type Fields = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>;

export function decodeFields(bytes: Uint8Array): Fields {
  const fields = new Map<number, (bigint | Uint8Array)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error(`the message ends inside a number, at byte ${at}`);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const values = fields.get(key >> 3) ?? [];
    fields.set(key >> 3, values);
    if ((key & 7) === 0) values.push(varint());
    else if ((key & 7) === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw new Error(`a field of ${length} bytes does not fit at byte ${at}`);
      values.push(bytes.subarray(at, at + length));
      at += length;
    } else throw new Error(`wire type ${key & 7} at byte ${at}`);
  }
  return fields;
}

export const messageIn = (fields: Fields, number: number): Fields => {
  const [value] = fields.get(number) ?? [];
  if (!(value instanceof Uint8Array)) throw new Error(`field ${number} is not there, or is a number`);
  return decodeFields(value);
};
