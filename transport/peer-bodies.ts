/**
 * What peer frames carry beside letters: words before birth, questions for a snapshot's pieces and their answers;
 * checked field by field.
 */
import { limits } from '../machines/language/limits.js';
import type { ClusterId, MemberId } from '../machines/language/vocabulary.js';
import type { BirthMessage } from './ports.js';
import { MalformedError, type Value } from '../machines/language/unpack.js';

export interface PullQuestion {
  /** Repeated by the answer; never reused in the asker's life. */
  readonly question: number;
  readonly id: string;
  readonly number: number;
}

export interface PullAnswer {
  readonly question: number;
  readonly bytes: Uint8Array | null;
}

export function readBig(value: Value | undefined): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  throw new MalformedError('an id is not an integer');
}

function mapOf(value: Value | undefined): Readonly<Record<string, Value | undefined>> {
  const map = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  if (!map) throw new MalformedError('a frame has another body');
  return value as Readonly<Record<string, Value>>;
}

function countOf(value: Value | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new MalformedError('a count is not a whole number');
}

function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  throw new MalformedError('a name is not a string');
}

function listOf<T>(value: Value | undefined, read: (each: Value) => T): readonly T[] {
  if (Array.isArray(value) && value.length <= limits.members_max) return (value as Value[]).map(read);
  throw new MalformedError(`a list of members is not a list of at most ${limits.members_max}`);
}

export function readBirth(value: Value): BirthMessage {
  const body = mapOf(value);
  const type = textOf(body['type']);
  switch (type) {
    case 'birth.asked':
      return { type: 'birth.asked', round: countOf(body['round']), members: listOf(body['members'], textOf) };
    case 'birth.answered': {
      const cluster = body['cluster'] === null ? null : (readBig(body['cluster']) as ClusterId);
      const members = listOf(body['members'], textOf);
      return { type: 'birth.answered', round: countOf(body['round']), members, cluster };
    }
    case 'born': {
      const members = listOf(body['members'], (each) => {
        const member = mapOf(each);
        return { id: readBig(member['id']) as MemberId, name: textOf(member['name']) };
      });
      return { type: 'born', members };
    }
    default:
      throw new MalformedError('a birth message of another type');
  }
}

export function readPull(value: Value): PullQuestion {
  const body = mapOf(value);
  return { question: countOf(body['question']), id: textOf(body['id']), number: countOf(body['number']) };
}

export function readPiece(value: Value): PullAnswer {
  const body = mapOf(value);
  const bytes = body['bytes'];
  if (bytes !== null && !(bytes instanceof Uint8Array)) throw new MalformedError('a piece has no bytes');
  return { question: countOf(body['question']), bytes };
}
