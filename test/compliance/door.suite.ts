/** What every ClientDoor and ClientLink promise each other; NATS and memory run the same cases. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Header } from '../../machines/language/commands.js';
import { errorOf } from '../../machines/language/errors.js';
import { plainPut, plainRange } from '../../machines/language/plain.js';
import { type ClusterId, memberId, revision, term, type Term } from '../../machines/language/vocabulary.js';
import type { Answer, Ask, ClientDoor, FeedEvent, Request } from '../../transport/ports.js';
import { clusterSubject, memberSubject } from '../../transport/subjects.js';
import { decodeBatchAnswers, encodeBatch } from '../../transport/wire-batch.js';
import {
  decodeAnswer,
  decodeRequest,
  encodeRequest,
  formatClusterId,
  formatRequestId,
  headerNames,
} from '../../transport/wire.js';
import { describeDoors, type DoorWorld } from './doors.js';

const CLUSTER = 12345678901234567890n as ClusterId;
const text = (from: string) => new TextEncoder().encode(from);
const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const NO_HEADERS: ReadonlyMap<string, string> = new Map();
const header: Header = { cluster_id: CLUSTER, member_id: memberId(7n), revision: 5, raft_term: 2, raft_index: 9 };

/**
 * Puts succeed, with the term of their door as the header's; reads give one value of as many bytes as their limit
 * says.
 */
function answerTo(ask: Ask): Answer {
  const { request } = ask;
  const shown = { ...header, raft_term: ask.term ?? 0 };
  if (request.op === 'kv.put') {
    return {
      ok: true,
      header: shown,
      result: { op: 'kv.put', body: { revision: revision(5), prev_kv: null, lease: 0n } },
    };
  }
  if (request.op === 'kv.range') {
    const value = new Uint8Array(request.body.limit).fill(120);
    const kv = { key: request.body.key, create_revision: 1, mod_revision: 1, version: 1, value, lease: 0n };
    const body = { revision: revision(5), kvs: [kv], more: false, count: 1 };
    return { ok: true, header: shown, result: { op: 'kv.range', body } };
  }
  if (request.op === 'kv.delete') {
    const kv = { key: text('k'), create_revision: 1, mod_revision: 1, version: 1, lease: 0n };
    const prev_kvs = [{ ...kv, value: new Uint8Array(2_000_000) }];
    return {
      ok: true,
      header: shown,
      result: { op: 'kv.delete', body: { revision: revision(5), deleted: 1, prev_kvs } },
    };
  }
  return { ok: false, error: errorOf('NotCapable') };
}

const put = (key: string): Request => ({ op: 'kv.put', body: { ...plainPut(text(key)), value: text('v') } });
const range = (limit: number): Request => ({ op: 'kv.range', body: { ...plainRange(text('k')), limit } });

export function doorSuite(name: string, begin: () => Promise<DoorWorld>): void {
  describeDoors(`client door on ${name}`, begin, (doors) => {
    const { ask } = doors;

    /** A door in a cluster of its own, and everything that was asked through it. */
    const openDoor = async (
      options: { cluster?: string; member?: string; answer?: (ask: Ask) => void; serve?: boolean } = {},
    ) => {
      const { cluster = doors.newCluster(), member = 'n1', serve = true } = options;
      const answer = options.answer ?? ((ask: Ask) => ask.answer(answerTo(ask)));
      const asked: (readonly Ask[])[] = [];
      const door = await doors.open(cluster, member, {
        asked: (asks) => {
          asked.push(asks);
          for (const ask of asks) answer(ask);
        },
        stats: () => ({ role: 'leader' }),
      });
      if (serve) await door.serve(CLUSTER);
      return { door, asked, cluster, member };
    };
    test('JSON is answered in JSON, MessagePack in MessagePack, an error with its headers', async () => {
      const { door, asked, cluster } = await openDoor();
      door.lead(term(4));
      const json = await ask(clusterSubject(cluster, 'kv.put'), text('{"key":"foo","value":"bar"}'));
      assert.deepEqual(JSON.parse(read(json.body)), {
        header: { cluster_id: CLUSTER.toString(), member_id: '7', revision: 5, raft_term: 4, raft_index: 9 },
        prev_kv: null,
      });
      assert.equal(json.headers.size, 0);
      const packed = await ask(clusterSubject(cluster, 'kv.put'), encodeRequest(put('foo'), 'msgpack'));
      assert.equal((packed.body[0] as number) & 0xf0, 0x80);
      const wrong = await ask(clusterSubject(cluster, 'kv.put'), text('{"kye":"foo"}'));
      assert.match(wrong.headers.get('Nats-Service-Error') ?? '', /^quorate: put: unknown field "kye"/);
      assert.equal(wrong.headers.get('Nats-Service-Error-Code'), '400');
      assert.equal(asked.length, 2);
      assert.deepEqual(
        asked[0]?.map(({ id, timeout_ms, term: at }) => ({ id, timeout_ms, at })),
        [{ id: null, timeout_ms: 7_000, at: 4 }],
      );
    });

    test('headers bring the request id, what its client had seen, and the deadline', async () => {
      const { door, asked, cluster } = await openDoor();
      door.lead(term(1));
      const client = new Uint8Array(16).fill(3);
      const headers = new Map([
        [headerNames.request, formatRequestId(client, 12)],
        [headerNames.since, '99'],
        [headerNames.timeoutMs, '250'],
        [headerNames.clusterId, formatClusterId(CLUSTER)],
      ]);
      await ask(clusterSubject(cluster, 'kv.put'), text('{"key":"k"}'), headers);
      assert.deepEqual(asked[0]?.[0]?.id, { client, number: 12, since: 99 });
      assert.equal(asked[0]?.[0]?.timeout_ms, 250);
      headers.delete(headerNames.since);
      const without = await ask(clusterSubject(cluster, 'kv.put'), text('{"key":"k"}'), headers);
      assert.match(read(without.body), /header Quorate-Since is missing beside Quorate-Request/);
    });

    test('a client that pins another cluster is refused', async () => {
      const { door, asked, cluster } = await openDoor();
      door.lead(term(1));
      const pinned = new Map([[headerNames.clusterId, '1']]);
      const answer = await ask(clusterSubject(cluster, 'batch'), text('{"requests":[]}'), pinned);
      assert.match(read(answer.body), /etcdserver: cluster ID mismatch/);
      assert.equal(asked.length, 0);
    });

    test('where nobody leads a write hears so at once; members that hear a leader serve the rest', async () => {
      const { door, asked, cluster } = await openDoor();
      const nobody = { reason: 'noResponders' };
      await assert.rejects(
        doors.link.request(clusterSubject(cluster, 'kv.put'), text('{}'), NO_HEADERS, 5_000),
        nobody,
      );
      await assert.rejects(
        doors.link.request(clusterSubject(cluster, 'batch.read'), text('{}'), NO_HEADERS, 5_000),
        nobody,
      );
      door.hearLeader(true);
      door.hearLeader(true);
      await ask(clusterSubject(cluster, 'cluster.list'), text('{}'));
      assert.equal(asked[0]?.[0]?.term, null);
      await assert.rejects(
        doors.link.request(clusterSubject(cluster, 'kv.put'), text('{}'), NO_HEADERS, 5_000),
        nobody,
      );
      await door.drain();
      await assert.rejects(
        doors.link.request(clusterSubject(cluster, 'cluster.list'), text('{}'), NO_HEADERS, 5_000),
        nobody,
      );
    });

    test('a member is asked by name, whoever leads; before it serves it is silent', async () => {
      const { door, asked, cluster, member } = await openDoor({ serve: false });
      const subject = memberSubject(cluster, member, 'kv.range');
      await assert.rejects(doors.link.request(subject, text('{"key":"k"}'), NO_HEADERS, 5_000), {
        reason: 'noResponders',
      });
      await door.serve(CLUSTER);
      await ask(subject, text('{"key":"k"}'));
      await ask(memberSubject(cluster, member, 'batch'), text('{"requests":[]}'));
      assert.equal(asked[0]?.[0]?.term, null);
    });

    test('a batch is asked in one call; answers of one turn share a message; the malformed fail alone', async () => {
      const held: Ask[] = [];
      const { door, asked, cluster } = await openDoor({ answer: (each) => void held.push(each) });
      door.lead(term(1));
      await ask(clusterSubject(cluster, 'batch'), text('{"requests":[]}'));
      const requests = [put('a'), put('b'), range(10), put('c')].map((request, number) => ({
        number,
        since: 3,
        request,
      }));
      const client = new Uint8Array(16).fill(1);
      const valid = encodeBatch({ client, requests }, 'json');
      const body = text(
        read(valid).replace('"requests":[', '"requests":[{"number":9,"op":"kv.put","body":{"kye":1}},'),
      );
      const seen: { numbers: readonly number[]; done: boolean }[] = [];
      await doors.link.requestMany(clusterSubject(cluster, 'batch'), body, NO_HEADERS, 5_000, (message) => {
        const { answers, done } = decodeBatchAnswers(message.body, () => 'kv.put');
        seen.push({ numbers: answers.map((each) => each.number), done });
        if (seen.length === 1) {
          assert.deepEqual(
            asked.map((asks) => asks.length),
            [4],
          );
          assert.deepEqual(
            held.map((each) => each.id?.number),
            [0, 1, undefined, 3],
          );
          for (const each of [held[1], held[0]]) each?.answer(answerTo(each));
        }
        if (seen.length === 2)
          for (const each of held.slice(2)) each.answer({ ok: false, error: errorOf('Timeout', true) });
        return done ? 'done' : 'more';
      });
      assert.deepEqual(seen, [
        { numbers: [9], done: false },
        { numbers: [1, 0], done: false },
        { numbers: [2, 3], done: true },
      ]);
    });

    test('a request beyond the limit is refused, one at the limit is served', async () => {
      const { door, asked, cluster } = await openDoor();
      door.lead(term(1));
      const sized = (bytes: number): Request => ({
        op: 'kv.put',
        body: { ...(put('k').body as object), value: new Uint8Array(bytes - 1) } as never,
      });
      for (const extra of [-1, 0, 1]) {
        const request = sized(doors.world.request_bytes_max + extra);
        const single = await ask(clusterSubject(cluster, 'kv.put'), encodeRequest(request, 'msgpack'));
        const batch = encodeBatch({ client: null, requests: [{ number: 1, since: 0, request }] }, 'msgpack');
        const many = await ask(clusterSubject(cluster, 'batch'), batch);
        const [inBatch] = decodeBatchAnswers(many.body, () => 'kv.put').answers;
        for (const answer of [decodeAnswer('kv.put', single.body), inBatch?.answer]) {
          assert.equal(answer?.ok, extra <= 0);
          if (answer?.ok === false) assert.equal(answer.error.message, 'etcdserver: request is too large');
        }
      }
      assert.equal(asked.length, 4);
      for (const op of ['kv.delete', 'kv.range'] as const) {
        for (const extra of [0, 1]) {
          const { body } = decodeRequest(op, new Uint8Array(0)).request;
          const key = new Uint8Array(doors.world.request_bytes_max);
          const request = { op, body: { ...body, key, range_end: new Uint8Array(extra) } } as Request;
          const known: number = asked.length;
          await ask(clusterSubject(cluster, op), encodeRequest(request, 'msgpack'));
          assert.equal(asked.length - known, 1 - extra, `${op} with ${extra} bytes too many`);
        }
      }
    });

    test('an answer beyond the payload comes in pieces to who takes them, or is refused', async () => {
      const { door, cluster } = await openDoor();
      door.lead(term(1));
      const pieces = new Map([[headerNames.pieces, 'yes']]);
      const near = [
        -4_000,
        -2_500,
        -2_100,
        -2_000,
        -1_000,
        -100,
        0,
        1,
        doors.world.max_payload,
        5 * doors.world.max_payload,
      ];
      for (const extra of near) {
        const limit = doors.world.max_payload + extra;
        const body = encodeRequest(range(limit), 'msgpack');
        const whole = decodeAnswer('kv.range', (await ask(clusterSubject(cluster, 'kv.range'), body, pieces)).body);
        assert.ok(whole.ok && 'result' in whole && whole.result.op === 'kv.range');
        assert.equal(whole.result.body.kvs[0]?.value.length, limit);
        const batch = encodeBatch(
          { client: null, requests: [{ number: 1, since: 0, request: range(limit) }] },
          'msgpack',
        );
        const many = await ask(clusterSubject(cluster, 'batch'), batch, pieces);
        const [inBatch] = decodeBatchAnswers(many.body, () => 'kv.range').answers;
        assert.deepEqual(inBatch?.answer, whole);
      }
      const body = encodeRequest(range(doors.world.max_payload), 'msgpack');
      const refused = decodeAnswer('kv.range', (await ask(clusterSubject(cluster, 'kv.range'), body)).body);
      assert.deepEqual(refused, { ok: false, error: errorOf('AnswerTooLarge') });
      const deleted = await ask(clusterSubject(cluster, 'kv.delete'), text('{"key":"k","prev_kv":true}'));
      assert.deepEqual(decodeAnswer('kv.delete', deleted.body), {
        ok: true,
        header: { ...header, raft_term: 1 },
        truncated: true,
      });
    });

    test('[safety] each request that a term hears has its answer, also while the next term opens', async () => {
      const cluster = doors.newCluster();
      const [first, second] = [await openDoor({ cluster }), await openDoor({ cluster, member: 'n2' })];
      first.door.lead(term(1));
      await ask(clusterSubject(cluster, 'kv.put'), text('{"key":"k"}'));
      const terms = new Map<number, number>();
      let current = 1;
      let leading: ClientDoor = first.door;
      const handOver = (to: ClientDoor, next: Term) => {
        to.lead(next);
        leading.retire((next - 1) as Term);
        leading = to;
      };
      for (let round = 0; round < 60; round++) {
        const answers = Array.from({ length: 50 }, () => ask(clusterSubject(cluster, 'kv.put'), text('{"key":"k"}')));
        if (round % 3 === 1) handOver(leading === first.door ? second.door : first.door, term(++current));
        for (const { body } of await Promise.all(answers)) {
          const answer = decodeAnswer('kv.put', body);
          assert.ok(answer.ok);
          terms.set(answer.header.raft_term, (terms.get(answer.header.raft_term) ?? 0) + 1);
        }
      }
      assert.equal(
        [...terms.values()].reduce((sum, count) => sum + count, 0),
        60 * 50,
      );
      assert.equal(terms.size, current);
    });

    test('[safety] leaders of two terms share no queue group: both hear a request', async () => {
      const cluster = doors.newCluster();
      const terms: (number | null)[] = [];
      let both = () => {};
      const heard = new Promise<void>((resolve) => (both = resolve));
      const answer = (each: Ask) => {
        terms.push(each.term);
        each.answer(answerTo(each));
        if (new Set(terms).size === 2) both();
      };
      const [old, next] = [await openDoor({ cluster, answer }), await openDoor({ cluster, member: 'n2', answer })];
      old.door.lead(term(1));
      next.door.lead(term(2));
      for (const member of ['n1', 'n2']) await ask(memberSubject(cluster, member, 'kv.put'), text('{"key":"k"}'));
      terms.length = 0;
      await ask(clusterSubject(cluster, 'kv.put'), text('{"key":"k"}'));
      await heard;
      assert.deepEqual(new Set(terms), new Set([1, 2]));
    });

    test('a door that drains lets the answers out first', async () => {
      const held: Ask[] = [];
      const { door, cluster } = await openDoor({ answer: (each) => void held.push(each) });
      door.lead(term(1));
      let arrived = () => {};
      const waiting = ask(clusterSubject(cluster, 'kv.put'), text('{"key":"k"}'));
      const heard = new Promise<void>((resolve) => (arrived = resolve));
      const look = () => void (held.length > 0 ? arrived() : setImmediate(look));
      look();
      await heard;
      let drained = false;
      const draining = door.drain().then(() => (drained = true));
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(drained, false);
      for (const each of held) each.answer(answerTo(each));
      await draining;
      await door.close();
      assert.equal(decodeAnswer('kv.put', (await waiting).body).ok, true);
    });

    test('[safety] a cluster does not serve under a name that another cluster uses', async () => {
      const { cluster } = await openDoor();
      await ask(memberSubject(cluster, 'n1', 'maintenance.status'), text(''));
      const { door: other } = await openDoor({ cluster, serve: false, member: 'n2' });
      await assert.rejects(
        other.serve(1n as ClusterId),
        /cluster name "c[0-9]+" is in use on these servers by cluster 1234/,
      );
      await other.serve(CLUSTER);
    });

    test('events are told on their keys’ subjects, in order, one that is too large without content', async () => {
      const { door, cluster } = await openDoor();
      const heard: unknown[] = [];
      let all = (): void => undefined;
      const done = new Promise<void>((resolve) => (all = resolve));
      for (const subject of ['events.a.%2E', 'events.b', 'beat']) {
        await doors.world.listen(`${cluster}.${subject}`, (body) => {
          heard.push([subject, JSON.parse(read(body))]);
          if (subject === 'beat') all();
        });
      }
      const kv = { key: text('a/.'), create_revision: 3, mod_revision: 4, version: 2, value: text('v'), lease: 5n };
      const place = { term: term(2), revision: revision(4), sub: 0 };
      const event: FeedEvent = {
        ...place,
        tokens: ['a', '%2E'],
        numbers: [7, 1],
        event: { type: 'put', kv, cause: 'user' },
      };
      const large = { ...kv, value: new Uint8Array(doors.world.max_payload) };
      assert.ok(door.feed.tell(event));
      assert.ok(door.feed.tell({ ...event, tokens: ['b'], numbers: [8], event: { ...event.event, kv: large } }));
      assert.ok(door.feed.beat({ term: term(2), revision: revision(4), unsent_revision: revision(1) }));
      await done;
      const shown = { key: 'a/.', create_revision: 3, mod_revision: 4, version: 2, value: 'v', lease: '5' };
      assert.deepEqual(heard, [
        ['events.a.%2E', { ...place, numbers: [7, 1], type: 'put', kv: shown, cause: 'user' }],
        ['events.b', { ...place, numbers: [8], type: 'put', truncated: true }],
        ['beat', { term: 2, revision: 4, unsent_revision: 1 }],
      ]);
    });

    test('two clusters do not hear each other', async () => {
      const [one, two] = [await openDoor(), await openDoor()];
      one.door.lead(term(1));
      two.door.lead(term(1));
      await ask(clusterSubject(one.cluster, 'kv.put'), text('{"key":"k"}'));
      await ask(clusterSubject(two.cluster, 'kv.put'), text('{"key":"k"}'));
      assert.deepEqual([one.asked.length, two.asked.length], [1, 1]);
    });
  });
}
