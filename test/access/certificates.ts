/**
 * Certificates for tests, made in this process: an authority, and what it signs. X.509 needs little DER, and a fresh
 * machine has neither openssl nor fixtures that will not expire.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

export interface Certified {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends Certified {
  /** `hosts`: names and IPv4 addresses that a server's certificate is good for; none for a client's. */
  issue(name: string, hosts: readonly string[]): Certified;
}

export function newAuthority(name: string): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name, key: privateKey };
  return {
    certificate: certificate(name, publicKey, issuer, [basicConstraints(true)]),
    key: pemOf(privateKey),
    issue: (subject, hosts) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const extensions = [basicConstraints(false), ...(hosts.length === 0 ? [] : [alternativeNames(hosts)])];
      return { certificate: certificate(subject, pair.publicKey, issuer, extensions), key: pemOf(pair.privateKey) };
    },
  };
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

/* ---- DER ------------------------------------------------------------------------------------------------------- */

function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(0x30, ...parts);
const octets = (bytes: Uint8Array): Uint8Array => der(0x04, bytes);
const bits = (bytes: Uint8Array): Uint8Array => der(0x03, Uint8Array.of(0), bytes);
const oid = (...bytes: readonly number[]): Uint8Array => der(0x06, Uint8Array.from(bytes));
const whole = (bytes: Uint8Array): Uint8Array => der(0x02, bytes);

const COMMON_NAME = oid(0x55, 0x04, 0x03);
const BASIC_CONSTRAINTS = oid(0x55, 0x1d, 0x13);
const SUBJECT_ALT_NAME = oid(0x55, 0x1d, 0x11);
const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

const nameOf = (text: string): Uint8Array => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(text)))));

const basicConstraints = (isAuthority: boolean): Uint8Array => {
  const content = isAuthority ? sequence(der(0x01, Uint8Array.of(0xff))) : sequence();
  return sequence(BASIC_CONSTRAINTS, der(0x01, Uint8Array.of(0xff)), octets(content));
};

const alternativeNames = (hosts: readonly string[]): Uint8Array => {
  const names = hosts.map((host) =>
    isIP(host) === 4 ? der(0x87, Uint8Array.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host)),
  );
  return sequence(SUBJECT_ALT_NAME, octets(sequence(...names)));
};

/** `20300101000000Z`, a year back and ten ahead. */
const time = (years: number): Uint8Array => {
  const at = new Date();
  at.setUTCFullYear(at.getUTCFullYear() + years);
  return der(0x18, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, '')));
};

function certificate(
  subject: string,
  publicKey: KeyObject,
  issuer: { readonly name: string; readonly key: KeyObject },
  extensions: readonly Uint8Array[],
): string {
  const serial = Buffer.concat([Uint8Array.of(1), randomBytes(8)]);
  const content = sequence(
    der(0xa0, whole(Uint8Array.of(2))),
    whole(serial),
    ECDSA_WITH_SHA256,
    nameOf(issuer.name),
    sequence(time(-1), time(10)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', content, issuer.key);
  const base64 = Buffer.from(sequence(content, ECDSA_WITH_SHA256, bits(signature))).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
}
