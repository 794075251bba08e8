/** From the flags of NATS's way in to what transport/ dials with. */
import { accessSync, constants, readFileSync } from 'node:fs';
import type { ConnectionOptions } from '../transport/nats-connection.js';
import { ConfigError } from './config.js';
import type { Values } from './config.js';
import type { clusterOptions } from './node-options.js';

/** Throws ConfigError where a file that is named cannot be read, or half a pair is missing. */
export function natsAccess(values: Values<typeof clusterOptions>): ConnectionOptions {
  requireBoth('nats-user', values['nats-user'], 'nats-password', values['nats-password']);
  requireBoth('cert', values.cert, 'key', values.key);
  const credentials_file = readable('nats-creds', values['nats-creds']);
  const tls = {
    ca_file: readable('cacert', values.cacert),
    cert_file: readable('cert', values.cert),
    key_file: readable('key', values.key),
  };
  const wantsTls = Object.values(tls).some((file) => file !== undefined);
  return {
    servers: values.servers,
    user: values['nats-user'],
    password: values['nats-password'],
    token: values['nats-token'],
    nkey_seed: readSeed(values['nats-nkey']),
    credentials_file,
    ...(wantsTls ? { tls } : {}),
  };
}

/** Servers that others can reach, without anything that keeps these others out. */
export function isOpenToOthers({ servers, user, token, nkey_seed, credentials_file, tls }: ConnectionOptions): boolean {
  if (user ?? token ?? nkey_seed ?? credentials_file ?? tls?.cert_file) return false;
  return servers.some((server) => {
    const url = new URL(server);
    return url.username === '' && !/^(localhost|127\..*|\[::1\])$/.test(url.hostname);
  });
}

function requireBoth(one: string, oneValue: string | undefined, other: string, otherValue: string | undefined): void {
  if ((oneValue === undefined) === (otherValue === undefined)) return;
  const [given, missing] = oneValue === undefined ? [other, one] : [one, other];
  throw new ConfigError(`--${missing} is missing: --${given} is given, and they go together`);
}

function readable(flag: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    accessSync(file, constants.R_OK);
    return file;
  } catch (error) {
    throw new ConfigError(`--${flag}: ${JSON.stringify(file)} cannot be read: ${(error as Error).message}`);
  }
}

function readSeed(file: string | undefined): string | undefined {
  return readable('nats-nkey', file) === undefined || file === undefined
    ? undefined
    : readFileSync(file, 'utf8').trim();
}
