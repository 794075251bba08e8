/** Leases: keys that live as long as somebody renews them. */
import { badRequest, errorOf } from '../machines/language/errors.js';
import { toGrant, toHeader, toKept, toLeases, toTimeToLive } from './answers.js';
import type { Connection } from './connection.js';
import { leader, memberOr, reading, rejecting } from './kv.js';
import { openKeeper } from './lease-keeper.js';
import type { KeepAliveResponse, Leases } from './lease-types.js';
import { leaseId, ttlMs } from './requests.js';
import type { CallOptions, ResponseHeader } from './types.js';

const readGrant = reading('lease.grant', toGrant);
const readKept = reading('lease.keepalive', toKept);
const readTimeToLive = reading('lease.timetolive', toTimeToLive);
const readLeases = reading('lease.list', toLeases);
const readRevoked = (answer: { readonly header: Parameters<typeof toHeader>[0] }): { header: ResponseHeader } => ({
  header: toHeader(answer.header),
});

function idOf(id: bigint): bigint {
  if (id === 0n) throw badRequest('client: lease is 0; it must be the id of a lease');
  return leaseId(id);
}

/** The client's leases, and what ends the keeping of them. */
export function leasesOf(connection: Connection): { readonly leases: Leases; readonly close: () => void } {
  const renew = (ids: readonly bigint[], options?: CallOptions) =>
    connection.ask({ op: 'lease.keepalive', body: { ids } }, false, memberOr(leader, options), options, readKept);
  const keeper = openKeeper(connection.core.clock, renew);
  const leases: Leases = {
    grant: (ttl, options) =>
      rejecting(() => {
        const body = { id: leaseId(options?.id), ttl_ms: ttlMs(ttl) };
        return connection.ask({ op: 'lease.grant', body }, true, memberOr(leader, options), options, readGrant);
      }),
    revoke: (id, options) =>
      rejecting(() => {
        const body = { id: idOf(id) };
        return connection.ask({ op: 'lease.revoke', body }, true, memberOr(leader, options), options, readRevoked);
      }),
    keepAliveOnce: (id, options) =>
      rejecting(async (): Promise<KeepAliveResponse> => {
        const { header, leases } = await renew([idOf(id)], options);
        const [lease] = leases;
        if (lease === undefined || lease.ttlMs === 0) throw errorOf('LeaseNotFound');
        return { header, ...lease };
      }),
    keepAlive: (id, options) => keeper.keep(idOf(id), options),
    timeToLive: (id, options) =>
      rejecting(() => {
        const body = { id: idOf(id), keys: options?.keys === true };
        const destination = memberOr(leader, options);
        return connection.ask({ op: 'lease.timetolive', body }, false, destination, options, readTimeToLive);
      }),
    list: (options) =>
      rejecting(() => {
        const destination = memberOr({ type: 'single', op: 'lease.list', member: undefined }, options);
        return connection.ask({ op: 'lease.list', body: {} }, false, destination, options, readLeases);
      }),
  };
  return { leases, close: () => keeper.close() };
}
