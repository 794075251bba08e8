/** Elections on the model of the store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createElection,
  type Election,
  leaderOf,
  observeLeader,
  resumeElection,
} from '../../client/recipes/election.js';
import { openSession } from '../../client/recipes/session.js';
import { op } from '../../client/txn.js';
import { toText } from '../../machines/language/bytes.js';
import { errorOfCall, follow } from './client-of.js';
import { turn } from './manual-clock.js';
import { modelCluster } from './model-client.js';

async function campaigners(count: number) {
  const cluster = modelCluster();
  const sessions = await Promise.all(Array.from({ length: count }, () => openSession(cluster.client)));
  const elections = sessions.map((session) => createElection(session, '/e'));
  return { cluster, sessions, elections: elections as [Election, Election, Election] };
}

const leaderText = async (election: Election) => toText((await election.leader()).value);

test('three lead one after the other, in the order of their campaigns', async () => {
  const { elections, sessions } = await campaigners(3);
  const [a, b, c] = elections;
  const tokens = [await a.campaign('a')];
  const campaigns = [follow(b.campaign('b'))];
  await turn();
  campaigns.push(follow(c.campaign('c')));
  await turn();
  assert.equal(await leaderText(c), 'a');
  await a.resign();
  await turn();
  assert.deepEqual(
    campaigns.map(({ state }) => state),
    ['ok', 'open'],
  );
  assert.equal(await leaderText(a), 'b');
  await sessions[1]?.close();
  await turn();
  assert.equal(campaigns[1]?.state, 'ok');
  tokens.push(campaigns[0]?.value ?? 0, campaigns[1]?.value ?? 0);
  assert.deepEqual(
    tokens,
    [...tokens].sort((x, y) => x - y),
  );
  assert.ok(c.leading && !b.leading && !a.leading);
});

test('a leader says something else by proclaiming or by campaigning again; nobody else can', async () => {
  const { elections } = await campaigners(2);
  const [a, b] = elections;
  const token = await a.campaign('one');
  await a.proclaim('two');
  assert.equal(await leaderText(b), 'two');
  assert.equal(await a.campaign('three'), token, 'the same term of office');
  assert.equal(await leaderText(b), 'three');
  assert.equal((await errorOfCall(b.proclaim('x'))).message, 'election: not leader');
  await b.resign();
});

test('a deposed leader that has not heard of it can say nothing, and its guard holds for nobody', async () => {
  const { cluster, sessions, elections } = await campaigners(2);
  const [a, b] = elections;
  await a.campaign('a');
  const campaign = b.campaign('b');
  await turn();
  await cluster.expireUnheard(sessions[0]?.lease ?? 0n);
  await campaign;
  assert.ok(a.leading, 'it believes so');
  const { succeeded } = await cluster.client.kv.txn().if(a.isLeader()).then(op.put('x', '1')).commit();
  assert.equal(succeeded, false);
  assert.equal((await errorOfCall(a.proclaim('still me'))).message, 'election: not leader');
  assert.ok(!a.leading);
  assert.equal(await leaderText(a), 'b');
});

test('a campaigner whose session expires is told so and never leads', async () => {
  const { cluster, sessions, elections } = await campaigners(2);
  await elections[0].campaign('a');
  const campaign = follow(elections[1].campaign('b'));
  await turn();
  await cluster.expireUnheard(sessions[1]?.lease ?? 0n);
  await elections[0].resign();
  await turn();
  assert.match(campaign.error?.message ?? '', /election: session is expired/);
  assert.equal((await errorOfCall(leaderOf(cluster.client, '/e'))).message, 'election: no leader');
});

test('an observer hears each leader’s sayings, also when it came before all of them', async () => {
  const { cluster, elections } = await campaigners(2);
  const [a, b] = elections;
  const controller = new AbortController();
  const heard: string[] = [];
  const observing = (async () => {
    for await (const kv of observeLeader(cluster.client, '/e', controller.signal)) heard.push(toText(kv.value) ?? '');
  })();
  await turn();
  await a.campaign('a');
  await turn();
  await a.proclaim('a2');
  await turn();
  const campaign = b.campaign('b');
  await turn();
  await a.resign();
  await campaign;
  await turn();
  assert.deepEqual(heard, ['a', 'a2', 'b']);
  controller.abort();
  await observing;
});

test('a leadership is taken up again by its key and token', async () => {
  const { sessions, elections } = await campaigners(1);
  const token = await elections[0].campaign('a');
  const session = sessions[0] ?? assert.fail();
  const again = resumeElection(session, '/e', { key: elections[0].key ?? '', fencingToken: token });
  assert.ok(again.leading);
  await again.proclaim('still a');
  await again.resign();
  assert.equal((await errorOfCall(again.leader())).message, 'election: no leader');
});
