/** The way into NATS, as flags, fields and addresses say it: what is refused before anything is dialled, in words. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { ConnectOptions } from '../../client/index.js';
import { ConfigError, resolveOptions } from '../../deploy/config.js';
import { isOpenToOthers, natsAccess } from '../../deploy/nats-access.js';
import { serveOptions } from '../../deploy/node-options.js';
import { up } from '../../deploy/up.js';
import { withoutSecrets } from '../../transport/addresses.js';
import { newAuthority } from '../access/certificates.js';
import { newOperator, newUserKey } from '../access/operator.js';

const directory = mkdtempSync(join(tmpdir(), 'quorate-nats-access-'));
after(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const authority = newAuthority('tests');
const [one, other] = [authority.issue('one', []), authority.issue('other', [])];
const ca = file('ca.pem', authority.certificate);
const cert = file('one.pem', one.certificate);
const key = file('one.key', one.key);
const otherKey = file('other.key', other.key);
const creds = file('user.creds', newOperator().credentials('app'));
const seed = file('user.nk', newUserKey().seed);
const nonsense = file('nonsense', 'SUPERSECRET');
const none = join(directory, 'none');

type Flags = Readonly<Record<string, string>>;
const accessOf = (flags: Flags, environment: Flags = {}) => {
  const values = resolveOptions(serveOptions, { flags, environment });
  return natsAccess(values, values.servers);
};

describe('flags that are not usable are refused with their names', () => {
  const cases: readonly (readonly [string, Flags, RegExp])[] = [
    ['a user alone', { 'nats-user': 'u' }, /^--nats-password is missing: --nats-user is given, and they go together$/],
    ['a password alone', { 'nats-password': 'p' }, /^--nats-user is missing: --nats-password is given/],
    ['two ways', { 'nats-token': 't', 'nats-creds': creds }, /^--nats-token and --nats-creds are given: one of them/],
    [
      'an address and a way',
      { 'nats-nkey': seed, servers: 'nats://u:p@a' },
      /^--nats-nkey and credentials in --servers are given/,
    ],
    [
      'two addresses',
      { servers: 'nats://u:p@a,nats://u:q@b' },
      /^--servers: the addresses carry different credentials/,
    ],
    ['no seed file', { 'nats-nkey': none }, /^--nats-nkey: ".*none" cannot be read: ENOENT/],
    ['no seed', { 'nats-nkey': nonsense }, /^--nats-nkey: what is given is no nkey seed of a user/],
    ['no credentials file', { 'nats-creds': none }, /^--nats-creds: ".*none" cannot be read/],
    ['no credentials', { 'nats-creds': nonsense }, /^--nats-creds: ".*nonsense" is no NATS credentials file/],
    ['no authority', { cacert: nonsense }, /^--cacert: ".*nonsense" is not what it takes: a certificate in PEM form$/],
    ['no file of an authority', { cacert: none }, /^--cacert: ".*none" cannot be read/],
    ['a certificate alone', { cert }, /^--key is missing: --cert is given, and they go together$/],
    ['a key alone', { key }, /^--cert is missing: --key is given/],
    [
      'a key of another',
      { cert, key: otherKey },
      /^--key: ".*other.key" is not the private key of --cert ".*one.pem"$/,
    ],
    ['no key', { cert, key: nonsense }, /^--key: ".*nonsense" is not what it takes: a private key in PEM form/],
  ];
  for (const [name, flags, said] of cases) {
    test(name, () => {
      assert.throws(
        () => accessOf(flags),
        (error) => {
          assert.ok(error instanceof ConfigError, String(error));
          assert.match(error.message, said);
          assert.doesNotMatch(error.message, /SUPERSECRET/);
          return true;
        },
      );
    });
  }

  test('a file that may not be read', { skip: process.getuid?.() === 0 && 'root reads everything' }, () => {
    const locked = file('locked', newUserKey().seed);
    chmodSync(locked, 0);
    assert.throws(() => accessOf({ 'nats-nkey': locked }), /--nats-nkey: ".*locked" cannot be read: EACCES/);
  });

  test('all that is wrong at once, from the environment too', () => {
    assert.throws(
      () => accessOf({ cacert: none }, { QUORATE_NATS_USER: 'u', QUORATE_NATS_TOKEN: 't' }),
      /--nats-password is missing[^]*--nats-user and --nats-token are given[^]*--cacert: .* cannot be read/,
    );
  });
});

test('the same in code, by the names of the fields', async () => {
  const cases: readonly (readonly [ConnectOptions, RegExp])[] = [
    [{ user: 'u' }, /^quorate: password is missing: user is given/],
    [{ token: 't', nkey: newUserKey().seed }, /^quorate: token and nkey are given/],
    [{ nkey: 'SUPERSECRET' }, /^quorate: nkey: (?!.*SUPERSECRET)/],
    [{ creds: none }, /^quorate: creds: ".*none" cannot be read/],
    [{ tls: { cert } }, /^quorate: tls.key is missing: tls.cert is given/],
    [{ inboxPrefix: '_INBOX.*' }, /^quorate: inboxPrefix: "_INBOX.\*" is not what it takes/],
    [{ servers: 'http://u:SUPERSECRET@a' }, /^quorate: servers: "http:\/\/a" is not what it takes: a NATS address/],
  ];
  for (const [options, message] of cases) await assert.rejects(connect(options), { name: 'LinkError', message });
});

test('quorate up has a server of its own, without TLS', async () => {
  const flags = { cacert: ca, 'data-dir': join(directory, 'up') };
  await assert.rejects(
    up({ flags, environment: {} }),
    /^ConfigError: --cacert: the NATS server that quorate up starts/,
  );
  const alone = { 'nats-user': 'u', 'data-dir': join(directory, 'up') };
  await assert.rejects(up({ flags: alone, environment: {} }), /^ConfigError: --nats-password is missing/);
});

test('what is secret in an address is not shown, whatever else is wrong with it', () => {
  const shown = ['nats://u:p@a:1', 'u:p@a', 'nats://p@ss@a', 'tls://u:p@[::1]:4222'].map(withoutSecrets);
  assert.deepEqual(shown, ['nats://a:1', 'nats://a', 'nats://a', 'tls://[::1]:4222']);
  assert.throws(
    () => accessOf({ servers: 'nats://u:SUPERSECRET@a b' }),
    /^(?![^]*SUPERSECRET).*--servers: the value given/,
  );
  const path = file('bad.yaml', 'nats-password: "SUPERSECRET\nname: n1\n');
  assert.throws(() => accessOf({ 'config-file': path }), /^(?![^]*SUPERSECRET).*--config-file: .* is not YAML/);
});

test('a value of the file is the text that stands there', () => {
  const path = file('digits.yaml', 'nats-user: 007\nnats-password: 0123\n');
  const { user, password } = accessOf({ 'config-file': path });
  assert.deepEqual({ user, password }, { user: '007', password: '0123' });
});

test('servers that others reach are open where nothing is asked of anybody', () => {
  const open = (flags: Flags): boolean => isOpenToOthers(accessOf(flags));
  assert.equal(open({ servers: 'nats://127.0.0.1,localhost:4222,nats://[::1]' }), false);
  assert.equal(open({ servers: 'nats://127.0.0.1,nats.example:4222' }), true);
  assert.equal(open({ servers: 'nats.example', cacert: ca }), true);
  for (const flags of [{ 'nats-creds': creds }, { 'nats-token': 't' }, { cert, key }]) {
    assert.equal(open({ servers: 'nats.example', ...flags }), false);
  }
  assert.equal(open({ servers: 'nats://u:p@nats.example' }), false);
});
