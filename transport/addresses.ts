/** Addresses of NATS servers, and what in them is secret. */

interface Address {
  /** Without anything secret: for nats.js, and for people. */
  readonly bare: string;
  readonly tls: boolean;
  readonly user: string;
  readonly password: string;
  /** The way to it does not leave this machine. */
  readonly isLocal: boolean;
}

/** Undefined for what is no address of a NATS server. Without a scheme it is nats://. */
export function readAddress(server: string): Address | undefined {
  const whole = server.includes('://') ? server : `nats://${server}`;
  if (!URL.canParse(whole)) return undefined;
  const { protocol, host, hostname, username, password, pathname, search, hash } = new URL(whole);
  if (!['nats:', 'tls:'].includes(protocol) || host === '' || !['', '/'].includes(pathname) || search + hash !== '') {
    return undefined;
  }
  try {
    const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
    const isLocal = /^(localhost|127\..*|\[::1\])$/.test(hostname);
    return { bare: `${protocol}//${host}`, tls: protocol === 'tls:', user, password: secret, isLocal };
  } catch {
    return undefined; // a % that begins no character
  }
}

export const isAddress = (server: string): boolean => readAddress(server) !== undefined;

/** `nats://user:secret@host:4222` → `nats://host:4222`; also of what is no address. */
export const withoutSecrets = (server: string): string =>
  readAddress(server)?.bare ?? server.replace(/^([a-z]+:\/\/)?.*@/is, '$1');

type Secrets = { readonly user: string; readonly password: string } | { readonly token: string };

/** What the addresses say of the way in; undefined when they say nothing. */
export function secretsIn(servers: readonly string[]): Secrets | undefined {
  const address = servers.map(readAddress).find((each) => each !== undefined && each.user + each.password !== '');
  if (address === undefined) return undefined;
  const { user, password } = address;
  return password === '' ? { token: user } : { user, password };
}
