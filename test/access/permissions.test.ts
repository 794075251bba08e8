/** The configuration of docs/access.md at a real server: what it allows is enough, all else is refused. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect as connectRaw } from 'nats';
import type { NatsConnection } from 'nats';
import { connect } from '../../client/index.js';
import { within } from '../../deploy/clock.js';
import type { Client, ConnectOptions } from '../../client/index.js';
import { startTestCluster } from '../process/cluster.js';
import type { TestCluster } from '../process/cluster.js';
import { startNatsServer } from '../process/nats-server.js';
import type { TestNatsServer } from '../process/nats-server.js';
import { assertTurnedAway, assertWelcome, ctl } from './people.js';

const document = readFileSync(fileURLToPath(new URL('../../../docs/access.md', import.meta.url)), 'utf8');
const [, snippet = ''] = /^```\n(accounts \{[^]*?)^```$/m.exec(document) ?? [];
const passwords = ['NODE', 'APP', 'READER'].map((user) => `${user}_PASSWORD: "${user.toLowerCase()} password"`);
const config = [...passwords, snippet].join('\n');

let nats: TestNatsServer;
let cluster: TestCluster;
const nodeFlags = { 'nats-user': 'node', 'nats-password': 'node password', 'event-feed': 'true' };

before(async () => {
  nats = await startNatsServer({ config });
  cluster = await startTestCluster({ clusterName: 'quorate', servers: [nats.url], flags: nodeFlags });
});
after(async () => {
  await cluster.stop();
  await nats.stop();
});

const optionsOf = (user: string, inboxPrefix: string | undefined = `_INBOX.${user}`): ConnectOptions => ({
  servers: nats.url,
  user,
  password: `${user} password`,
  inboxPrefix,
  // Longer than anybody waits: what is refused is refused at once.
  timeoutMs: 120_000,
});
const flagsOf = (user: string): string[] => [
  `--servers=${nats.url}`,
  `--nats-user=${user}`,
  `--nats-password=${user} password`,
  `--inbox-prefix=_INBOX.${user}`,
];

async function using<T>(options: ConnectOptions, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(options);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

test('a client with what a client needs', async () => {
  await assertWelcome('app', flagsOf('app'), optionsOf('app'));
  await using(optionsOf('app'), async (client) => {
    await client.kv.get('app', { serializable: true });
    for (const member of cluster.names) await client.kv.get('app', { member });
    assert.equal((await client.cluster.memberList()).members.length, 3);
  });
  const health = await ctl(['endpoint', 'health', ...flagsOf('app')]);
  assert.equal(health.code, 0, health.stderr);
});

test('who may watch watches: a reader, and an app over the life of one member after the other', async () => {
  await using(optionsOf('app'), async (app) => {
    await using(optionsOf('reader'), async (reader) => {
      const watcher = reader.watch('app/', { prefix: true, requireLeader: true });
      await watcher.created;
      const { header } = await app.kv.put('app/watched', 'seen');
      for await (const { events } of watcher) {
        assert.deepEqual(
          events.map(({ type, kv }) => [type, kv.modRevision]),
          [['put', header.revision]],
        );
        break;
      }
    });
  });
});

test('a reader reads, of the leader and of each member, and changes nothing', async () => {
  const notAllowed = (subject: string) => ({
    name: 'QuorateError',
    code: 'PermissionDenied',
    message: `quorate: the NATS server does not allow this user to publish to "${subject}"`,
  });
  await using(optionsOf('reader'), async (reader) => {
    for (const options of [{}, { serializable: true }, { member: 'n1' }, { member: 'n2', serializable: true }]) {
      assert.equal((await reader.kv.get('app', options)).count, 1);
    }
    await assert.rejects(reader.kv.put('app', 'x'), { ...notAllowed('quorate.batch'), maybe_applied: false });
    await assert.rejects(reader.kv.delete('app', { member: 'n1' }), notAllowed('quorate.member.n1.batch'));
    await assert.rejects(reader.kv.compact(1), notAllowed('quorate.batch'));
  });
  const put = await ctl(['put', 'app', 'x', ...flagsOf('reader')]);
  assert.deepEqual([put.code, put.stderr], [1, `Error: ${notAllowed('quorate.batch').message}\n`]);
  const health = await ctl(['endpoint', 'health', ...flagsOf('reader')]);
  assert.equal(health.code, 0, health.stderr);
  const raw = await connectRaw({
    servers: nats.url,
    user: 'reader',
    pass: 'reader password',
    inboxPrefix: '_INBOX.reader',
  });
  const write = '{"requests":[{"number":1,"op":"kv.put","body":{"key":"app","value":"x"}}]}';
  const answer = await raw.request('quorate.batch.read', write, { timeout: 10_000 });
  assert.match(answer.string(), /batch\.read: kv\.put given; it takes reads/);
  await raw.close();
  const { kvs } = await using(optionsOf('app'), (client) => client.kv.get('app'));
  assert.equal(new TextDecoder().decode(kvs[0]?.value), 'by quoratectl');
});

test('a client hears the event feed', async () => {
  const raw = await connectRaw({ servers: nats.url, user: 'app', pass: 'app password', inboxPrefix: '_INBOX.app' });
  const heard = ['quorate.events.fed.>', 'quorate.beat'].map(
    (subject) => new Promise((resolve) => raw.subscribe(subject, { max: 1, callback: resolve })),
  );
  await raw.flush();
  await using(optionsOf('app'), (client) => client.kv.put('fed/1', 'x'));
  assert.deepEqual(await Promise.all(heard), [null, null]);
  await raw.close();
});

test('nothing that a node or client does in good order is refused', () => {
  for (const name of cluster.names) assert.doesNotMatch(cluster.output(name), /NATS refuses/);
});

test('a client cannot speak as a member, stand at the door, or hear what is not for it', async () => {
  const raw = await connectRaw({ servers: nats.url, user: 'app', pass: 'app password', inboxPrefix: '_INBOX.app' });
  const refused: string[] = [];
  void (async () => {
    for await (const { permissionContext } of raw.status()) {
      if (permissionContext) refused.push(`${permissionContext.operation} ${permissionContext.subject}`);
    }
  })();
  const publish = [
    '_quorate.quorate.peer.0000000000000001.control',
    '_quorate.quorate.birth.n1',
    '$SRV.PING',
    '_INBOX.x',
    'quorate.events.forged',
    'quorate.beat',
  ];
  const subscribe = ['_quorate.>', 'quorate.>', 'quorate.kv.put', '_INBOX.>', '_INBOX.reader.>', '$SRV.>', '>'];
  for (const subject of publish) raw.publish(subject, 'x');
  for (const subject of subscribe) raw.subscribe(subject, { callback: () => undefined });
  await raw.flush();
  await new Promise(setImmediate);
  const expected = [...publish.map((each) => `publish ${each}`), ...subscribe.map((each) => `subscription ${each}`)];
  assert.deepEqual(refused.sort(), expected.sort());
  await raw.close();
});

test('a client that may not hear its inbox is told so when it connects', async () => {
  const said = /does not allow this user to subscribe to "_INBOX\..*": choose an inbox prefix that it may have/;
  await assertTurnedAway({ ...optionsOf('app'), inboxPrefix: undefined }, said);
  const told = await ctl(['get', 'app', ...flagsOf('app').slice(0, 3)]);
  assert.equal(told.code, 2);
  assert.match(told.stderr, said);
});

test('a node with these permissions finds a cluster that has its name already', async () => {
  const second = startTestCluster({ nodes: 1, clusterName: 'quorate', servers: [nats.url], flags: nodeFlags });
  await assert.rejects(second, /cluster name \\"quorate\\" is in use on these servers by cluster \d+/);
});

/** Each permission of a node, taken away, and what the node says then. */
const losses: readonly (readonly [string, string, RegExp])[] = [
  ['"$SRV.INFO.quorate", ', '', /publish to \\"\$SRV\.INFO\.quorate/],
  [', "_INBOX.>"', '', /publish to \\"_INBOX\.app\./],
  [', "quorate.>"]\n        }', ']\n        }', /subscribe to \\"quorate\.member\./],
  ['"$SRV.>", ', '', /subscribe to \\"\$SRV\.PING/],
  ['publish:   ["_quorate.quorate.>", ', 'publish: [', /publish to \\"_quorate\.quorate\./],
  ['subscribe: ["_quorate.quorate.>", ', 'subscribe: [', /subscribe to \\"_quorate\.quorate\./],
];

for (const [permission, instead, said] of losses) {
  const lost = permission.replace(/\s+/g, ' ');
  test(`a node without ${lost} says what it may not do, and is back once it may`, async () => {
    const short = config.replace(permission, instead);
    assert.notEqual(short, config);
    await nats.reload({ config: short });
    const asking = using({ ...optionsOf('app'), timeoutMs: 3_000 }, (client) => client.kv.put('lost', 'x'));
    await asking.catch(() => undefined);
    if (permission.includes('SRV.INFO')) {
      await cluster.kill('n3', 'SIGTERM');
      cluster.launch('n3');
    }
    const refusal = new RegExp(`"reason":"[^\\n]*${said.source}[^\\n]*"msg":"NATS refuses"`);
    const heard = cluster
      .heard(() => cluster.names.some((name) => refusal.test(cluster.output(name))))
      .then(() => true);
    assert.ok(await within(60_000, heard), cluster.names.map((name) => cluster.output(name).slice(-2_000)).join('\n'));
    await nats.reload({ config });
    await using(optionsOf('app'), async (client) => {
      await client.kv.put('found', 'x');
      for (const member of cluster.names) assert.equal((await client.kv.get('found', { member })).count, 1);
    });
  });
}

test('where others share the account, nodes answer without a permission for inboxes', async () => {
  const responses = config
    .replace(', "_INBOX.>"', '')
    .replace('"quorate.>"]\n        }', '"quorate.>"]\n allow_responses: { max: -1, expires: "1m" }\n        }');
  await nats.restart({ config: responses });
  await using(optionsOf('app'), (client) => client.kv.put('answered', 'x'.repeat(100_000)));
  const { kvs } = await using(optionsOf('app'), (client) => client.kv.get('answered'));
  assert.equal(kvs[0]?.value.length, 100_000);
  const raw: NatsConnection = await connectRaw({ servers: nats.url, user: 'node', pass: 'node password' });
  raw.publish('_INBOX.app.x', 'unasked');
  const refused = (async () => {
    for await (const { permissionContext } of raw.status()) if (permissionContext) return permissionContext.subject;
  })();
  assert.equal(await refused, '_INBOX.app.x');
  await raw.close();
});
