/** What an operator of NATS signs: accounts and users as JWTs. A server's configuration that trusts them. */
import { createHash } from 'node:crypto';
import { nkeys } from 'nats';

/** nats.js gives its nkeys no types. */
interface KeyPair {
  getPublicKey(): string;
  getSeed(): Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}
const make = nkeys as Record<'createOperator' | 'createAccount' | 'createUser', () => KeyPair>;

export interface Operator {
  /** Lines of a server's configuration. */
  readonly config: string;
  /** The content of a credentials file. */
  credentials(user: string): string;
}

export function newOperator(): Operator {
  const [operator, account] = [make.createOperator(), make.createAccount()];
  const unlimited = { subs: -1, data: -1, payload: -1 };
  const accountLimits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const accountJwt = jwt(account, 'quorate', operator, { type: 'account', version: 2, limits: accountLimits });
  return {
    config: [
      `operator: ${jwt(operator, 'operator', operator, { type: 'operator', version: 2 })}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
    ].join('\n'),
    credentials: (name) => {
      const user = make.createUser();
      const userJwt = jwt(user, name, account, { type: 'user', version: 2, ...unlimited });
      const seed = new TextDecoder().decode(user.getSeed());
      return `${block('NATS USER JWT', userJwt)}\n${block('USER NKEY SEED', seed)}`;
    },
  };
}

/** A user's key, for servers that know it by its public half. */
export function newUserKey(): { readonly seed: string; readonly publicKey: string } {
  const user = make.createUser();
  return { seed: new TextDecoder().decode(user.getSeed()), publicKey: user.getPublicKey() };
}

const block = (title: string, content: string): string =>
  `-----BEGIN ${title}-----\n${content}\n------END ${title}------\n`;

function jwt(of: KeyPair, name: string, issuer: KeyPair, nats: Readonly<Record<string, unknown>>): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(), name, sub: of.getPublicKey(), nats };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const content = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode({ ...claims, jti })}`;
  return `${content}.${Buffer.from(issuer.sign(Buffer.from(content))).toString('base64url')}`;
}
