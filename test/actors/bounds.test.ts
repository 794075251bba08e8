/** What the rooms hold at most, and what they do beyond. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import type { Incoming } from '../../actors/incoming.js';
import { roomInLog } from '../../actors/log-room.js';
import type { NodePorts, NodeSettings } from '../../actors/ports.js';
import { requestsRoom } from '../../actors/requests.js';
import type { RangeRequest } from '../../machines/language/commands.js';
import { limits } from '../../machines/language/limits.js';
import {
  type ClusterId,
  index,
  type Mark,
  type Member,
  memberId,
  type Term,
} from '../../machines/language/vocabulary.js';
import type { Answer, Ask, Self } from '../../transport/ports.js';
import { stillVitals } from '../model/still-vitals.js';
import { rangeRequest } from '../store/kv-steps.js';

const nothing = (): undefined => undefined;
const cluster = 1n as ClusterId;
const member: Member = { id: memberId(1n), name: 'n1' };

test('reads that are with the store count as waiting: beyond the bound, another is refused', async () => {
  let answerAll = nothing;
  const stuck = new Promise(
    (resolve) => (answerAll = () => void resolve({ revision: 1, kvs: [], more: false, count: 0 })),
  );
  const ports = {
    clock: { now_ms: () => 0, soon: nothing },
    kv: { rangeAtHand: () => null, range: () => stuck, status: { revision: 1, db_size: 0 } },
    door: {},
    vitals: stillVitals,
  } as unknown as NodePorts;
  const self = { member, cluster_name: 'c', epoch: 1 } as unknown as Self;
  const settings = { request_bytes_max: 1_000, txn_ops_max: 1 } as NodeSettings;
  const incoming: Incoming = {
    peers: null,
    door: null,
    watching: null,
    watches: null,
    facts: null,
    inspecting: null,
    drill: null,
    drills: false,
    refused: { note: nothing, tick: nothing },
    led: nothing,
  };
  const input = { ports, settings, self, incoming, cluster, applied: index(0), committed: index(0) };
  const actor = createActor(requestsRoom, { input });
  actor.start();

  const answers: Answer[] = [];
  const request = { op: 'kv.range' as const, body: { ...rangeRequest('a'), serializable: true } as RangeRequest };
  const ask: Ask = { request, id: null, timeout_ms: 1_000, term: null, answer: (given) => void answers.push(given) };
  const most = Array<Ask>(limits.requests_waiting_max).fill(ask);
  actor.send({ type: 'asked', asks: most });
  assert.equal(answers.length, 0);
  actor.send({ type: 'asked', asks: [ask] });
  const messages = () => answers.map((answer) => (answer.ok ? 'ok' : answer.error.message));
  assert.deepEqual(messages(), ['etcdserver: too many requests']);
  answerAll();
  await new Promise(setImmediate);
  assert.equal(answers.length, most.length + 1);
  actor.send({ type: 'asked', asks: [ask] });
  await new Promise(setImmediate);
  assert.equal(messages().at(-1), 'ok', 'there is room again');
  actor.stop();
});

test('a log that its state does not keep up with takes no more entries, says so once, and goes on when it can', () => {
  const warned: string[] = [];
  const log = { bytes: limits.log_bytes_max };
  const journal = { warn: (what: string) => void warned.push(what) };
  const hasRoom = roomInLog({ log, journal } as unknown as NodePorts);
  const previous: Mark = { index: index(1), term: 1 as Term };
  const append = (count: number): boolean => {
    const entry = (n: number) => ({ index: index(2 + n), term: 1 as Term, kind: 'empty' }) as const;
    const entries = Array.from({ length: count }, (_, n) => entry(n));
    const from = memberId(2n);
    return hasRoom({ type: 'append.sent', from, term: 1 as Term, previous, entries, commit: index(1) });
  };
  assert.ok(append(1), 'at the bound it still takes them');
  log.bytes = limits.log_bytes_max + 1;
  assert.ok(!append(1));
  assert.ok(!append(1));
  assert.equal(warned.length, 1);
  assert.ok(append(0), 'one without entries is heard');
  log.bytes = 0;
  assert.ok(append(1));
});
