/** Coming into a cluster: which answers a founder counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nobodyYet } from '../../actors/incoming.js';
import { join } from '../../actors/join.js';
import type { NodePorts, NodeSettings } from '../../actors/ports.js';
import type { Epoch } from '../../machines/language/vocabulary.js';
import type { LogState } from '../../store/ports.js';
import type { BirthMessage, PeerHandlers } from '../../transport/ports.js';
import { memberOf } from '../store/kv-steps.js';

test('an answer to a data directory that is gone is no answer to the one that took its name', async () => {
  const names = ['n1', 'n2', 'n3'];
  const asked: number[] = [];
  let handlers: PeerHandlers | null = null;
  let births = 0;
  const nothing = (): undefined => undefined;
  const ports = {
    clock: { setTimeout: nothing, clearTimeout: nothing, now_ms: () => 0 },
    journal: { info: nothing, warn: nothing, error: nothing },
    random: { below: (_from: number, to: number) => to - 7 },
    door: { open: () => Promise.resolve(), serve: () => Promise.resolve() },
    log: { bear: () => Promise.resolve({ cluster: 9n, births: ++births }) },
    peers: {
      open: (_self: unknown, given: PeerHandlers) => Promise.resolve(void (handlers = given)),
      sendBirth: (_to: string, message: BirthMessage) =>
        void (message.type === 'birth.asked' && asked.push(message.round)),
    },
  } as unknown as NodePorts;
  const joined = join(
    {
      ports,
      settings: { initial_members: names } as unknown as NodeSettings,
      self: { member: memberOf(1n, 'n1'), cluster_name: 'c', epoch: 1 as Epoch },
      state: { cluster: null } as LogState,
      incoming: nobodyYet(ports, nothing),
    },
    new AbortController().signal,
  );
  await new Promise(setImmediate);
  const hear = (round: number): void => {
    const answer = { type: 'birth.answered', round, members: names, cluster: null } as const;
    for (const [i, name] of ['n2', 'n3'].entries()) handlers?.birth(memberOf(BigInt(i + 2), name), answer);
  };
  // The directory that was wiped had asked in its first rounds too.
  for (let round = 0; round < 1_000; round++) hear(round);
  assert.equal(births, 0);
  hear(asked[0] ?? 0);
  assert.equal((await joined).cluster, 9n);
  assert.equal(births, 1);
});
