/** Who is in the cluster. */
import { checkName } from '../transport/subjects.js';
import { toMemberList } from './answers.js';
import type { Connection } from './connection.js';
import type { Destination } from './lane.js';
import { reading, rejecting } from './kv.js';
import type { Cluster } from './types.js';

const readMembers = reading('cluster.list', toMemberList);

export const clusterOf = (connection: Connection): Cluster => ({
  memberList: (options) =>
    rejecting(() => {
      const member = options?.member === undefined ? undefined : checkName('member name', options.member);
      const destination: Destination = { type: 'single', op: 'cluster.list', member };
      const body = { linearizable: options?.linearizable !== false };
      return connection.ask({ op: 'cluster.list', body }, false, destination, options, readMembers);
    }),
});
