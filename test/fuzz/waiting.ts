/**
 * What waits or streams, and hears what nobody should say: contenders for locks and offices, those who observe them,
 * and streams of watches. Each word is answered in time; who did not win leaves no key; a stream outlives what is
 * wrong.
 */
import assert from 'node:assert/strict';
import { decode } from '@msgpack/msgpack';
import type { ErrorCode } from '../../machines/language/errors.js';
import { clusterSubject } from '../../transport/subjects.js';
import { encodingOf, headerNames, requestFields } from '../../transport/wire.js';
import { openingFields } from '../../transport/wire-watch-requests.js';
import type { RawAnswer, RawNats, RawStream } from './raw-nats.js';
import { refusals } from './service.js';
import { wrongFields, wrongShapes } from './words.js';

/** Far beyond any request's own. */
const deadline_ms = 60_000;
/** Who cannot win waits no longer. */
const CONTEND_MS = 30;
/** They wait side by side. */
const TOGETHER = 16;
const HELD = 'held';

type Waiting = 'lock.lock' | 'election.campaign' | 'election.observe';
type Fields = Readonly<Record<string, unknown>>;

const read = (asked: Uint8Array, { body }: RawAnswer): Fields =>
  (encodingOf(asked) === 'msgpack' ? decode(body, { useBigInt64: true }) : JSON.parse(body.toString())) as Fields;

const shown = (body: Uint8Array): string => Buffer.from(body).toString('base64').slice(0, 200);

/** `Unavailable`: nobody leads for a moment, or leads no more. */
const expected: ReadonlySet<unknown> = new Set<unknown>([...refusals, 'DeadlineExceeded', 'Unavailable']);

/** The error, undefined where it was served. */
function judge(answer: Fields, what: string): ErrorCode | undefined {
  const error = answer['error'] as { code: ErrorCode; message: string } | undefined;
  if (error === undefined) return undefined;
  assert.ok(expected.has(error.code), `${error.code}: ${error.message}, for ${what}`);
  return error.code;
}

/* ---- contenders ------------------------------------------------------------------------------------------------- */

export interface Contests {
  readonly won: number;
  readonly late: number;
  readonly refused: number;
}

export async function fuzzContests(raw: RawNats, cluster: string): Promise<Contests> {
  const say = (endpoint: Waiting | 'kv.range', body: Uint8Array | string, headers: string) =>
    raw.ask(clusterSubject(cluster, endpoint), body, `NATS/1.0\r\n${headers}\r\n`, deadline_ms);
  const keys = async (): Promise<{ readonly term: unknown; readonly keys: readonly string[] }> => {
    for (;;) {
      const body = Buffer.from('{"key":"\\u0000","range_end":"\\u0000","keys_only":true}');
      const answer = await say('kv.range', body, '');
      assert.ok(answer !== undefined);
      if (answer.body.length === 0) continue;
      const { header, kvs, error } = read(body, answer) as { header: Fields; kvs: Fields[]; error?: unknown };
      if (error === undefined) return { term: header['raft_term'], keys: kvs.map(({ key }) => JSON.stringify(key)) };
    }
  };
  for (const endpoint of ['lock.lock', 'election.campaign'] as const) {
    for (let held = false; !held;) {
      const first = await say(endpoint, `{"name":"${endpoint} ${HELD}","ttl_ms":600000}`, '');
      assert.ok(first !== undefined);
      held = first.body.toString().includes(HELD);
    }
  }
  const before = await keys();
  const mine = new Set(before.keys);
  const sum = { won: 0, late: 0, refused: 0 };
  const contend = async (endpoint: Waiting, body: Uint8Array): Promise<void> => {
    const answer = await say(endpoint, body, `${headerNames.timeoutMs}: ${CONTEND_MS}\r\n`);
    const what = `${endpoint} ${shown(body)}`;
    assert.ok(answer !== undefined, `no answer within ${deadline_ms} ms to ${what}`);
    if (answer.headers.startsWith('NATS/1.0 503')) return;
    const said = read(body, answer);
    const error = judge(said, what);
    if (error === undefined) {
      const { key } = (said['leader'] ?? said) as Fields;
      if (key !== undefined) mine.add(JSON.stringify(key instanceof Uint8Array ? keyText(key) : key));
      sum.won++;
    } else if (error === 'DeadlineExceeded') sum.late++;
    else sum.refused++;
  };
  for (const endpoint of ['lock.lock', 'election.campaign', 'election.observe'] as const) {
    const bodies = [...wrongShapes(), ...wrongFields(requestFields[endpoint], 'name', `${endpoint} ${HELD}`)];
    const next = bodies.values();
    const work = async (): Promise<void> => {
      for (const body of next) await contend(endpoint, body);
    };
    await Promise.all(Array.from({ length: TOGETHER }, work));
  }
  const after = await keys();
  const left = after.keys.filter((key) => !mine.has(key));
  // [safety] Who was refused or too late stands in no queue; of a leader that leads no more its short lease would see.
  if (after.term === before.term) assert.deepEqual(left, []);
  return sum;
}

/** As JSON shows it: text where it is text. */
function keyText(key: Uint8Array): unknown {
  const text = Buffer.from(key).toString();
  return Buffer.from(text).equals(Buffer.from(key)) ? text : { base64: Buffer.from(key).toString('base64') };
}

/* ---- streams ---------------------------------------------------------------------------------------------------- */

export interface Streams {
  readonly opened: number;
  readonly refused: number;
  /** Words to a stream. */
  readonly said: number;
}

export async function fuzzStreams(raw: RawNats, cluster: string): Promise<Streams> {
  const sum = { opened: 0, refused: 0, said: 0 };
  const open = async (body: Uint8Array): Promise<{ stream: RawStream; subject: string } | undefined> => {
    for (;;) {
      const stream = raw.stream(clusterSubject(cluster, 'watch.create'), body);
      const answer = await stream.next(deadline_ms);
      assert.ok(answer !== undefined, `no answer within ${deadline_ms} ms to watch.create ${shown(body)}`);
      if (answer.reply !== '') return { stream, subject: answer.reply };
      stream.close();
      if (answer.headers.startsWith('NATS/1.0 503')) continue;
      const code = judge(read(body, answer), `watch.create ${shown(body)}`);
      assert.ok(code !== undefined, `an answer that is neither an error nor a stream: ${answer.body.toString()}`);
      if (code !== 'Unavailable') return undefined;
    }
  };
  for (const body of [...wrongShapes(), ...wrongFields(openingFields, 'key', 'k')]) {
    const opened = await open(body);
    if (opened === undefined) {
      sum.refused++;
      continue;
    }
    sum.opened++;
    raw.tell(opened.subject, 'nobody', '{"end":{}}');
    opened.stream.close();
  }
  const good = Buffer.from('{"key":"k"}');
  let current = await open(good);
  for (const body of wordsToStreams()) {
    assert.ok(current !== undefined);
    raw.tell(current.subject, 'nobody', body);
    sum.said++;
    if (!mayEnd(body)) {
      await stillHears(raw, current, sum.said, shown(body));
      continue;
    }
    raw.tell(current.subject, 'nobody', '{"end":{}}');
    current.stream.close();
    current = await open(good);
  }
  if (current !== undefined) raw.tell(current.subject, 'nobody', '{"end":{}}');
  return sum;
}

/** An empty message is what NATS says where nobody hears a stream any more. */
const mayEnd = (body: Uint8Array): boolean =>
  body.length === 0 || Buffer.from(body.subarray(0, 7)).toString() === '{"end":';

function* wordsToStreams(): Iterable<Uint8Array> {
  yield* wrongShapes();
  yield* wrongFields(['create', 'cancel', 'progress', 'acknowledge', 'end'], 'progress', '');
  for (const [request, fields] of [
    ['create', openingFields],
    ['cancel', ['watch_id']],
    ['acknowledge', ['number']],
  ] as const) {
    for (const body of wrongFields(fields, 'watch_id', '7')) {
      if (encodingOf(body) === 'json') yield Buffer.from(`{"${request}":${Buffer.from(body).toString()}}`);
    }
  }
}

/** Says what is unknown to it, and hears that: in the order said, so what came before did it no harm. */
async function stillHears(
  raw: RawNats,
  { stream, subject }: { readonly stream: RawStream; readonly subject: string },
  number: number,
  what: string,
): Promise<void> {
  raw.tell(subject, 'nobody', `{"mark${number}":1}`);
  const until_ms = performance.now() + deadline_ms;
  for (;;) {
    const answer = await stream.next(deadline_ms);
    assert.ok(answer !== undefined && performance.now() < until_ms, `no word of a stream after ${what}`);
    if (answer.body.includes(`mark${number}`)) return;
  }
}
