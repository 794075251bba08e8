/** How a member is: its status, and the hash of what it keeps. */
import { badRequest } from '../machines/language/errors.js';
import type { Operation } from '../transport/ports.js';
import { checkName } from '../transport/subjects.js';
import { toHashKv, toStatus } from './answers.js';
import type { Connection } from './connection.js';
import { reading, rejecting } from './kv.js';
import type { Destination } from './lane.js';
import type { CallOptions, Maintenance } from './types.js';

const readStatus = reading('maintenance.status', toStatus);
const readHash = reading('maintenance.hashkv', toHashKv);

function at(op: Operation, member: string | undefined, options: CallOptions | undefined): Destination {
  const name = member ?? options?.member;
  return { type: 'single', op, member: name === undefined ? undefined : checkName('member name', name) };
}

export const maintenanceOf = (connection: Connection): Maintenance => ({
  status: (member, options) =>
    rejecting(() => {
      const destination = at('maintenance.status', member, options);
      return connection.ask({ op: 'maintenance.status', body: {} }, false, destination, options, readStatus);
    }),
  hashKv: (member, revision = 0, options) =>
    rejecting(() => {
      if (!Number.isSafeInteger(revision))
        throw badRequest(`client: revision is ${String(revision)}; it must be whole`);
      const destination = at('maintenance.hashkv', member, options);
      return connection.ask({ op: 'maintenance.hashkv', body: { revision } }, false, destination, options, readHash);
    }),
});
