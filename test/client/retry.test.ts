/** Retries, deadlines, aborts, and what a caller is told: above all whether a write may have been applied. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { ClusterId } from '../../machines/language/vocabulary.js';
import { benchOf, errorOfCall, follow } from './client-of.js';
import { turn } from './manual-clock.js';
import { noAnswer, okAnswer, type Sent } from './scripted-link.js';

const numbersOf = (message: Sent | undefined) => message?.requests.map((one) => one.number) ?? [];

test('[safety] a retry repeats number, client and since, whatever was learned in between', async () => {
  const { client, sent, clock } = await benchOf();
  const call = client.kv.put('k', 'v');
  const [first] = await sent();
  const other = client.kv.get('other');
  const [answered] = await sent();
  answered?.answerAll();
  await other;
  await clock.pass(1_100);
  const [second] = await sent();
  assert.equal(second?.requests[0]?.number, first?.requests[0]?.number);
  assert.equal(second?.requests[0]?.since, first?.requests[0]?.since);
  assert.ok((first?.requests[0]?.since ?? 0) > 0);
  assert.deepEqual(second?.client, first?.client);
  second?.answerAll();
  await call;
});

test('a retry resends only what is unanswered', async () => {
  const { client, sent, clock } = await benchOf();
  const calls = [client.kv.put('a', '1'), client.kv.put('b', '2')];
  const [first] = await sent();
  const one = first?.requests[0];
  assert.ok(one !== undefined);
  first?.answer([{ number: one.number, answer: okAnswer(one.request) }], true);
  await clock.pass(30);
  const [second] = await sent();
  assert.deepEqual(
    second?.requests.map((request) => request.number),
    [first?.requests[1]?.number],
  );
  second?.answerAll();
  await Promise.all(calls);
});

test('a late answer to an earlier attempt still counts', async () => {
  const { client, sent, clock } = await benchOf();
  const call = follow(client.kv.put('k', 'v'));
  const [first] = await sent();
  await clock.pass(1_100);
  assert.equal((await sent()).length, 1, 'sent again');
  first?.answerAll();
  await turn();
  assert.equal(call.state, 'ok');
});

test('503: waits a little and asks again; an answer then is the answer', async () => {
  const { client, sent, clock } = await benchOf();
  const call = client.kv.put('k', 'v');
  for (let i = 0; i < 5; i++) {
    const [message] = await sent();
    assert.ok(message !== undefined, `attempt ${i + 1}`);
    message.fail('noResponders');
    await turn();
    await clock.pass(i === 0 ? 30 : 210);
  }
  const [message] = await sent();
  message?.answerAll();
  await call;
});

test('[safety] 503 until the deadline: no leader, and surely not applied', async () => {
  const { client, link, clock } = await benchOf();
  link.onSent = (message) => message.fail('noResponders');
  const call = errorOfCall(client.kv.put('k', 'v', { timeoutMs: 800 }));
  const read = errorOfCall(client.kv.get('k', { timeoutMs: 800 }));
  await clock.pass(900);
  for (const error of [await call, await read]) {
    assert.equal(error.message, 'etcdserver: no leader');
    assert.equal(error.code, 'Unavailable');
    assert.equal(error.maybe_applied, false);
  }
  assert.ok(link.sent.length >= 20 && link.sent.length < 80, `${link.sent.length} attempts`);
});

test('where nobody serves, the first calls ask again; once they are answered all follow in order', async () => {
  const { client, sent, clock } = await benchOf();
  const value = 'v'.repeat(30_000);
  const calls = Array.from({ length: 9 }, (_, i) => client.kv.put(`k${i}`, value));
  const [all] = await sent();
  all?.fail('noResponders');
  await turn();
  await clock.pass(20);
  const numbers = all?.requests.map((one) => one.number) ?? [];
  const [probe] = await sent();
  assert.deepEqual(numbersOf(probe), numbers.slice(0, 2));
  probe?.answerAll();
  await clock.pass(20);
  const [rest] = await sent();
  assert.deepEqual(numbersOf(rest), numbers.slice(2));
  rest?.answerAll();
  await Promise.all(calls);
});

test('[safety] sent once into silence and then 503: timed out, and maybe applied', async () => {
  const { client, link, clock } = await benchOf();
  let attempts = 0;
  link.onSent = (message) => void (attempts++ > 0 && message.fail('noResponders'));
  const call = errorOfCall(client.kv.put('k', 'v', { timeoutMs: 3_000 }));
  await clock.pass(3_100);
  const error = await call;
  assert.ok(attempts > 2);
  assert.equal(error.message, 'etcdserver: request timed out');
  assert.equal(error.maybe_applied, true);
});

test('a read that is never answered times out, and is never "maybe applied"', async () => {
  const { client, clock } = await benchOf();
  const call = errorOfCall(client.kv.get('k'));
  await clock.pass(5_100);
  const error = await call;
  assert.deepEqual([error.message, error.maybe_applied], ['etcdserver: request timed out', false]);
});

test('[safety] "not leader" is a hint: the write is sent again, and stays in doubt', async () => {
  const { client, link, clock } = await benchOf();
  link.onSent = (message) => message.answerAll(() => noAnswer('NotLeader'));
  const call = errorOfCall(client.kv.put('k', 'v', { timeoutMs: 1_000 }));
  await clock.pass(1_100);
  const error = await call;
  assert.ok(link.sent.length > 3);
  assert.deepEqual([error.message, error.maybe_applied], ['etcdserver: request timed out', true]);
  assert.match(String(error.cause), /not leader/);
});

test('an answer that says "unavailable" is no outcome: the write is sent again', async () => {
  const { client, sent, clock } = await benchOf();
  const call = client.kv.put('k', 'v');
  const [first] = await sent();
  first?.answerAll(() => noAnswer('LeaderChanged', true));
  await clock.pass(30);
  const [second] = await sent();
  assert.equal(second?.requests[0]?.number, first?.requests[0]?.number);
  second?.answerAll();
  await call;
});

test('a decision is final, also after an attempt that was lost', async () => {
  const { client, sent, clock } = await benchOf();
  const call = errorOfCall(client.kv.put('k', '', { ignoreValue: true }));
  await sent();
  await clock.pass(1_100);
  const [second] = await sent();
  second?.answerAll(() => noAnswer('KeyNotFound'));
  const error = await call;
  assert.deepEqual([error.message, error.maybe_applied], ['etcdserver: key not found', false]);
});

test('an expired request id is final, and leaves the write in doubt', async () => {
  const { client, sent } = await benchOf();
  const call = errorOfCall(client.kv.put('k', 'v'));
  const [message] = await sent();
  message?.answerAll(() => noAnswer('RequestExpired'));
  const error = await call;
  assert.deepEqual([error.code, error.maybe_applied], ['Aborted', true]);
});

test('a message refused as a whole gives its error to every call in it', async () => {
  const { client, sent } = await benchOf();
  const calls = [client.kv.put('a', '1'), client.kv.get('b')].map(errorOfCall);
  const [message] = await sent();
  message?.refuse('TooManyOps');
  const [put, get] = await Promise.all(calls);
  for (const error of [put, get]) {
    assert.deepEqual([error?.message, error?.maybe_applied], ['etcdserver: too many operations in txn request', false]);
  }
});

test('another cluster of the same name that hears the request too is no answer: ours still counts', async () => {
  const { client, sent } = await benchOf();
  const call = client.kv.put('k', 'v');
  const [message] = await sent();
  message?.refuse('ClusterIDMismatch');
  message?.answerAll((request) => okAnswer(request));
  assert.equal((await call).header.revision, 5);
});

test('where only another cluster answers, the error says so when time is up, and a write is in doubt', async () => {
  const { client, link, clock } = await benchOf();
  link.onSent = (message) => message.refuse('ClusterIDMismatch');
  const calls = [client.kv.put('a', '1', { timeoutMs: 500 }), client.kv.get('b', { timeoutMs: 500 })].map(errorOfCall);
  await clock.pass(600);
  const [put, get] = await Promise.all(calls);
  assert.deepEqual([put?.message, put?.maybe_applied], ['etcdserver: cluster ID mismatch', true]);
  assert.deepEqual([get?.message, get?.maybe_applied], ['etcdserver: cluster ID mismatch', false]);
});

test('[safety] an answer that cannot be read says nothing: asked again, and in doubt when time is up', async () => {
  const { client, link, clock } = await benchOf();
  link.onSent = (message) => message.garble();
  const call = errorOfCall(client.kv.put('k', 'v', { timeoutMs: 500 }));
  await clock.pass(600);
  const error = await call;
  assert.ok(link.sent.length > 2);
  assert.deepEqual([error.message, error.maybe_applied], ['etcdserver: request timed out', true]);
  assert.match(String(error.cause), /MessagePack/);
});

test('an answer without a result to keep: a put is answered by its header, a delete says what happened', async () => {
  const { client, sent } = await benchOf();
  const calls = [follow(client.kv.put('a', '1')), follow(client.kv.delete('b'))];
  const [message] = await sent();
  message?.answerAll((request) => {
    const answer = okAnswer(request);
    return answer.ok ? { ok: true, header: answer.header, truncated: true } : answer;
  });
  await turn();
  assert.equal(calls[0]?.state, 'ok');
  assert.equal(calls[1]?.error?.maybe_applied, true);
  assert.match(String(calls[1]?.error?.message), /was applied at or before revision 5/);
});

/* ---- the first write, and the cluster's id --------------------------------------------------------------------- */

test('[safety] no write leaves before the log index and the cluster id are known', async () => {
  const { client, sent } = await benchOf({ unprimed: true });
  const calls = [client.kv.put('a', '1'), client.kv.get('b')];
  const [primer, ...others] = await sent();
  assert.deepEqual(others, []);
  assert.deepEqual(
    primer?.requests.map((one) => one.request.op),
    ['kv.range'],
  );
  assert.equal(primer?.headers.get('Quorate-Cluster-Id'), undefined);
  primer?.answerAll();
  const [batch] = await sent();
  assert.deepEqual(
    batch?.requests.map((one) => one.request.op),
    ['kv.put', 'kv.range'],
    'in the order issued',
  );
  assert.ok((batch?.requests[0]?.since ?? 0) > 0);
  assert.equal(batch?.headers.get('Quorate-Cluster-Id'), String(0xc0ffee));
  batch?.answerAll();
  await Promise.all(calls);
});

test('a client that was idle learns the log index anew before it writes', async () => {
  const { client, sent, clock } = await benchOf();
  await clock.pass(10_000);
  const call = client.kv.put('k', 'v');
  const [primer] = await sent();
  assert.equal(primer?.requests[0]?.request.op, 'kv.range');
  primer?.answerAll();
  const [batch] = await sent();
  batch?.answerAll();
  await call;
});

test('no leader from the start: the first write was never sent, and says no leader', async () => {
  const { client, link, clock } = await benchOf({ unprimed: true });
  link.onSent = (message) => message.fail('noResponders');
  const call = errorOfCall(client.kv.put('k', 'v', { timeoutMs: 600 }));
  await clock.pass(700);
  const error = await call;
  assert.deepEqual([error.message, error.maybe_applied], ['etcdserver: no leader', false]);
  assert.ok(link.sent.every((message) => message.requests.every((one) => one.request.op === 'kv.range')));
});

test('[safety] an answer of another cluster is no answer', async () => {
  const { client, link, clock } = await benchOf();
  link.onSent = (message) => message.answerAll((request) => okAnswer(request, 99n as ClusterId));
  const call = errorOfCall(client.kv.put('k', 'v', { timeoutMs: 500 }));
  await clock.pass(600);
  const error = await call;
  assert.deepEqual([error.message, error.maybe_applied], ['etcdserver: cluster ID mismatch', true]);
});

/* ---- connection, abort, close ---------------------------------------------------------------------------------- */

test('[safety] nothing is published while disconnected; what waited leaves when the connection is back', async () => {
  const { client, link, sent, clock } = await benchOf();
  link.connected = false;
  const call = client.kv.get('k');
  await clock.pass(500);
  assert.deepEqual(await sent(), []);
  link.connected = true;
  await clock.pass(20);
  const [message] = await sent();
  message?.answerAll();
  await call;
});

test('disconnected until the deadline: surely not applied', async () => {
  const { client, link, clock } = await benchOf();
  link.connected = false;
  const call = errorOfCall(client.kv.put('k', 'v', { timeoutMs: 300 }));
  await clock.pass(400);
  const error = await call;
  assert.match(error.message, /^etcdserver: request timed out, possibly due to connection lost/);
  assert.equal(error.maybe_applied, false);
});

test('a connection that breaks under a write leaves it in doubt, and sends it again', async () => {
  const { client, link, sent, clock } = await benchOf();
  const call = client.kv.put('k', 'v');
  const [first] = await sent();
  link.connected = false;
  first?.fail('disconnected');
  await clock.pass(100);
  assert.deepEqual(await sent(), []);
  link.connected = true;
  await clock.pass(20);
  const [second] = await sent();
  assert.equal(second?.requests[0]?.number, first?.requests[0]?.number);
  second?.answerAll();
  await call;
});

test('[safety] a connection that breaks under a write and stays away leaves it in doubt', async () => {
  const { client, link, sent, clock } = await benchOf();
  const call = errorOfCall(client.kv.put('k', 'v', { timeoutMs: 300 }));
  const [message] = await sent();
  link.connected = false;
  message?.fail('disconnected');
  await clock.pass(400);
  const error = await call;
  assert.deepEqual([error.message, error.maybe_applied], ['etcdserver: request timed out', true]);
});

test('what comes back from several attempts is sent again in the order issued', async () => {
  const { client, sent, clock } = await benchOf();
  const early = [client.kv.put('a', '1'), client.kv.put('b', '2')];
  const [first] = await sent();
  const late = client.kv.put('c', '3');
  const [second] = await sent();
  second?.fail('noResponders');
  await turn();
  first?.fail('noResponders');
  await clock.pass(50);
  const [again] = await sent();
  const numbers = [...(first?.requests ?? []), ...(second?.requests ?? [])].map((one) => one.number);
  assert.deepEqual(
    again?.requests.map((one) => one.number),
    numbers,
  );
  again?.answerAll();
  await Promise.all([...early, late]);
});

test('an abort ends the call and says whether it may have been applied', async () => {
  const { client, sent } = await benchOf();
  const unsent = new AbortController();
  const before = errorOfCall(client.kv.put('k', 'v', { signal: unsent.signal }));
  unsent.abort();
  const early = await before;
  assert.deepEqual([early.code, early.maybe_applied], ['Canceled', false]);
  assert.ok(early.cause instanceof Error && early.cause.name === 'AbortError');
  assert.deepEqual(await sent(), []);
  const controller = new AbortController();
  const call = errorOfCall(client.kv.put('k', 'v', { signal: controller.signal }));
  const [message] = await sent();
  controller.abort(new Error('enough'));
  const late = await call;
  assert.equal(late.maybe_applied, true);
  assert.equal(String(late.cause), 'Error: enough');
  message?.answerAll();
  const aborted = await errorOfCall(client.kv.get('k', { signal: AbortSignal.abort() }));
  assert.deepEqual([aborted.code, aborted.maybe_applied], ['Canceled', false]);
});

test('many calls on one signal listen once, and stop listening when they are done', async () => {
  const { client, sent } = await benchOf();
  const { signal } = new AbortController();
  const calls = Array.from({ length: 50 }, () => client.kv.get('k', { signal }));
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  for (const message of await sent()) message.answerAll();
  await Promise.all(calls);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('closing ends every call, closes the link, and refuses new ones', async () => {
  const { client, link, sent } = await benchOf();
  const flying = errorOfCall(client.kv.put('k', 'v'));
  await sent();
  const waiting = errorOfCall(client.kv.put('k', 'v'));
  await client.close();
  assert.equal(link.closed(), true);
  assert.deepEqual([(await flying).message, (await flying).maybe_applied], ['quorate: the client is closed', true]);
  assert.equal((await waiting).maybe_applied, false);
  assert.equal((await errorOfCall(client.kv.get('k'))).message, 'quorate: the client is closed');
});

test('a member by name that nobody hears: says whom', async () => {
  const { client, link, clock } = await benchOf();
  link.onSent = (message) => message.fail('noResponders');
  const call = errorOfCall(client.maintenance.status('n9', { timeoutMs: 300 }));
  await clock.pass(400);
  assert.equal((await call).message, 'quorate: no member named "n9" answers');
});

test('[safety] a retry too large for a smaller server may have been applied when it was sent before', async () => {
  const { client, sent, clock, link } = await benchOf();
  const call = errorOfCall(client.kv.put('k', 'v'.repeat(20_000)));
  assert.equal((await sent()).length, 1);
  link.max_payload = 10_000;
  await clock.pass(1_100);
  const error = await call;
  assert.equal(error.message, 'etcdserver: request is too large');
  assert.equal(error.maybe_applied, true);
  const never = errorOfCall(client.kv.put('k', 'v'.repeat(20_000)));
  for (const message of await sent()) message.answerAll();
  assert.equal((await never).maybe_applied, false);
});

test('[safety] a retry refused for its size: a member with larger bounds may have taken it before', async () => {
  const { client, sent, clock } = await benchOf();
  const retried = errorOfCall(client.kv.put('k', 'v'));
  assert.equal((await sent()).length, 1);
  await clock.pass(1_100);
  for (const message of await sent()) message.answerAll(() => noAnswer('RequestTooLarge'));
  assert.equal((await retried).maybe_applied, true);
});

test('a write refused for its size at its first attempt was not applied', async () => {
  const { client, sent } = await benchOf();
  const call = errorOfCall(client.kv.put('k', 'v'));
  for (const message of await sent()) message.answerAll(() => noAnswer('RequestTooLarge'));
  assert.equal((await call).maybe_applied, false);
});
