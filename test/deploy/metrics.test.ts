/** What a node tells those who scrape and probe it, page by page, with a node that is whatever a test says. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { newCounts } from '../../actors/counts.js';
import type { NodeFacts } from '../../actors/facts.js';
import type { NodeSettings } from '../../actors/ports.js';
import { createExposition, metricRows } from '../../deploy/metrics/exposition.js';
import { createHealth } from '../../deploy/metrics/health.js';
import { answerPage } from '../../deploy/metrics/pages.js';
import type { View } from '../../deploy/metrics/rows.js';
import { freePorts } from '../../deploy/nats-server.js';
import { count, doubling } from '../../machines/language/buckets.js';
import { errorOf } from '../../machines/language/errors.js';
import { memberId } from '../../machines/language/vocabulary.js';
import type { Answer, Ask } from '../../transport/ports.js';
import { stillSigns } from '../model/still-vitals.js';

const settings = { election_ticks: 20, tick_ms: 50, quota_bytes: 1_000, version: '1.2.3' } as NodeSettings;

const wellFacts = {
  status: { leader: 2n, role: 'follower', is_learner: false, db_size: 10, db_size_quota: 1_000, raft_term: 7 },
  member: memberId(1n),
  commit: 9,
  partners: [memberId(2n)],
  draining: false,
  watchers: 3,
} as unknown as NodeFacts;
const ok = { ok: true } as unknown as Answer;

let facts: NodeFacts | null;
let answer: (ask: Ask) => void;
let asked: Ask[];
let origin = '';
let view: View;

const node = {
  facts: () => facts,
  ask: (ask: Ask) => {
    asked.push(ask);
    answer(ask);
  },
};
const health = createHealth(node, settings);
const exposition = createExposition(() => view);
const pages = { node, health, exposition, version: settings.version, storageVersion: '3.6.0' };
const server = createServer((request, response) => void answerPage(pages, request, response));

before(async () => {
  const [port = 0] = await freePorts(1);
  origin = `http://127.0.0.1:${port}`;
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  facts = wellFacts;
  answer = (ask) => ask.answer(ok);
  asked = [];
  view = {
    settings,
    facts,
    counts: newCounts(),
    signs: stillSigns,
    door: { served: new Map(), streams_opened: 0 },
    peers: { members: new Map(), heartbeats_unsent: 0 },
    links: [],
    log_written_bytes: 0,
    health: health.counts,
    descriptors: null,
    now_ms: 10_000,
  };
});

async function get(path: string, method = 'GET') {
  const response = await fetch(`${origin}${path}`, { method });
  return { status: response.status, body: await response.text(), headers: response.headers };
}
const refuseReads = (serializable: boolean, error: ReturnType<typeof errorOf>) => (ask: Ask) => {
  const isOne = ask.request.op === 'kv.range' && ask.request.body.serializable === serializable;
  ask.answer(isOne ? { ok: false, error } : ok);
};

describe('/livez and /readyz', () => {
  test('a well node is ok, in one word or check by check', async () => {
    assert.deepEqual([(await get('/livez')).status, (await get('/livez')).body], [200, 'ok\n']);
    assert.equal(
      (await get('/readyz?verbose')).body,
      '[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\n' +
        '[+]not_draining ok\nok\n',
    );
    assert.equal((await get('/livez/serializable_read')).body, 'ok\n');
  });

  test('a linearizable read that fails makes it unready, and says why; it lives all the same', async () => {
    answer = refuseReads(false, errorOf('NoLeader'));
    const { status, body } = await get('/readyz');
    assert.equal(status, 503);
    assert.match(body, /^\[\+\]data_corruption ok\n/);
    assert.match(body, /\[-\]linearizable_read failed: etcdserver: no leader\n/);
    assert.equal((await get('/readyz/linearizable_read')).status, 503);
    assert.equal((await get('/readyz/serializable_read')).status, 200);
    assert.equal((await get('/readyz?exclude=linearizable_read')).status, 200);
    assert.equal((await get('/livez')).status, 200);
  });

  test('a serializable read that fails means that it does not live', async () => {
    answer = refuseReads(true, errorOf('RequestTooManyRequests'));
    const { status, body } = await get('/livez');
    assert.equal(status, 503);
    assert.equal(body, '[-]serializable_read failed: etcdserver: too many requests\n\n');
  });

  test('before it is in its cluster it lives, is not ready, and is asked nothing', async () => {
    facts = null;
    assert.equal((await get('/livez')).status, 200);
    const { status, body } = await get('/readyz');
    assert.equal(status, 503);
    assert.match(body, /\[-\]serializable_read failed: this member is not in its cluster/);
    assert.equal(asked.length, 0);
  });

  test('one that drains, and a learner, are not ready, and live', async () => {
    facts = { ...wellFacts, draining: true };
    assert.match((await get('/readyz')).body, /\[-\]not_draining failed: this member is draining/);
    assert.equal((await get('/livez')).status, 200);
    facts = { ...wellFacts, status: { ...wellFacts.status, is_learner: true } };
    assert.match((await get('/readyz')).body, /\[-\]non_learner failed/);
  });
});

describe('/health', () => {
  test('says what is wrong in the order of etcd: alarm, leader, read', async () => {
    assert.deepEqual((await get('/health')).body, '{"health":"true","reason":""}');
    answer = refuseReads(false, errorOf('Timeout'));
    const { status, body } = await get('/health');
    assert.deepEqual(
      [status, body],
      [503, '{"health":"false","reason":"RANGE ERROR:etcdserver: request timed out"}\n'],
    );
    facts = { ...wellFacts, status: { ...wellFacts.status, leader: 0n } };
    assert.match((await get('/health')).body, /"reason":"RAFT NO LEADER"/);
    facts = { ...wellFacts, status: { ...wellFacts.status, leader: 0n, db_size: 1_000 } };
    assert.match((await get('/health')).body, /"reason":"ALARM NOSPACE"/);
    assert.match((await get('/health?exclude=NOSPACE')).body, /"reason":"RAFT NO LEADER"/);
  });

  test('asked of this member alone, it needs no leader', async () => {
    facts = { ...wellFacts, status: { ...wellFacts.status, leader: 0n } };
    answer = refuseReads(false, errorOf('NoLeader'));
    assert.equal((await get('/health?serializable=true')).status, 200);
  });
});

test('whatever is no GET is refused, and whatever is no page is not found', async () => {
  for (const path of ['/metrics', '/health', '/livez', '/readyz', '/readyz/non_learner', '/version']) {
    const { status, headers, body } = await get(path, 'POST');
    assert.deepEqual([status, headers.get('allow'), body], [405, 'GET', 'Method Not Allowed\n'], path);
  }
  for (const path of [
    '/',
    '/nope',
    '/readyz/nope',
    '/health/x',
    '/metrics/x',
    '/livez/linearizable_read',
    '//',
    '/livez//',
  ]) {
    assert.equal((await get(path)).status, 404, path);
  }
});

test('/version is of this software, and undecided before there is a cluster', async () => {
  assert.equal((await get('/version')).body, '{"etcdserver":"1.2.3","etcdcluster":"1.2.0","storage":"3.6.0"}');
  facts = null;
  assert.match((await get('/version')).body, /"etcdcluster":"not_decided"/);
});

describe('/metrics', () => {
  const sampleOf = (text: string, name: string): string | undefined =>
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1);

  test('names are unlike, and of the alphabet of Prometheus', () => {
    const names = metricRows.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^(etcd|os|quorate)_[a-z_]+$/);
  });

  test('what is counted is told as it is at the moment of the scrape', async () => {
    view.counts.puts = 5;
    const first = await get('/metrics');
    assert.match(first.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.equal(sampleOf(first.body, 'etcd_mvcc_put_total'), '5');
    assert.equal(sampleOf(first.body, 'etcd_server_proposals_committed_total'), '9');
    assert.equal(sampleOf(first.body, 'quorate_role{role="follower"}'), '1');
    view.counts.puts = 6;
    assert.equal(sampleOf((await get('/metrics')).body, 'etcd_mvcc_put_total'), '6');
  });

  test('a node that is in no cluster says so, and nothing that it cannot know', async () => {
    view = { ...view, facts: null };
    const { body } = await get('/metrics');
    assert.equal(sampleOf(body, 'etcd_server_has_leader'), '0');
    assert.equal(sampleOf(body, 'etcd_server_proposals_committed_total'), undefined);
  });

  test('a histogram counts in each bucket what is in those below it', async () => {
    const buckets = doubling(0.001, 3);
    for (const value of [0.0001, 0.001, 0.0011, 0.002, 0.004, 0.009]) count(buckets, value);
    view = { ...view, counts: { ...view.counts, took: { ...view.counts.took, log: buckets } } };
    const { body } = await get('/metrics');
    const name = 'etcd_disk_wal_fsync_duration_seconds';
    const told = ['0.001', '0.002', '0.004', '+Inf'].map((le) => sampleOf(body, `${name}_bucket{le="${le}"}`));
    assert.deepEqual(told, ['2', '4', '5', '6']);
    assert.equal(sampleOf(body, `${name}_count`), '6');
    assert.ok(Math.abs(Number(sampleOf(body, `${name}_sum`)) - 0.0172) < 1e-9);
  });

  test('a partner that is silent for an election timeout is not active', async () => {
    const heard = (heard_ms: number) => ({ sent_bytes: 1, received_bytes: 1, heard_ms });
    const name = 'etcd_network_active_peers{Local="0000000000000001",Remote="0000000000000002"}';
    view = { ...view, peers: { members: new Map([[memberId(2n), heard(9_000)]]), heartbeats_unsent: 0 } };
    assert.equal(sampleOf((await get('/metrics')).body, name), '1');
    view = { ...view, peers: { members: new Map([[memberId(2n), heard(8_999)]]), heartbeats_unsent: 0 } };
    assert.equal(sampleOf((await get('/metrics')).body, name), '0');
  });
});
