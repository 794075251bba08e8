/** The room of the snapshots, fetching one: whose fault it is when that fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor, fromCallback, setup } from 'xstate';
import { type Mail, post, type System } from '../../actors/mail.js';
import type { NodePorts } from '../../actors/ports.js';
import { snapshotRoom } from '../../actors/snapshot.js';
import type { Index, MemberId, Term } from '../../machines/language/vocabulary.js';
import { DiskError } from '../../store/ports.js';
import { eagerClock, memberOf } from '../store/kv-steps.js';

const snapshot = {
  index: 7 as Index,
  term: 1 as Term,
  configuration: { voters: [memberOf(1n, 'n1')], learners: [] },
  id: 's1',
  size_bytes: 10,
};

/** What becomes of an installation whose sink cannot be opened: raft hears of it, or the node ends with the error. */
function installWith(failure: Error): Promise<{ readonly told: Mail['raft'] } | { readonly ended: unknown }> {
  const ports = {
    clock: eagerClock,
    journal: { info: () => undefined, warn: () => undefined, error: () => undefined },
    snapshots: { receive: () => Promise.reject(failure), sweep: () => Promise.resolve() },
  } as unknown as NodePorts;
  return new Promise((resolve) => {
    const raft = fromCallback<Mail['raft']>(({ receive }) => receive((told) => resolve({ told })));
    const rooms = setup({ actors: { raft, snapshot: snapshotRoom } }).createMachine({
      invoke: [
        { src: 'raft', systemId: 'raft' },
        { src: 'snapshot', systemId: 'snapshot', input: { ports, cluster: 9n as never, cluster_name: 'c' } },
      ],
    });
    const actor = createActor(rooms);
    actor.subscribe({ error: (ended) => resolve({ ended }) });
    actor.start();
    post(actor.system as System, 'snapshot', { type: 'installSnapshot', from: 2n as MemberId, snapshot });
  });
}

test('a snapshot that cannot be fetched is refused, and the node goes on', async () => {
  const told = { type: 'snapshot.failed', index: 7, reason: 'no piece 3' };
  assert.deepEqual(await installWith(new Error('no piece 3')), { told });
});

test('a disk that cannot keep a snapshot ends the node', async () => {
  const full = new DiskError('no space left');
  assert.deepEqual(await installWith(full), { ended: full });
});
