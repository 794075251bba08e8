/** Leases on the wire (reference 1.3): TTLs in whole seconds under etcd's names, in milliseconds under ours. */
import type { LeaseGrantRequest, LeaseTimeToLiveResult } from '../machines/language/leases.js';
import { badRequest } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import { revision as asRevision } from '../machines/language/vocabulary.js';
import type { Operation, Request, Result } from './ports.js';
import { readBytes, readFields, readFlag, readId, readInteger, readList, readMap } from './wire-values.js';

type LeaseName = Extract<Operation, `lease.${string}`>;
type LeaseRequest = Extract<Request, { readonly op: LeaseName }>;
type LeaseResult = Extract<Result, { readonly op: LeaseName }>;

export const isLease = (op: Operation): op is LeaseName => op.startsWith('lease.');
export const isLeaseRequest = (request: Request): request is LeaseRequest => isLease(request.op);
export const isLeaseResult = (result: Result): result is LeaseResult => isLease(result.op);

export const leaseFields = {
  'lease.grant': new Set(['id', 'ttl', 'ttl_ms']),
  'lease.revoke': new Set(['id']),
  'lease.keepalive': new Set(['id', 'ids']),
  'lease.timetolive': new Set(['id', 'keys']),
  'lease.list': new Set<string>(),
} as const satisfies Record<LeaseName, ReadonlySet<string>>;

const SECOND_MS = 1000;

export function readLeaseRequest(op: LeaseName, value: Value | undefined): LeaseRequest {
  const what = op.slice('lease.'.length);
  const body = readFields(what, value, leaseFields[op]);
  const id = readId(what, body, 'id', 'signed');
  switch (op) {
    case 'lease.grant':
      return { op, body: { id, ttl_ms: readTtl(what, body) } };
    case 'lease.revoke':
      return { op, body: { id } };
    case 'lease.keepalive':
      return { op, body: { ids: readIds(what, body, id) } };
    case 'lease.timetolive':
      return { op, body: { id, keys: readFlag(what, body, 'keys') } };
    case 'lease.list':
      return { op, body: {} };
  }
}

/** `ttl_ms`, or `ttl` in seconds. What is below the smallest TTL, below 0 too, is raised to it where it is granted. */
export function readTtl(what: string, body: Fields): number {
  const [seconds, ttl_ms] = [readInteger(what, body, 'ttl'), readInteger(what, body, 'ttl_ms')];
  if (seconds !== 0 && ttl_ms !== 0) throw badRequest(`${what}: ttl and ttl_ms are given; it must be one of them`);
  return Math.max(0, ttl_ms, Math.min(seconds * SECOND_MS, Number.MAX_SAFE_INTEGER));
}

function readIds(what: string, body: Fields, id: bigint): readonly bigint[] {
  const list = readList(what, body, 'ids');
  if (list.length > limits.keepalive_leases_max) {
    throw badRequest(`${what}: ${list.length} ids given; at most ${limits.keepalive_leases_max} go in one request`);
  }
  const ids = list.map((each) => readId(what, { ids: each }, 'ids', 'signed'));
  return id === 0n && ids.length > 0 ? ids : [id, ...ids];
}

export function writeLeaseRequest(request: LeaseRequest): Fields {
  switch (request.op) {
    case 'lease.grant':
      return writeGrant(request.body);
    case 'lease.revoke':
      return { id: request.body.id };
    case 'lease.keepalive':
      return { ids: [...request.body.ids] };
    case 'lease.timetolive':
      return request.body.keys ? { id: request.body.id, keys: true } : { id: request.body.id };
    case 'lease.list':
      return {};
  }
}

const writeGrant = ({ id, ttl_ms }: LeaseGrantRequest): Fields => (id === 0n ? { ttl_ms } : { id, ttl_ms });

/* ---- answers --------------------------------------------------------------------------------------------------- */

/** A TTL of milliseconds that is no whole number of seconds is shown as the next longer one. */
const inSeconds = (ttl_ms: number): number => Math.ceil(ttl_ms / SECOND_MS);

export function writeLeaseResult(result: LeaseResult): Fields {
  switch (result.op) {
    case 'lease.grant': {
      const { id, ttl_ms } = result.body;
      return { id, ttl: inSeconds(ttl_ms), ttl_ms };
    }
    case 'lease.revoke':
      return {};
    case 'lease.keepalive':
      return writeKept(result.body.leases);
    case 'lease.timetolive':
      return writeTimeToLive(result.body);
    case 'lease.list':
      return { leases: result.body.leases.map((id) => ({ id })) };
  }
}

/** One lease's fields stand at the top too, as etcd has them. */
function writeKept(leases: readonly { readonly id: bigint; readonly ttl_ms: number }[]): Fields {
  const rows = leases.map(({ id, ttl_ms }): Fields => ({ id, ttl: inSeconds(ttl_ms), ttl_ms }));
  return rows.length === 1 ? { ...rows[0], leases: rows } : { leases: rows };
}

/** What remains is rounded down (B-55). */
function writeTimeToLive({ id, ttl_ms, granted_ttl_ms, keys }: LeaseTimeToLiveResult): Fields {
  const ttl = Math.floor(ttl_ms / SECOND_MS);
  return { id, ttl, ttl_ms, granted_ttl: inSeconds(granted_ttl_ms), granted_ttl_ms, keys: [...keys] };
}

export function readLeaseResult(op: LeaseName, body: Fields, revision: number): LeaseResult {
  switch (op) {
    case 'lease.grant':
      return { op, body: { revision: asRevision(revision), ...readKept(body) } };
    case 'lease.revoke':
      return { op, body: { revision: asRevision(revision) } };
    case 'lease.keepalive':
      return { op, body: { leases: readList(op, body, 'leases').map((each) => readKept(readMap(op, each))) } };
    case 'lease.timetolive':
      return { op, body: readTimeToLive(body) };
    case 'lease.list':
      return {
        op,
        body: { leases: readList(op, body, 'leases').map((each) => readId(op, readMap(op, each), 'id', 'signed')) },
      };
  }
}

const readKept = (body: Fields): { readonly id: bigint; readonly ttl_ms: number } => ({
  id: readId('lease', body, 'id', 'signed'),
  ttl_ms: readInteger('lease', body, 'ttl_ms'),
});

const readTimeToLive = (body: Fields): LeaseTimeToLiveResult => ({
  ...readKept(body),
  granted_ttl_ms: readInteger('timetolive', body, 'granted_ttl_ms'),
  keys: readList('timetolive', body, 'keys').map((key) => readBytes('timetolive', { key }, 'key')),
});
