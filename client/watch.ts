/** Watches: what happens to keys, in order, without a gap. */
import { QuorateError } from '../machines/language/errors.js';
import type { Connection } from './connection.js';
import type { Watches } from './watch-types.js';

export const watchesOf = (_connection: Connection): Watches => ({
  watch: () => {
    throw new QuorateError('Unimplemented', 'quorate: watches are not built yet');
  },
});
