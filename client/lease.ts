/** Leases: keys that live as long as somebody renews them. */
import { QuorateError } from '../machines/language/errors.js';
import type { Connection } from './connection.js';
import type { Leases } from './lease-types.js';

const notYet = (): never => {
  throw new QuorateError('Unimplemented', 'quorate: leases are not built yet');
};

export const leasesOf = (_connection: Connection): Leases => ({
  grant: notYet,
  revoke: notYet,
  keepAliveOnce: notYet,
  keepAlive: notYet,
  timeToLive: notYet,
  list: notYet,
});
