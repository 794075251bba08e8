/** What the logs of real nodes tell of an election, and what they never tell. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';

const password = 'a-password-that-nobody-else-has';
const value = 'a-value-that-nobody-else-has';

let cluster: TestCluster;
let client: Client;
/** Who led first, and after its end. */
let first = '';
let winner = '';

before(async () => {
  cluster = await startTestCluster({
    flags: { 'log-format': 'json', 'log-level': 'debug', 'nats-user': 'node', 'nats-password': password },
  });
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
});
after(async () => {
  await client.close();
  await cluster.stop();
});

interface RoleLine {
  readonly level: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly term: number;
  readonly why: string;
}

const rolesOf = (name: string): readonly RoleLine[] =>
  cluster
    .output(name)
    .split('\n')
    .filter((line) => line.includes('"msg":"role"'))
    .map((line) => JSON.parse(line) as RoleLine);
const leads = (name: string) => rolesOf(name).at(-1)?.to === 'leader';

test('an election is told step by step, each with its term and why', async () => {
  first = cluster.names.find(leads) ?? '';
  await cluster.kill(first);
  const survivors = cluster.names.filter((name) => name !== first);
  await cluster.heard(() => survivors.some(leads));
  winner = survivors.find(leads) ?? '';
  const lines = rolesOf(winner);
  const [asking, standing, leading] = lines.slice(-3);
  assert.ok(asking !== undefined && standing !== undefined && leading !== undefined);
  assert.match(asking.from, /^(follower|candidate)$/);
  assert.deepEqual([asking.to, asking.why], ['preCandidate', 'election timeout']);
  assert.deepEqual(
    [standing.from, standing.to, standing.why],
    ['preCandidate', 'candidate', 'a quorum would vote for it'],
  );
  assert.deepEqual([leading.from, leading.to, leading.why], ['candidate', 'leader', 'a quorum voted for it']);
  assert.equal(standing.term, asking.term + 1, 'asking raises no term, standing does');
  assert.equal(leading.term, standing.term);
  assert.equal(lines[0]?.from, 'follower');
  for (const [n, line] of lines.entries()) {
    assert.deepEqual([line.name, line.level], [winner, 'info']);
    if (n > 0) assert.equal(line.from, lines[n - 1]?.to, 'no step is left out');
  }
});

test('a leader that hands over names its heir, and the heir who asked it', async () => {
  await cluster.start(first);
  const heirs = cluster.names.filter((name) => name !== winner);
  const before = new Map(heirs.map((name) => [name, rolesOf(name).length]));
  await cluster.kill(winner, 'SIGTERM');
  const isHeir = (name: string) => leads(name) && rolesOf(name).length > (before.get(name) ?? 0);
  await cluster.heard(() => heirs.some(isHeir));
  const heir = heirs.find(isHeir) ?? '';
  const stepped = rolesOf(winner).at(-1);
  assert.deepEqual([stepped?.from, stepped?.to, stepped?.why], ['leader', 'follower', `newer term from ${heir}`]);
  const standing = rolesOf(heir).at(-2);
  assert.deepEqual(
    [standing?.from, standing?.to, standing?.why],
    ['follower', 'candidate', `its leader ${winner} asked it to campaign`],
  );
});

test('no value, password or token is in any line', async () => {
  const { id } = await client.lease.grant(60_000);
  await client.kv.put('known', value, { lease: id });
  // What is wrong is told with what was given, but for what is secret.
  await assert.rejects(client.kv.put('', value));
  await assert.rejects(client.lease.revoke(7n));
  await client.kv.get('known');
  for (const name of cluster.names) await cluster.kill(name, 'SIGTERM').catch(() => undefined);
  for (const name of cluster.names) {
    const told = cluster.output(name);
    assert.ok(told.length > 100, 'it has told something');
    assert.ok(!told.includes(value), `${name} tells a value`);
    assert.ok(!told.includes(password), `${name} tells its password`);
    assert.ok(!told.includes('a key that only this test cluster has'), `${name} tells the peer key`);
  }
});
