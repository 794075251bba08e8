/** Broken variants of the client: the product's own, over a real store, with one of its ports replaced. */
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { MvccStore } from '../../store/mvcc.js';
import { clientRandom } from '../../client/clock.js';
import { clientOver } from '../../client/client.js';
import type { Random } from '../../machines/language/time.js';
import { encodeCommand } from '../../machines/language/codec.js';
import { index, memberId, revision, term, type ClusterId } from '../../machines/language/vocabulary.js';
import type { Answer } from '../../transport/ports.js';
import { operationOf, toAnswer } from '../../actors/answers.js';
import { manualClock, sameChance } from '../client/manual-clock.js';
import { scriptedLink, type Sent } from '../client/scripted-link.js';
import { must, SimulationFailure } from './failure.js';
import { playCutResponse } from './scripted-watches.js';

export interface ClientVariant {
  readonly level: 'client';
  readonly name: string;
  /** What is replaced, in a sentence. */
  readonly breaks: string;
  /** Seeds it may take. */
  readonly seeds: number;
  readonly play: () => Promise<SimulationFailure | null>;
}

export const clientVariants: readonly ClientVariant[] = [
  {
    level: 'client',
    name: 'request id of a restarted client reused',
    breaks: 'each life of a client process draws the same bits and counts from the same number',
    seeds: 1,
    play: () => playTwoLives(sameChance),
  },
  {
    level: 'client',
    name: 'resume inside a revision',
    breaks: 'a part of a response is taken for all of it: the client goes on after a revision that it has half of',
    seeds: 1,
    play: () => playCutResponse(1, (part) => ({ ...part, fragment: false })),
  },
];

/** A process writes, ends, and another life of it writes something else: both must be done. */
export async function playTwoLives(random: Random = clientRandom): Promise<SimulationFailure | null> {
  const clock = manualClock();
  const kv = new MvccStore(new MemoryEngineFactory(), clock);
  await kv.open('store/0');
  const decide = createDecider(kv);
  try {
    for (const life of ['first', 'second']) {
      const link = scriptedLink();
      link.onSent = (sent) => void decide(sent);
      const client = await clientOver({ random, clock, link }, () => Promise.reject(new Error('a link is given')));
      const outcome = await client.kv.put(`of the ${life}`, life).then(
        () => 'done',
        (error: unknown) => String(error),
      );
      must(outcome === 'done', 'a write of a new process is done, whatever the one before it wrote', { life, outcome });
      await client.close();
    }
    await kv.write();
    must(kv.status.keys === 2, 'each write of each process is there', { keys: kv.status.keys });
    return null;
  } catch (error) {
    if (error instanceof SimulationFailure) return error;
    throw error;
  } finally {
    await kv.close();
  }
}

/** A cluster of one that never fails: every request is an entry, decided by the real store. */
function createDecider(kv: MvccStore): (sent: Sent) => Promise<void> {
  let last = 0;
  return async (sent) => {
    const { client, requests } = sent;
    const answers: { readonly number: number; readonly answer: Answer }[] = [];
    for (const { number, since, request } of requests) {
      last++;
      const at = { index: index(last), term: term(1) };
      const reads = request.op === 'kv.range';
      const id = client === null ? null : { client, number, since };
      const data = reads ? null : encodeCommand({ request: id, refused: null, operation: operationOf(request) });
      const [entry] = await kv.decide([data === null ? { ...at, kind: 'empty' } : { ...at, kind: 'command', data }]);
      const decided = entry?.decision ? toAnswer(1n as ClusterId, memberId(1n), entry) : null;
      answers.push({ number, answer: decided ?? emptyRange(last) });
    }
    sent.answer(answers, true);
  };
}

/** What the client asks first, to learn the cluster and its index. */
function emptyRange(at: number): Answer {
  const header = { cluster_id: 1n as ClusterId, member_id: memberId(1n), revision: 1, raft_term: 1, raft_index: at };
  return {
    ok: true,
    header,
    result: { op: 'kv.range', body: { revision: revision(1), kvs: [], more: false, count: 0 } },
  };
}
