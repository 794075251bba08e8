/** From the flags of NATS's way in to what transport/ dials with. */
import { readFileSync } from 'node:fs';
import { readAddress, secretsIn } from '../transport/addresses.js';
import { type AccessNames, type ConnectionOptions, wrongAccess } from '../transport/nats-credentials.js';
import { ConfigError } from './config.js';
import type { Values } from './config.js';
import type { clusterOptions } from './node-options.js';

type AccessValues = Pick<
  Values<typeof clusterOptions>,
  'nats-user' | 'nats-password' | 'nats-token' | 'nats-nkey' | 'nats-creds' | 'cacert' | 'cert' | 'key'
>;

export const accessFlags: AccessNames = {
  servers: '--servers',
  user: '--nats-user',
  password: '--nats-password',
  token: '--nats-token',
  nkey_seed: '--nats-nkey',
  credentials_file: '--nats-creds',
  ca_file: '--cacert',
  cert_file: '--cert',
  key_file: '--key',
  inbox_prefix: '--inbox-prefix',
};

/** Throws ConfigError with all that is wrong, by flag. */
export function natsAccess(values: AccessValues, servers: readonly string[]): ConnectionOptions {
  const tls = { ca_file: values.cacert, cert_file: values.cert, key_file: values.key };
  const access: ConnectionOptions = {
    servers,
    user: values['nats-user'],
    password: values['nats-password'],
    token: values['nats-token'],
    nkey_seed: readSeed(values['nats-nkey'], (text) => new ConfigError(text)),
    credentials_file: values['nats-creds'],
    ...(Object.values(tls).some((file) => file !== undefined) ? { tls } : {}),
  };
  const wrong = wrongAccess(access, accessFlags);
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
  return access;
}

/** Servers that others can reach, without anything that keeps these others out. */
export function isOpenToOthers({ servers, user, token, nkey_seed, credentials_file, tls }: ConnectionOptions): boolean {
  if (user ?? token ?? nkey_seed ?? credentials_file ?? tls?.cert_file ?? secretsIn(servers)) return false;
  return servers.some((server) => readAddress(server)?.isLocal === false);
}

export function readSeed(file: string | undefined, refusal: (text: string) => Error): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw refusal(`--nats-nkey: "${file}" cannot be read: ${(error as Error).message}`);
  }
}
