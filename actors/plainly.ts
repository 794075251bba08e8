/**
 * Letters and contexts as plain, small JSON for whoever inspects a node. [safety] What clients entrusted to the store
 * does not leave with it: bytes are told by their length, keys alone as text.
 */
import { hex16, toText } from '../machines/language/bytes.js';

/** How much of a value is told; beyond it stands how much more there is. */
interface Bounds {
  readonly depth: number;
  readonly items: number;
  readonly fields: number;
  readonly characters: number;
  /** Of one whole value. */
  readonly nodes: number;
}

const usual: Bounds = { depth: 6, items: 8, fields: 40, characters: 120, nodes: 400 };

const KEYS = new Set(['key', 'range_end']);
const SECRETS = /password|passwd|token|secret|creds|credential|nkey|seed|^value$/i;

export function plainly(value: unknown, bounds: Bounds = usual): unknown {
  let nodes = bounds.nodes;

  const list = (values: Iterable<unknown>, size: number, depth: number): unknown => {
    if (depth === 0) return `… ${size} items`;
    const told: unknown[] = [];
    for (const each of values) {
      if (told.length === bounds.items || nodes <= 0) break;
      told.push(tell('', each, depth - 1));
    }
    return told.length < size ? [...told, `… ${size - told.length} more`] : told;
  };

  const fields = (entries: Iterable<readonly [unknown, unknown]>, size: number, depth: number): unknown => {
    if (depth === 0) return `… ${size} fields`;
    const told: Record<string, unknown> = {};
    let count = 0;
    for (const [name, each] of entries) {
      if (count === bounds.fields || nodes <= 0) break;
      const text = nameOf(name);
      told[text] = tell(text, each, depth - 1);
      count += 1;
    }
    if (count < size) told['…'] = `${size - count} more`;
    return told;
  };

  const tell = (name: string, each: unknown, depth: number): unknown => {
    nodes -= 1;
    switch (typeof each) {
      case 'string':
        return SECRETS.test(name) ? '‹hidden›' : short(each, bounds.characters);
      case 'bigint':
        return hex16(each);
      case 'function':
        return `‹function ${each.name}›`;
      case 'symbol':
        return String(each);
      case 'object':
        break;
      default:
        return each;
    }
    if (each === null) return null;
    if (each instanceof Uint8Array) return bytesAs(name, each, bounds.characters);
    if (Array.isArray(each)) return list(each, each.length, depth);
    if (each instanceof Set) return list(each, each.size, depth);
    if (each instanceof Map) return fields(each as Map<unknown, unknown>, each.size, depth);
    if (each instanceof Error) return short(`${each.name}: ${each.message}`, bounds.characters);
    if (!isPlain(each)) return `‹${each.constructor.name}›`;
    const entries = Object.entries(each);
    return fields(entries, entries.length, depth);
  };

  return tell('', value, bounds.depth);
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

const short = (text: string, characters: number): string =>
  text.length <= characters ? text : `${text.slice(0, characters)}… (${text.length} characters)`;

const nameOf = (name: unknown): string => (typeof name === 'bigint' ? hex16(name) : short(String(name), 64));

function bytesAs(name: string, bytes: Uint8Array, characters: number): string {
  const text = KEYS.has(name) && bytes.length <= characters ? toText(bytes) : undefined;
  return text ?? `‹${bytes.length} bytes›`;
}
