/** A cluster that hears what nobody should say: it answers each word in time, does all or nothing, and goes on. */
import assert from 'node:assert/strict';
import { decode } from '@msgpack/msgpack';
import { httpStatus, type ErrorCode } from '../../machines/language/errors.js';
import { pause } from '../../deploy/clock.js';
import { clusterSubject } from '../../transport/subjects.js';
import { encodingOf, headerNames } from '../../transport/wire.js';
import { createChance } from '../simulation/chance.js';
import type { RawAnswer, RawNats } from './raw-nats.js';
import { byChance, everyField, everyHeader, everyShape, type Words } from './words.js';

/** Far beyond the one of a request: what is not answered by then never is. */
const deadline_ms = 60_000;
const attempts_max = 200;

export interface Summary {
  readonly served: number;
  readonly refused: number;
}

/** Everything once, and `rounds` by chance. Throws with the words that were not met as they should be. */
export async function fuzzService(raw: RawNats, cluster: string, seed: number, rounds: number): Promise<Summary> {
  const heard: Heard = { served: 0, refused: 0, revision: 0, background: 0 };
  const say = async (words: Words, attempt = 1): Promise<void> => {
    heard.background += backgroundOf(words);
    const subject = clusterSubject(cluster, words.endpoint);
    const answer = await raw.ask(subject, words.body, words.headers ?? null, deadline_ms);
    const what = `${words.endpoint} ${Buffer.from(words.body).toString('base64').slice(0, 200)} ${words.headers ?? ''}`;
    assert.ok(answer !== undefined, `no answer within ${deadline_ms} ms to ${what}`);
    if (!isPassing(answer) || words.headers?.includes('Quorate-Timeout-Ms: ')) {
      for (const each of answersIn(words, answer, what)) judge(each, heard, what);
      return;
    }
    // The leader changed or was slow, as may be on a busy machine: asked again; what it may have done is not counted.
    assert.ok(attempt < attempts_max, `nobody serves after ${what}`);
    await pause(100);
    heard.revision = 0;
    await say(words, attempt + 1);
  };
  for (const words of everyShape()) await say(words);
  for (const words of everyHeader()) await say(words);
  for (const words of everyField()) await say(words);
  const chance = createChance(seed);
  for (let round = 0; round < rounds; round++) await say(byChance(chance));
  return heard;
}

interface Heard {
  served: number;
  refused: number;
  revision: number;
  /** Revisions that may still come, or have come, without an answer of their own. */
  background: number;
}

/**
 * Whoever contends puts a key and moves or deletes it, and a lease that ends deletes its keys: also of a request that
 * was refused in the end.
 */
function backgroundOf(words: Words): number {
  const said = `${words.endpoint} ${Buffer.from(words.body).toString('latin1')}`;
  const contends = said.match(/lock\.lock|election\.campaign/g) ?? [];
  const leases = said.match(/ttl|lease/g) ?? [];
  return 4 * contends.length + leases.length;
}

const isPassing = ({ headers, body }: RawAnswer): boolean =>
  /^NATS\/1.0 503/.test(headers) ||
  /etcdserver: (not leader|leader changed|no leader|request timed out)/.test(body.toString());

type Fields = Readonly<Record<string, unknown>>;

/** In the encoding of the request; a batch has an answer for each of its requests. */
function answersIn(words: Words, { body, headers }: RawAnswer, what: string): readonly Fields[] {
  const packed = encodingOf(words.body) === 'msgpack';
  const whole = (packed ? decode(body, { useBigInt64: true }) : JSON.parse(body.toString())) as Fields;
  if (whole['error'] !== undefined) {
    const { code } = whole['error'] as { code: ErrorCode };
    assert.ok(headers.includes(`${headerNames.errorCode}: ${httpStatus[code]}\r\n`), `${headers} for ${what}`);
  }
  const answers = whole['answers'];
  if (!Array.isArray(answers)) return [whole];
  // What the headers of a batch's answers have in common is said once.
  const shared = whole['header'] as Fields | null | undefined;
  return (answers as Fields[]).map((each) => {
    const ok = each['ok'] as Fields | undefined;
    return ok === undefined ? each : { ...ok, header: { ...shared, ...(ok['header'] as Fields | undefined) } };
  });
}

/** What may be said of a request alone, of its time, or of its headers. */
export const refusals: ReadonlySet<unknown> = new Set<ErrorCode>([
  'InvalidArgument',
  'OutOfRange',
  'NotFound',
  'FailedPrecondition',
  // As etcd's own services of locks and elections (reference 1.0.1, note 3).
  'Unknown',
]);

function judge(answer: Fields, heard: Heard, what: string): void {
  const error = answer['error'] as { code: string; message: string } | undefined;
  if (error === undefined) {
    const { revision } = answer['header'] as { revision: number };
    // [safety] What was refused before moved nothing.
    const more = heard.revision === 0 ? 0 : Math.max(0, Number(revision) - heard.revision - 1);
    assert.ok(more <= heard.background, `from ${heard.revision} to ${revision} by ${what}`);
    heard.background -= more;
    heard.revision = Math.max(heard.revision, Number(revision));
    heard.served += 1;
    return;
  }
  heard.refused += 1;
  if (error.code === 'Unavailable' && what.includes('Quorate-Timeout-Ms: ')) return;
  assert.ok(refusals.has(error.code), `${error.code}: ${error.message}, for ${what}`);
  assert.match(error.message, /^((etcdserver|quorate|mutex|election): |"leader" field)/, what);
}
