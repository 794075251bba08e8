/**
 * What lets someone into NATS: what was given is checked before anything is dialled, and becomes what nats.js takes.
 * Errors name files and options, never what is secret in them.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { type Authenticator, type ConnectionOptions as NatsOptions, credsAuthenticator, nkeyAuthenticator } from 'nats';
import { isAddress, readAddress, secretsIn, withoutSecrets } from './addresses.js';

/** Everything NATS takes to let someone in. */
export interface ConnectionOptions {
  /** May carry `user:password@` or `token@`; `tls://` demands TLS. */
  readonly servers: readonly string[];
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  readonly nkey_seed?: string | undefined;
  readonly credentials_file?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  /** Answers come to subjects below it; default `_INBOX`. */
  readonly inbox_prefix?: string | undefined;
  readonly dial_timeout_ms?: number | undefined;
}

interface TlsFiles {
  readonly ca_file?: string | undefined;
  readonly cert_file?: string | undefined;
  readonly key_file?: string | undefined;
}

/** What callers call these options: flags on a command line, fields in code. */
export type AccessNames = Readonly<
  Record<Exclude<keyof ConnectionOptions, 'tls' | 'dial_timeout_ms'> | keyof TlsFiles, string>
>;

const toUtf8 = new TextEncoder();

function wrongAddresses(servers: readonly string[], name: string): readonly string[] {
  const wrong = servers
    .filter((server) => !isAddress(server))
    .map(
      (server) =>
        `${name}: "${withoutSecrets(server)}" is not what it takes: a NATS address such as nats://127.0.0.1:4222`,
    );
  const secrets = new Set(
    servers.map((server) => JSON.stringify(secretsIn([server]) ?? null)).filter((each) => each !== 'null'),
  );
  if (secrets.size <= 1) return wrong;
  return [
    ...wrong,
    `${name}: the addresses carry different credentials; it takes the same ones, or those of one address`,
  ];
}

/* ---- what is wrong --------------------------------------------------------------------------------------------- */

/** All that is wrong with the way in that was given, for people; nothing when it can be tried. */
export function wrongAccess(options: ConnectionOptions, names: AccessNames): readonly string[] {
  const { user, password, tls = {} } = options;
  const prefix = options.inbox_prefix;
  const wrongPrefix = prefix !== undefined && !/^[\w-]+(\.[\w-]+)*$/.test(prefix);
  return [
    ...wrongAddresses(options.servers, names.servers),
    ...(user === '' ? [`${names.user}: it takes a text that is not empty`] : []),
    ...halfPair(names.user, user, names.password, password),
    ...severalWays(options, names),
    ...wrongSeed(options.nkey_seed, names.nkey_seed),
    ...wrongCredentialsFile(options.credentials_file, names.credentials_file),
    ...halfPair(names.cert_file, tls.cert_file, names.key_file, tls.key_file),
    ...wrongTls(tls, names),
    ...(wrongPrefix
      ? [`${names.inbox_prefix}: "${prefix}" is not what it takes: words with dots such as _INBOX.app`]
      : []),
  ];
}

function halfPair(one: string, oneValue: unknown, other: string, otherValue: unknown): readonly string[] {
  if ((oneValue === undefined) === (otherValue === undefined)) return [];
  const [given, missing] = oneValue === undefined ? [other, one] : [one, other];
  return [`${missing} is missing: ${given} is given, and they go together`];
}

function severalWays(options: ConnectionOptions, names: AccessNames): readonly string[] {
  const ways: readonly (readonly [string, unknown])[] = [
    [names.user, options.user ?? options.password],
    [names.token, options.token],
    [names.nkey_seed, options.nkey_seed],
    [names.credentials_file, options.credentials_file],
    [`credentials in ${names.servers}`, secretsIn(options.servers)],
  ];
  const given = ways.filter(([, value]) => value !== undefined).map(([name]) => name);
  return given.length > 1 ? [`${given.join(' and ')} are given: one of them is the way in; leave out the others`] : [];
}

/** Whether what nats.js would say to a server names a user; it throws where it cannot read what it was given. */
function namesUser(authenticator: Authenticator): boolean {
  try {
    const said = authenticator('') as { readonly nkey?: string } | undefined;
    return said?.nkey?.startsWith('U') === true;
  } catch {
    return false;
  }
}

const wrongSeed = (seed: string | undefined, name: string): readonly string[] =>
  seed === undefined || namesUser(nkeyAuthenticator(toUtf8.encode(seed)))
    ? []
    : [`${name}: what is given is no nkey seed of a user: it takes one as nk -gen user makes it, beginning with SU`];

function wrongCredentialsFile(file: string | undefined, name: string): readonly string[] {
  if (file === undefined) return [];
  const content = contentOf(file, name);
  if ('wrong' in content) return [content.wrong];
  if (namesUser(credsAuthenticator(content.bytes))) return [];
  return [`${name}: "${file}" is no NATS credentials file: it takes one with the JWT and the seed of a user`];
}

function contentOf(file: string, name: string): { readonly bytes: Uint8Array } | { readonly wrong: string } {
  try {
    return { bytes: readFileSync(file) };
  } catch (error) {
    return { wrong: `${name}: "${file}" cannot be read: ${(error as Error).message}` };
  }
}

function wrongTls({ ca_file, cert_file, key_file }: TlsFiles, names: AccessNames): readonly string[] {
  const wrong: string[] = [];
  const read = <T>(file: string | undefined, name: string, takes: string, make: (bytes: Buffer) => T) => {
    const content = file === undefined ? undefined : contentOf(file, name);
    if (content === undefined) return undefined;
    if ('wrong' in content) return void wrong.push(content.wrong);
    try {
      return make(Buffer.from(content.bytes));
    } catch {
      return void wrong.push(`${name}: "${file}" is not what it takes: ${takes}`);
    }
  };
  const certificate = (bytes: Buffer): X509Certificate => new X509Certificate(bytes);
  read(ca_file, names.ca_file, 'a certificate in PEM form', certificate);
  const own = read(cert_file, names.cert_file, 'a certificate in PEM form', certificate);
  const key = read<KeyObject>(
    key_file,
    names.key_file,
    'a private key in PEM form without a passphrase',
    createPrivateKey,
  );
  if (own && key && !own.checkPrivateKey(key)) {
    wrong.push(`${names.key_file}: "${key_file}" is not the private key of ${names.cert_file} "${cert_file}"`);
  }
  return wrong;
}

/* ---- what nats.js takes ---------------------------------------------------------------------------------------- */

/** The part of nats.js's options that lets someone in. Where nothing is wrong with `options`. */
export function accessOptions(options: ConnectionOptions): NatsOptions {
  const addresses = options.servers.map(readAddress).filter((each) => each !== undefined);
  const { user, password, token } = { ...options, ...secretsIn(options.servers) };
  const given: NatsOptions = { servers: addresses.map(({ bare }) => bare) };
  if (user !== undefined) given.user = user;
  if (password !== undefined) given.pass = password;
  if (token !== undefined) given.token = token;
  if (options.inbox_prefix !== undefined) given.inboxPrefix = options.inbox_prefix;
  if (options.nkey_seed !== undefined) given.authenticator = nkeyAuthenticator(toUtf8.encode(options.nkey_seed));
  if (options.credentials_file !== undefined) given.authenticator = fileAuthenticator(options.credentials_file);
  if (options.tls !== undefined || addresses.some(({ tls }) => tls)) given.tls = tlsOptions(options.tls ?? {});
  return given;
}

/** Read anew at each dial, so that a file that was renewed counts; one that cannot be read leaves the one before. */
function fileAuthenticator(file: string): Authenticator {
  let content: Uint8Array = readFileSync(file);
  return credsAuthenticator(() => {
    try {
      content = readFileSync(file);
    } catch {
      // Just being replaced.
    }
    return content;
  });
}

/** The files are read by nats.js at each dial. */
const tlsOptions = (tls: TlsFiles): NonNullable<NatsOptions['tls']> => ({
  ...(tls.ca_file === undefined ? {} : { caFile: tls.ca_file }),
  ...(tls.cert_file === undefined ? {} : { certFile: tls.cert_file }),
  ...(tls.key_file === undefined ? {} : { keyFile: tls.key_file }),
  ...{ checkServerIdentity: checkDialled },
});

/**
 * nats.js names no host where an IP address was dialled, and Node then takes a certificate for `localhost`, of
 * whatever machine. Node calls this as a method of the options, which hold the socket: the address is what counts.
 */
function checkDialled(
  this: { readonly servername?: string; readonly socket?: { readonly remoteAddress?: string } },
  host: string,
  certificate: PeerCertificate,
): Error | undefined {
  return checkServerIdentity(this.servername || (this.socket?.remoteAddress ?? host), certificate);
}
