/** What one turn of the event loop issues goes in one message, in order; what does not fit is split. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request } from '../../transport/ports.js';
import { benchOf, errorOfCall, follow } from './client-of.js';
import { turn } from './manual-clock.js';
import { okAnswer, noAnswer } from './scripted-link.js';

const keyOf = (request: Request): string =>
  'key' in request.body && request.body.key instanceof Uint8Array ? new TextDecoder().decode(request.body.key) : '';

test('writes and linearizable reads of one turn go in one batch to the leader, in the order issued', async () => {
  const bench = await benchOf();
  const calls = [
    bench.client.kv.put('a', '1'),
    bench.client.kv.get('b'),
    bench.client.kv.delete('c'),
    bench.client.kv.txn().commit(),
    bench.client.kv.put('e', '5'),
  ];
  const sent = await bench.sent();
  assert.deepEqual(
    sent.map((one) => one.subject),
    ['quorate.batch'],
  );
  const [batch] = sent;
  assert.deepEqual(
    batch?.requests.map((one) => one.request.op),
    ['kv.put', 'kv.range', 'kv.delete', 'kv.txn', 'kv.put'],
  );
  const numbers = batch?.requests.map((one) => one.number) ?? [];
  assert.equal(new Set(numbers).size, 5);
  assert.equal(batch?.client?.length, 16);
  batch?.answerAll();
  await Promise.all(calls);
});

test('calls of different turns go in different messages', async () => {
  const { client, sent } = await benchOf();
  void client.kv.put('a', '1');
  assert.equal((await sent()).length, 1);
  void client.kv.put('b', '2');
  assert.equal((await sent()).length, 1);
});

test('with two messages on their way, what is called meanwhile goes together in the third', async () => {
  const { client, sent, clock } = await benchOf();
  void client.kv.put('a', '1');
  const [first] = await sent();
  void client.kv.put('b', '2');
  assert.equal((await sent()).length, 1);
  for (const key of ['c', 'd']) {
    void client.kv.put(key, '3');
    assert.deepEqual(await sent(), []);
  }
  first?.answerAll();
  const [third] = await sent();
  assert.deepEqual(
    third?.requests.map((one) => keyOf(one.request)),
    ['c', 'd'],
  );
  // An answer may take its time: it is not waited for.
  void client.kv.put('e', '5');
  assert.deepEqual(await sent(), []);
  await clock.pass(20);
  assert.equal((await sent()).length, 1);
});

test('calls that travel alone do not wait for one another', async () => {
  const { client, sent } = await benchOf();
  for (let call = 0; call < 5; call++) {
    void client.maintenance.status('n1');
    assert.equal((await sent()).length, 1);
  }
});

test('answers may come in pieces, out of order and in several messages', async () => {
  const bench = await benchOf();
  const calls = ['a', 'b', 'c'].map((key) => follow(bench.client.kv.put(key, 'v')));
  const [batch] = await bench.sent();
  assert.ok(batch !== undefined);
  const [a, b, c] = batch.requests;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  batch.answer([{ number: c.number, answer: okAnswer(c.request) }]);
  await turn();
  assert.deepEqual(
    calls.map((call) => call.state),
    ['open', 'open', 'ok'],
  );
  const refused = { number: a.number, answer: noAnswer('LeaseNotFound') };
  batch.answer([refused, { number: b.number, answer: okAnswer(b.request) }], true);
  await turn();
  assert.deepEqual(
    calls.map((call) => call.state),
    ['failed', 'ok', 'ok'],
  );
  assert.equal(calls[0]?.error?.message, 'etcdserver: requested lease not found');
  assert.equal(calls[0]?.error?.maybe_applied, false);
});

test('a batch larger than a message is split, in order', async () => {
  const { client, link, sent } = await benchOf();
  link.max_payload = 64 * 1024;
  const value = new Uint8Array(10_000);
  const calls = Array.from({ length: 20 }, (_, i) => client.kv.put(String(i).padStart(2, '0'), value));
  const messages = await sent();
  assert.ok(messages.length > 1);
  for (const message of messages) assert.ok(message.bytes <= link.max_payload - 1024);
  const keys = messages.flatMap((message) => message.requests.map((one) => keyOf(one.request)));
  assert.deepEqual(keys, [...keys].sort());
  assert.equal(keys.length, 20);
  for (const message of messages) message.answerAll();
  await Promise.all(calls);
});

test('a batch holds at most limits.batch_requests_max requests', async () => {
  const { client, sent } = await benchOf();
  const calls = Array.from({ length: 5000 }, (_, i) => client.kv.put(`k${i}`, 'v'));
  const messages = await sent();
  assert.deepEqual(
    messages.map((message) => message.requests.length),
    [4096, 904],
  );
  for (const message of messages) message.answerAll();
  await Promise.all(calls);
});

test('a request that no message can hold is refused, and was not applied', async () => {
  const { client, link, sent } = await benchOf();
  link.max_payload = 10_000;
  const good = follow(client.kv.put('good', 'v'));
  const error = await errorOfCall(client.kv.put('big', new Uint8Array(20_000)));
  assert.equal(error.message, 'etcdserver: request is too large');
  assert.equal(error.maybe_applied, false);
  for (const message of await sent()) message.answerAll();
  await turn();
  assert.equal(good.state, 'ok');
});

test('what is in flight is bounded: the rest waits, in order, and nothing is lost', async () => {
  const { client, link, sent } = await benchOf();
  link.max_payload = 4 * 1024 * 1024;
  const value = new Uint8Array(1024 * 1024);
  let answered = 0;
  const calls = Array.from({ length: 40 }, () => client.kv.put('k', value).then(() => answered++));
  const first = await sent();
  const inFlight = first.reduce((sum, message) => sum + message.requests.length, 0);
  assert.ok(inFlight >= 10 && inFlight <= 16, `${inFlight} MiB in flight`);
  let last = 0;
  for (let messages = first; answered < 40; messages = await sent()) {
    for (const message of messages) {
      for (const one of message.requests) assert.ok(one.number > last, 'in order');
      last = message.requests.at(-1)?.number ?? last;
      message.answerAll();
    }
    await turn();
  }
  await Promise.all(calls);
});

test('what a client holds is bounded: a call beyond is refused, with a text that says so', async () => {
  const { client } = await benchOf();
  const value = new Uint8Array(1536 * 1024);
  const held = Array.from({ length: 170 }, () => client.kv.put('k', value));
  const error = await errorOfCall(client.kv.put('k', value));
  assert.match(error.message, /^quorate: client: 170 calls of 256 MiB/);
  assert.equal(error.code, 'ResourceExhausted');
  const closing = Promise.allSettled(held);
  await client.close();
  await closing;
});

test('serializable reads go together to one member by name, and the members take turns', async () => {
  const { client, sent } = await benchOf();
  const first = [client.kv.get('a', { serializable: true }), client.kv.get('b', { serializable: true })];
  const unnamed = await sent();
  const subjects = unnamed.map((one) => one.subject).sort();
  assert.deepEqual(subjects, ['quorate.batch.read', 'quorate.cluster.list']);
  for (const message of unnamed) message.answerAll();
  await Promise.all(first);
  const asked = new Set<string>();
  for (let i = 0; i < 4; i++) {
    const call = client.kv.get('a', { serializable: true });
    const [message] = await sent();
    asked.add(message?.subject ?? '');
    message?.answerAll();
    await call;
  }
  assert.deepEqual([...asked].sort(), ['quorate.member.n1.batch.read', 'quorate.member.n2.batch.read']);
});

test('a silent member is left out of serializable reads', async () => {
  const { client, sent, clock } = await benchOf();
  const prime = client.kv.get('a', { serializable: true });
  for (const message of await sent()) message.answerAll();
  await prime;
  const call = follow(client.kv.get('a', { serializable: true }));
  const [silent] = await sent();
  await clock.pass(320);
  const again = (await sent()).find((message) => message.subject.endsWith('batch.read'));
  assert.ok(again !== undefined && again.subject !== silent?.subject, 'another member is asked');
  again.answerAll();
  await turn();
  assert.equal(call.state, 'ok');
  for (let i = 0; i < 3; i++) {
    const next = client.kv.get('a', { serializable: true });
    const [message] = await sent();
    assert.equal(message?.subject, again.subject);
    message?.answerAll();
    await next;
  }
});

test('a member that nobody hears is replaced at once', async () => {
  const { client, sent } = await benchOf();
  const prime = client.kv.get('a', { serializable: true });
  for (const message of await sent()) message.answerAll();
  await prime;
  const call = client.kv.get('a', { serializable: true });
  const [gone] = await sent();
  gone?.fail('noResponders');
  const again = (await sent()).find((message) => message.subject.endsWith('batch.read'));
  assert.ok(again !== undefined && again.subject !== gone?.subject);
  again.answerAll();
  await call;
});

test('the option `member` asks that member', async () => {
  const { client, sent } = await benchOf();
  const calls = [
    client.kv.get('a', { member: 'n3' }),
    client.kv.get('a', { member: 'n3', serializable: true }),
    client.maintenance.hashKv('n2', 7).catch(() => undefined),
    client.maintenance.status('n2').catch(() => undefined),
    client.cluster.memberList({ member: 'n1' }),
  ];
  const messages = await sent();
  assert.deepEqual(messages.map((one) => one.subject).sort(), [
    'quorate.member.n1.cluster.list',
    'quorate.member.n2.maintenance.hashkv',
    'quorate.member.n2.maintenance.status',
    'quorate.member.n3.batch',
    'quorate.member.n3.batch.read',
  ]);
  for (const message of messages) message.answerAll();
  await Promise.all(calls);
  const error = await errorOfCall(client.kv.get('a', { member: 'no.such' }));
  assert.match(error.message, /member name "no.such" is not valid/);
});
