/** Reads a comparison of a transaction: `mod("key") > "0"`. Lines are latin-1, a character for each byte. */
import { EMPTY } from '../../machines/language/bytes.js';
import type { Comparing, Relation } from './cluster.js';
import { CommandFailure, exitCodes } from './failure.js';
import { parseInt64, toCount } from './go-numbers.js';
import { quote, unquotePrefix } from './go-quote.js';

const relations: Readonly<Record<string, Relation>> = { '=': 'equals', '>': 'greater', '<': 'less', '!=': 'notEqual' };

const targets: Readonly<Record<string, Comparing['target']>> = {
  ver: 'version',
  version: 'version',
  c: 'create',
  create: 'create',
  m: 'mod',
  mod: 'mod',
  val: 'value',
  value: 'value',
  lease: 'lease',
};

export const badInput = (message: string): CommandFailure => new CommandFailure(exitCodes.invalidInput, message);

/** A lease is in hexadecimal, as in `put --lease` (etcdctl has a comparison of leases, but it cannot be used there). */
export function parseCompare(latin1: string): Comparing {
  const line = Buffer.from(latin1, 'latin1').toString();
  const open = line.indexOf('(');
  if (open < 0) throw badInput(`malformed comparison: ${line}`);
  const target = line.slice(0, open);
  const { key, operator, value } = scanParts(line, target, line.slice(open + 1));
  const kind = targets[target];
  if (kind === undefined) throw badInput(`malformed comparison: ${line} (unknown target ${target})`);
  const relation = relations[operator];
  if (relation === undefined) throw badInput(`malformed comparison: ${line} (unknown operator ${operator})`);
  if (kind === 'value') return { target: kind, key, relation, given: value };
  const given = numberOf(line, value, kind === 'lease' ? 16 : 10);
  return kind === 'lease'
    ? { target: kind, key, relation, given }
    : { target: kind, key, relation, given: toCount(given) };
}

interface Parts {
  readonly key: Uint8Array;
  readonly operator: string;
  readonly value: Uint8Array;
}

/** A quoted key, `)`, white space, an operator, white space, a quoted value; what follows is left alone. */
function scanParts(line: string, target: string, text: string): Parts {
  const refuse = (key: Uint8Array, operator: string): CommandFailure =>
    badInput(`malformed comparison: ${line}; got ${target}(${quote(key)}) ${operator} ""`);
  const rest = text.trimStart();
  const key = unquotePrefix(rest);
  if (key === undefined) throw refuse(EMPTY, '');
  const [, operator, tail = ''] = /^\)\s+(\S+)(.*)$/s.exec(rest.slice(key.length)) ?? [];
  if (operator === undefined) throw refuse(key.bytes, '');
  const value = unquotePrefix(tail.trimStart());
  if (value === undefined) throw refuse(key.bytes, operator);
  return { key: key.bytes, operator, value: value.bytes };
}

function numberOf(line: string, value: Uint8Array, base: 10 | 16): bigint {
  try {
    return parseInt64(Buffer.from(value).toString(), base);
  } catch (error) {
    throw new CommandFailure(exitCodes.invalidInput, `invalid txn compare request: ${line}`, { cause: error });
  }
}
