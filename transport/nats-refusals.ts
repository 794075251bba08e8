/** Why NATS does not let someone in, or does not let them do something, in words for people. */
import { Events, type NatsError, type Status } from 'nats';
import { secretsIn } from './addresses.js';
import type { ConnectionOptions } from './nats-credentials.js';

interface Judged {
  /** `refused`: trying again without changing something comes to the same. */
  readonly reason: 'refused' | 'disconnected';
  readonly why: string;
}

const refused = (why: string): Judged => ({ reason: 'refused', why });

/** What came of dialling. */
export function judgeRefusal(error: unknown, options: ConnectionOptions): Judged {
  const text = error instanceof Error ? error.message : String(error);
  // Node's own, and nats.js's, which keeps the error beneath in a field of its own.
  const codes = `${codeOf(error)} ${codeOf((Object(error) as Partial<NatsError>).chainedError)}`;
  if (codes.includes('AUTHORIZATION_VIOLATION')) return refused(`${text}: ${whatWasGiven(options)}`);
  if (/AUTHENTICATION_EXPIRED|ACCOUNT_EXPIRED/.test(codes)) return refused(text);
  if (codes.includes('SERVER_OPT_NA')) return refused('TLS is wanted here, and the server has none');
  if (/ISSUER|SELF_SIGNED|LEAF_SIGNATURE|CERT_UNTRUSTED/.test(codes)) {
    return refused(
      `its certificate is not signed by an authority that is trusted here (${text}): name that authority's`,
    );
  }
  if (/CERT_(HAS_EXPIRED|NOT_YET_VALID|REVOKED)|ALTNAME/.test(codes)) return refused(`its certificate: ${text}`);
  if (/CERTIFICATE|ALERT_|SSL_/.test(codes)) return refused(`TLS: ${text}${ownCertificate(options)}`);
  return { reason: 'disconnected', why: codes.includes('TIMEOUT') ? silence(options) : text };
}

function codeOf(error: unknown): string {
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** A server that wants a certificate and gets none just ends the connection, and nats.js waits on. */
const silence = ({ tls }: ConnectionOptions): string =>
  tls !== undefined && tls.cert_file === undefined
    ? 'no answer in time; it may ask for a certificate of our own, and none was given'
    : 'no answer in time';

const ownCertificate = ({ tls }: ConnectionOptions): string =>
  tls?.cert_file === undefined ? '; no certificate of our own was given' : '';

function whatWasGiven(options: ConnectionOptions): string {
  const { user, token, nkey_seed, credentials_file, tls } = { ...options, ...secretsIn(options.servers) };
  if (user !== undefined) return `it does not take user "${user}" with the password given`;
  if (token !== undefined) return 'it does not take the token given';
  if (nkey_seed !== undefined) return 'it does not take the nkey given';
  if (credentials_file !== undefined) return `it does not take the credentials of "${credentials_file}"`;
  return tls?.cert_file === undefined ? 'it asks for credentials, and none were given' : 'it asks for credentials too';
}

/** What a standing connection was refused. */
export interface Refusal {
  /** Alike for what is told once. */
  readonly key: string;
  readonly text: string;
  readonly publish?: string;
  readonly subscription?: string;
}

/** Undefined for a status that is no refusal. */
export function refusalIn(status: Status): Refusal | undefined {
  if (status.type !== Events.Error) return undefined;
  const code = typeof status.data === 'string' ? status.data : 'an error';
  const { operation, subject } = status.permissionContext ?? {};
  if (operation === 'publish' && subject !== undefined) {
    // Inboxes are as many as requests: they are told by where they begin.
    return {
      key: `publish ${subject.split('.', 2).join('.')}`,
      text: notAllowed('publish', subject),
      publish: subject,
    };
  }
  if (operation === 'subscription' && subject !== undefined) {
    return { key: `subscribe ${subject}`, text: notAllowed('subscribe', subject), subscription: subject };
  }
  return { key: code, text: code };
}

export const notAllowed = (what: 'publish' | 'subscribe', subject: string): string =>
  `the NATS server does not allow this user to ${what} to "${subject}"`;
