/** Every way into NATS that nodes, quoratectl and the client take, at servers that demand it; and what else is said. */
import assert from 'node:assert/strict';
import { writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from '../../client/index.js';
import { startTestCluster } from '../process/cluster.js';
import type { TestCluster } from '../process/cluster.js';
import { startNatsServer } from '../process/nats-server.js';
import type { TestNatsServer } from '../process/nats-server.js';
import { makeRealDirectory } from '../process/real-directory.js';
import { newAuthority } from './certificates.js';
import type { Certified } from './certificates.js';
import { newOperator, newUserKey } from './operator.js';
import { assertNoSecretIn, assertTurnedAway, assertWelcome, ctl, secret, serve } from './people.js';

const directory = makeRealDirectory('quorate-access-');
after(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const authority = newAuthority('tests');
const ca = file('ca.pem', authority.certificate);
const otherCa = file('other-ca.pem', newAuthority('strangers').certificate);
const served = authority.issue('server', ['127.0.0.1', 'localhost']);
const own = authority.issue('a client', []);
const ownCertificate = file('client.pem', own.certificate);
const ownKey = file('client.key', own.key);
function tlsLines({ certificate, key }: Certified, more = ''): string {
  const files = [file('server.pem', certificate), file('server.key', key)];
  return `tls { cert_file: "${files[0]}", key_file: "${files[1]}"${more} }`;
}

interface Place {
  readonly nats: TestNatsServer;
  readonly cluster: TestCluster;
}

async function open(
  config: string,
  nodes: number,
  flags: (name: string, nats: TestNatsServer) => Readonly<Record<string, string>>,
): Promise<Place> {
  const nats = await startNatsServer({ config });
  try {
    const cluster = await startTestCluster({ servers: [nats.url], nodes, flags: (name) => flags(name, nats) });
    return { nats, cluster };
  } catch (error) {
    await nats.stop();
    throw error;
  }
}

async function close({ nats, cluster }: Place): Promise<void> {
  for (const name of cluster.names) assertNoSecretIn(cluster.output(name));
  await cluster.stop();
  await nats.stop();
}

const at = ({ cluster }: Place): string[] => [`--servers=${cluster.servers.join()}`, `--cluster-name=test`];

describe('users and keys', () => {
  const password = secret('correct horse %:battery');
  const key = newUserKey();
  const seedFile = file('user.nk', `${secret(key.seed)}\n`);
  const config = `authorization { users: [ { user: "node", password: "${password}" }, { nkey: ${key.publicKey} } ] }`;
  const inAddress = (url: string): string => url.replace('://', `://node:${encodeURIComponent(password)}@`);
  let place: Place;
  before(async () => {
    // Each node comes in another way.
    place = await open(config, 3, (name, nats) => {
      if (name === 'n1') {
        return { 'config-file': file('n1.yaml', `nats-user: node\nnats-password: "${password}"\n`) };
      }
      return name === 'n2' ? { 'nats-nkey': seedFile } : { servers: inAddress(nats.url) };
    });
  });
  after(() => close(place));
  const target = () => ({ servers: place.cluster.servers, clusterName: 'test' });

  test('a user and a password', async () => {
    const flags = [...at(place), '--nats-user=node'];
    await assertWelcome('user', flags, { ...target(), user: 'node', password }, { QUORATECTL_NATS_PASSWORD: password });
  });

  test('a user and a password in the address', async () => {
    const address = inAddress(place.nats.url);
    const options = { ...target(), servers: address };
    await assertWelcome('address', ['--cluster-name=test'], options, { QUORATECTL_SERVERS: address });
    const { stderr } = await ctl(['get', 'x', '--debug', '--cluster-name=test'], { QUORATECTL_SERVERS: address });
    assert.ok(stderr.includes(`QUORATECTL_SERVERS=${place.nats.url}\n`), stderr);
  });

  test('an nkey', async () => {
    await assertWelcome('nkey', [...at(place), `--nats-nkey=${seedFile}`], { ...target(), nkey: key.seed });
  });

  test('nothing, or something wrong, is told with the server, the reason and no secret', async () => {
    const port = place.nats.port;
    const wrong = secret('wrong battery');
    const stranger = newUserKey();
    const turnedAway = (reason: string) =>
      new RegExp(`no NATS server of nats://127.0.0.1:${port} lets .* in: 'Authorization Violation': ${reason}$`);
    await assertTurnedAway(target(), turnedAway('it asks for credentials, and none were given'));
    const asUser = { ...target(), user: 'node', password: wrong };
    await assertTurnedAway(asUser, turnedAway('it does not take user "node" with the password given'));
    await assertTurnedAway({ ...target(), token: wrong }, turnedAway('it does not take the token given'));
    const inUrl = { ...target(), servers: `nats://${encodeURIComponent(wrong)}@127.0.0.1:${port}` };
    await assertTurnedAway(inUrl, turnedAway('it does not take the token given'));
    await assertTurnedAway({ ...target(), nkey: secret(stranger.seed) }, turnedAway('it does not take the nkey given'));
    const told = await ctl(['get', 'x', ...at(place), '--nats-user=node', `--nats-password=${wrong}`]);
    assert.equal(told.code, 2);
    assert.match(told.stderr, new RegExp(`^Error: cannot connect to the NATS servers nats://127.0.0.1:${port}: 'Auth`));
    const node = await serve(directory, ['--servers', place.nats.url, '--nats-user=node'], {
      QUORATE_NATS_PASSWORD: wrong,
    });
    assert.equal(node.code, 2, node.stderr);
    assert.match(node.stderr, new RegExp(`nats://127.0.0.1:${port} lets .*does not take user \\\\"node\\\\"`));
  });

  test('credentials that the server no longer takes: nodes live on, say so, and are back with the server', async () => {
    const { cluster, nats } = place;
    const changed = config.replace(password, secret('another battery')).replace(key.publicKey, newUserKey().publicKey);
    await nats.reload({ config: changed });
    for (const name of cluster.names) await cluster.said(name, /"NATS refuses".*|"reason":".*Authorization Violation/);
    const health = await ctl(['endpoint', 'health', '--members=n1', ...at(place), '--command-timeout=2s'], {
      QUORATECTL_NATS_USER: 'node',
      QUORATECTL_NATS_PASSWORD: 'another battery',
    });
    assert.equal(health.code, 1, health.stdout + health.stderr);
    assert.match(health.stderr, /unhealthy cluster/);
    await nats.reload({ config });
    const client = await connect({ ...target(), user: 'node', password, timeoutMs: 30_000 });
    await client.kv.put('after', 'the reload');
    for (const member of cluster.names) assert.equal((await client.kv.get('after', { member })).count, 1);
    await client.close();
  });
});

describe('TLS', () => {
  const operator = newOperator();
  const credentials = secretFile('user.creds', operator.credentials('app'));
  const strange = secretFile('strange.creds', newOperator().credentials('app'));
  let place: Place;
  before(async () => {
    place = await open(`${operator.config}\n${tlsLines(served)}`, 1, () => ({ 'nats-creds': credentials, cacert: ca }));
  });
  after(() => close(place));
  const target = () => ({ servers: place.cluster.servers, clusterName: 'test', creds: credentials });

  test('a credentials file and the authority of the server', async () => {
    const flags = [...at(place), `--nats-creds=${credentials}`, `--cacert=${ca}`];
    await assertWelcome('creds', flags, { ...target(), tls: { ca } });
  });

  test('after a restart of the server nodes and clients are back', async () => {
    const client = await connect({ ...target(), tls: { ca }, timeoutMs: 30_000 });
    await place.nats.restart();
    await client.kv.put('restarted', 'x');
    await client.close();
  });

  test('an authority that is not known, another one, or a server for another host is refused', async () => {
    const untrusted = /in: its certificate is not signed by an authority that is trusted here \(.*\): name that/;
    await assertTurnedAway(target(), untrusted);
    await assertTurnedAway({ ...target(), tls: { ca: otherCa } }, untrusted);
    const told = await ctl(['get', 'x', ...at(place), `--nats-creds=${credentials}`]);
    assert.equal(told.code, 2);
    assert.match(told.stderr, /its certificate is not signed by an authority that is trusted here/);
    const node = await serve(directory, ['--servers', place.nats.url, `--nats-creds=${credentials}`]);
    assert.equal(node.code, 2, node.stderr);
    assert.match(node.stderr, /its certificate is not signed by an authority that is trusted here/);
  });

  test('credentials of another operator are refused', async () => {
    const reason = /'Authorization Violation': it does not take the credentials of ".*strange.creds"$/;
    await assertTurnedAway({ ...target(), creds: strange, tls: { ca } }, reason);
  });
});

describe('TLS on both sides', () => {
  const token = secret('a token for everybody');
  let place: Place;
  before(async () => {
    const config = `authorization { token: "${token}" }\n${tlsLines(served, `, ca_file: "${ca}", verify: true`)}`;
    const flags = { cacert: ca, cert: ownCertificate, key: ownKey, 'nats-token': token };
    place = await open(config, 1, () => flags);
  });
  after(() => close(place));
  const target = () => ({ servers: place.cluster.servers, clusterName: 'test', token });

  test("one's own certificate and a token", async () => {
    const files = ['--cluster-name=test', `--cacert=${ca}`, `--cert=${ownCertificate}`, `--key=${ownKey}`];
    const flags = [`--servers=${place.nats.url}`, ...files];
    const options = { ...target(), tls: { ca, cert: ownCertificate, key: ownKey } };
    await assertWelcome('mutual', flags, options, { QUORATECTL_NATS_TOKEN: token });
    await assertWelcome(
      'token@',
      files,
      { ...options, token: undefined, servers: tokenAddress() },
      {
        QUORATECTL_SERVERS: tokenAddress(),
      },
    );
  });
  const tokenAddress = (): string => place.nats.url.replace('nats://', `tls://${encodeURIComponent(token)}@`);

  test('without a certificate of our own we are not let in, and told so', async () => {
    await assertTurnedAway(
      { ...target(), tls: { ca } },
      /no certificate of our own was given|it may ask for a certificate of our own/,
    );
  });

  test('a server without TLS is not spoken to where TLS is wanted', async () => {
    const plain = await startNatsServer();
    try {
      const wanted = /TLS is wanted here, and the server has none/;
      await assertTurnedAway({ servers: plain.url.replace('nats:', 'tls:') }, wanted);
      await assertTurnedAway({ servers: plain.url, tls: { ca } }, wanted);
    } finally {
      await plain.stop();
    }
  });

  test('a dialled address must stand in the certificate, and a name too', async () => {
    const elsewhere = authority.issue('server', ['localhost']);
    const lines = tlsLines(elsewhere);
    const server = await startNatsServer({ config: lines });
    try {
      const options = { servers: server.url, tls: { ca }, timeoutMs: 500 };
      await assertTurnedAway(options, /its certificate: .*127\.0\.0\.1 is not in the cert's list/);
      await (await connect({ ...options, servers: server.url.replace('127.0.0.1', 'localhost') })).close();
    } finally {
      await server.stop();
    }
  });
});

/** Each line of it is kept secret. */
function secretFile(name: string, content: string): string {
  for (const line of content.split('\n')) if (line !== '' && !line.startsWith('-')) secret(line);
  return file(name, content);
}
