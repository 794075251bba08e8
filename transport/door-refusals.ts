/** What an endpoint does not take, whatever the node would say to it. */
import type { TxnRequest } from '../machines/language/commands.js';
import { badRequest, type QuorateError } from '../machines/language/errors.js';
import { isWrite, type Request } from './ports.js';
import { tooLarge } from './request-size.js';
import type { Endpoint } from './subjects.js';

/** Writes nothing, and yet is no read: a lease lives on by it. */
const renews = ({ op }: Request): boolean => op === 'lease.keepalive';

const readsOnly = (txn: TxnRequest): boolean =>
  [...txn.success, ...txn.failure].every((each) => 'range' in each || ('txn' in each && readsOnly(each.txn)));

/** Who may publish to `batch.read` alone may read and nothing else. */
export function refusalOf(endpoint: Endpoint, request: Request, bytes_max: number): QuorateError | null {
  const isRead = request.op === 'kv.txn' ? readsOnly(request.body) : !isWrite(request) && !renews(request);
  if (endpoint === 'batch.read' && !isRead) {
    return badRequest(`batch.read: ${request.op} given; it takes reads`);
  }
  return tooLarge(request, bytes_max);
}
