/**
 * Leases over kills and pauses: none ends before its TTL has passed since its last renewal, and none lives on for ever.
 * What is asserted upward is generous: a slow machine is late, never early.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';

/** Far above what a slow machine needs for elections and a tick. */
const LATE_MS = 60_000;

let cluster: TestCluster;
let client: Client;

before(async () => {
  cluster = await startTestCluster();
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
});
after(async () => {
  await client.close();
  await cluster.stop();
});

/** Asks until the key is gone: when the last answer with it was asked for, and when the first one without it came. */
async function goneAt(key: string): Promise<{ readonly had_ms: number; readonly gone_ms: number }> {
  let had_ms = performance.now();
  for (;;) {
    const asked_ms = performance.now();
    const { count } = await client.kv.get(key, { countOnly: true });
    if (count === 0) return { had_ms, gone_ms: performance.now() };
    had_ms = asked_ms;
    assert.ok(had_ms - begun_ms < LATE_MS + 60_000, `${key} lives on`);
    await pause(20);
  }
}
let begun_ms = 0;

const pause = (delay_ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delay_ms));

async function leaderName(): Promise<string> {
  const { leader } = await client.maintenance.status();
  const { members } = await client.cluster.memberList();
  return members.find((member) => member.id === leader)?.name ?? (await leaderName());
}

test('a lease that nobody renews is over, not before its TTL, and its keys go in one revision', async () => {
  begun_ms = performance.now();
  const { id, ttlMs } = await client.lease.grant(2_000);
  await client.kv.put('over/a', '1', { lease: id });
  const { header } = await client.kv.put('over/b', '1', { lease: id });
  const { gone_ms } = await goneAt('over/a');
  assert.ok(gone_ms - begun_ms >= ttlMs, `gone ${gone_ms - begun_ms} ms after it was asked for`);
  const left = await client.kv.get('over/', { prefix: true });
  assert.equal(left.count, 0);
  assert.ok(left.header.revision > header.revision);
  assert.equal((await client.lease.timeToLive(id)).ttlMs, -1);
  await assert.rejects(client.lease.keepAliveOnce(id), /requested lease not found/);
});

test('a leader killed twice within one TTL: what was noted counts on, and nothing ends early', async () => {
  begun_ms = performance.now();
  const ttl = 8_000;
  const { id } = await client.lease.grant(ttl);
  await client.kv.put('noted', '1', { lease: id });
  const renewed_ms = performance.now();
  await client.lease.keepAliveOnce(id);
  // Past half of it, so that something is noted; each kill would else begin it anew.
  for (const part of [0.55, 0.7]) {
    await pause(Math.max(0, renewed_ms + part * ttl - performance.now()));
    const leader = await leaderName();
    await cluster.kill(leader);
    await leaderName();
    await cluster.start(leader);
  }
  const { gone_ms } = await goneAt('noted');
  assert.ok(gone_ms - renewed_ms >= ttl, `gone ${gone_ms - renewed_ms} ms after it was renewed`);
  assert.ok(gone_ms - renewed_ms < ttl + LATE_MS);
});

test('a leader paused for longer than the TTL ends no lease that the next one renewed', async () => {
  begun_ms = performance.now();
  const { id, ttlMs } = await client.lease.grant(6_000);
  await client.kv.put('paused', '1', { lease: id });
  const kept = client.lease.keepAlive(id, { ttlMs });
  const leader = await leaderName();
  await cluster.kill(leader, 'SIGSTOP');
  const stopped_ms = performance.now();
  let renewals = 0;
  await new Promise<void>((resolve) => {
    kept.onRenewed(() => {
      renewals++;
      if (performance.now() - stopped_ms > 1.2 * ttlMs) resolve();
    });
    void kept.lost.then(() => resolve());
  });
  await cluster.kill(leader, 'SIGCONT');
  assert.ok(kept.alive, `the next leader renewed it: ${renewals} renewals, ${performance.now() - stopped_ms} ms`);
  for (let n = 0; n < 20; n++) {
    const { count } = await client.kv.get('paused');
    assert.equal(count, 1, 'the key is there');
    await pause(100);
  }
  assert.ok(kept.alive, 'and the lease is kept');
  kept.stop();
  const stopped = performance.now();
  const { gone_ms } = await goneAt('paused');
  assert.ok(gone_ms - stopped < ttlMs + LATE_MS);
});

test('a lease is kept over a kill -9 of the leader', async () => {
  const { id, ttlMs } = await client.lease.grant(6_000);
  await client.kv.put('kept', '1', { lease: id });
  const kept = client.lease.keepAlive(id, { ttlMs });
  const renewal = (): Promise<void> =>
    new Promise((resolve) => {
      const end = kept.onRenewed(() => {
        end();
        resolve();
      });
    });
  await renewal();
  const leader = await leaderName();
  await cluster.kill(leader);
  await renewal();
  await renewal();
  await cluster.start(leader);
  assert.ok(kept.alive);
  assert.equal((await client.kv.get('kept')).count, 1);
  kept.stop();
  await client.lease.revoke(id);
  assert.equal((await client.kv.get('kept')).count, 0);
});

test('all nodes killed and started again: leases and what hangs on them are there, and count on', async () => {
  begun_ms = performance.now();
  const short = await client.lease.grant(3_000);
  const long = await client.lease.grant(600_000, { id: -77n });
  await client.kv.put('again/short', '1', { lease: short.id });
  await client.kv.put('again/long', '1', { lease: long.id });
  await Promise.all(cluster.names.map((name) => cluster.kill(name)));
  await Promise.all(cluster.names.map((name) => cluster.start(name)));
  const { leases } = await client.lease.list();
  assert.ok(leases.includes(-77n), String(leases));
  const { keys, grantedTtlMs, ttlMs } = await client.lease.timeToLive(-77n, { keys: true });
  assert.deepEqual(
    keys.map((key) => new TextDecoder().decode(key)),
    ['again/long'],
  );
  assert.ok(grantedTtlMs === 600_000 && ttlMs > 0 && ttlMs <= 600_000);
  const { gone_ms } = await goneAt('again/short');
  assert.ok(gone_ms - begun_ms >= 3_000);
  await client.lease.revoke(-77n);
  assert.equal((await client.kv.get('again/long')).count, 0);
});

test('a client that hears nothing for the TTL is told that its lease may be lost', async () => {
  const { id, ttlMs } = await client.lease.grant(2_000);
  const kept = client.lease.keepAlive(id, { ttlMs });
  await new Promise<void>((resolve) => kept.onRenewed(() => resolve()));
  await Promise.all(cluster.names.map((name) => cluster.kill(name, 'SIGSTOP')));
  const reason = await kept.lost;
  assert.match(reason.message, /quorate: lease [0-9a-f]+ may be over: no renewal was answered for 2000 ms/);
  assert.equal(kept.alive, false);
  await Promise.all(cluster.names.map((name) => cluster.kill(name, 'SIGCONT')));
});
