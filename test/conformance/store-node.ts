/**
 * A node without raft, in this process: client, wire, door and revision store as they are, between them the shortest
 * way from a request to its decision. What the cases say of it holds whatever replication does.
 */
import { headerOf, operationOf, toAnswer } from '../../actors/answers.js';
import { readHistory } from '../../actors/history.js';
import { settle } from '../../actors/settle.js';
import { clientOver } from '../../client/client.js';
import { realClock, realRandom } from '../../deploy/clock.js';
import { wayOf } from '../../machines/admission.js';
import { encodeCommand } from '../../machines/language/codec.js';
import { QuorateError } from '../../machines/language/errors.js';
import { limits } from '../../machines/language/limits.js';
import { validate } from '../../machines/language/validation.js';
import { type ClusterId, type Entry, index, memberId, term } from '../../machines/language/vocabulary.js';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { MvccStore } from '../../store/mvcc.js';
import { MemoryDoor } from '../../transport/memory-door.js';
import { MemoryLink } from '../../transport/memory-link.js';
import { MemoryNetwork } from '../../transport/memory-network.js';
import type { Answer, Ask, Request, Result } from '../../transport/ports.js';
import type { Driver } from './driver.js';
import { quorateDriver } from './quorate-driver.js';
import { uninspected } from '../model/uninspected.js';

const CLUSTER = 0xc0ffeen as ClusterId;
/** etcd's own: one and a half election timeouts of a second, in whole seconds. */
const SMALLEST = { min_lease_ttl_ms: 2_000 };
const SELF = memberId(1n);
const TERM = term(1);

export async function startStoreNode(): Promise<Driver> {
  const store = new MvccStore(new MemoryEngineFactory(), realClock);
  await store.open('store/0');
  const network = new MemoryNetwork({ clock: realClock });
  const door = new MemoryDoor(network, realClock);
  const node = nodeOver(store);
  const self = { member: { id: SELF, name: 'n1' }, cluster_name: 'quorate', epoch: 1 as never };
  const watching = (): never => {
    throw new Error('nobody watches here');
  };
  await door.open(self, {
    ...uninspected,
    asked: node,
    watching,
    link: () => undefined,
    stats: () => ({}),
    refused: () => undefined,
  });
  await door.serve(CLUSTER);
  door.hearLeader(true);
  door.lead(TERM);
  const link = new MemoryLink(network, realClock);
  const client = await clientOver({ link }, () => Promise.resolve(link));
  return quorateDriver('quorate, the store behind a door', client, async () => {
    await client.close();
    await door.close();
    await store.close();
  });
}

/** Serves what one message brought, in order, one message after the other. */
function nodeOver(store: MvccStore): (asks: readonly Ask[]) => void {
  let applied = 0;
  let last = Promise.resolve();
  const serve = async (ask: Ask): Promise<void> => {
    const refused = validate(ask.request, { txn_ops_max: limits.txn_ops_max });
    if (refused !== null) return ask.answer({ ok: false, error: refused });
    if (wayOf(ask.request) !== 'propose') return ask.answer(await read(store, ask.request, applied));
    const data = encodeCommand({
      request: ask.id,
      refused: null,
      operation: settle(operationOf(ask.request), SMALLEST, realRandom),
    });
    const entry: Entry = { index: index(++applied), term: TERM, kind: 'command', data };
    const [decided] = await store.decide([entry]);
    await store.write();
    if (decided === undefined) throw new Error('one entry was given and none was decided');
    const answer = toAnswer(CLUSTER, SELF, decided);
    if (ask.request.op === 'kv.compact' && ask.request.body.physical && answer.ok) {
      await store.compacted(ask.request.body.revision);
    }
    ask.answer(answer);
  };
  return (asks) => {
    for (const ask of asks) last = last.then(() => serve(ask));
  };
}

async function read(store: MvccStore, request: Request, applied: number): Promise<Answer> {
  try {
    const result = await resultOf(store, request);
    const header = headerOf(CLUSTER, SELF, store.status.revision, TERM, index(applied));
    return { ok: true, header, result };
  } catch (error) {
    if (error instanceof QuorateError) return { ok: false, error };
    throw error;
  }
}

async function resultOf(store: MvccStore, request: Request): Promise<Result> {
  switch (request.op) {
    case 'kv.range':
      return { op: 'kv.range', body: await store.range(request.body) };
    case 'kv.txn':
      return { op: 'kv.txn', body: await store.read(request.body) };
    case 'maintenance.hashkv':
      return { op: 'maintenance.hashkv', body: await store.hashKv(request.body.revision) };
    case 'watch.history':
      return { op: 'watch.history', body: await readHistory(store, request.body) };
    case 'cluster.list': {
      const self = { id: SELF, name: 'n1', peer_urls: [], client_urls: [], is_learner: false };
      return { op: 'cluster.list', body: { members: [self] } };
    }
    case 'maintenance.status': {
      const { revision, db_size, db_size_in_use } = store.status;
      const numbers = { db_size, db_size_in_use, db_size_quota: 0, leader: SELF, raft_index: 0, raft_term: 1 };
      const words = { name: 'n1', version: '', storage_version: '', errors: [], role: 'leader', is_learner: false };
      return {
        op: 'maintenance.status',
        body: { ...numbers, ...words, raft_applied_index: 0, revision, vitals: null },
      };
    }
    case 'lease.list':
      return { op: 'lease.list', body: { leases: Array.from(store.leases.all(), ({ id }) => id) } };
    case 'lease.keepalive': {
      const leases = request.body.ids.map((id) => ({ id, ttl_ms: store.leases.get(id)?.ttl_ms ?? 0 }));
      return { op: 'lease.keepalive', body: { leases } };
    }
    case 'lease.timetolive': {
      // No time passes here.
      const { id, keys } = request.body;
      const granted_ttl_ms = store.leases.get(id)?.ttl_ms ?? 0;
      const ttl_ms = granted_ttl_ms === 0 ? -1 : granted_ttl_ms - 1;
      return {
        op: 'lease.timetolive',
        body: { id, ttl_ms, granted_ttl_ms, keys: keys ? store.leases.keysOf(id) : [] },
      };
    }
    default:
      throw new QuorateError('Internal', `${request.op} is not read`);
  }
}
