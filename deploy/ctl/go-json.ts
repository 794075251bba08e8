/** JSON as Go's encoding/json writes it: 64-bit numbers in full, bytes in base64, `<`, `>` and `&` escaped. */

export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/** Fields that are undefined are left out. */
export function goJson(value: Json): string {
  if (typeof value === 'string') return quoteJson(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Uint8Array) return quoteJson(Buffer.from(value).toString('base64'));
  if (isList(value)) return `[${value.map(goJson).join(',')}]`;
  const fields = Object.entries(value).flatMap(([name, field]) =>
    field === undefined ? [] : [`${quoteJson(name)}:${goJson(field)}`],
  );
  return `{${fields.join(',')}}`;
}

/** Leaves out what Go's `omitempty` leaves out: zero, false, empty text, bytes and lists. */
export function omitEmpty(fields: Readonly<Record<string, Json | undefined>>): Record<string, Json> {
  const kept: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined && !isEmpty(value)) kept[name] = value;
  return kept;
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function isEmpty(value: Json): boolean {
  if (typeof value !== 'object') return !value;
  return (value instanceof Uint8Array || isList(value)) && value.length === 0;
}

/** Go escapes what could end a script element, and the two line ends that JavaScript once minded. */
function quoteJson(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
