/** A client on a scripted link and a manual clock, already knowing the cluster, and what tests ask of its calls. */
import assert from 'node:assert/strict';
import { QuorateError } from '../../machines/language/errors.js';
import { clientOver } from '../../client/client.js';
import type { Client, ConnectOptions } from '../../client/types.js';
import { type ManualClock, manualClock, sameChance, turn } from './manual-clock.js';
import { type ScriptedLink, scriptedLink, type Sent } from './scripted-link.js';

export interface Bench {
  readonly client: Client;
  readonly link: ScriptedLink;
  readonly clock: ManualClock;
  /** The messages sent since the last call of this. */
  readonly sent: () => Promise<Sent[]>;
}

/** `unprimed`: nothing was asked before. */
export async function benchOf(options: ConnectOptions & { readonly unprimed?: boolean } = {}): Promise<Bench> {
  const { unprimed = false, ...given } = options;
  const link = scriptedLink();
  const clock = manualClock();
  const client = await clientOver({ random: sameChance, clock, link, ...given }, () => assert.fail('a link is given'));
  const bench: Bench = {
    client,
    link,
    clock,
    sent: async () => {
      await turn();
      return link.sent.splice(0);
    },
  };
  if (!unprimed) await prime(bench);
  return bench;
}

async function prime({ client, link }: Bench): Promise<void> {
  const asked = client.kv.get('prime');
  await turn();
  for (const sent of link.sent.splice(0)) sent.answerAll();
  await asked;
}

/** The error that `call` ends with. */
export async function errorOfCall(call: Promise<unknown>): Promise<QuorateError> {
  const error = await call.then(
    () => assert.fail('the call succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof QuorateError, String(error));
  return error;
}

/** What has become of a call so far. */
export function follow<T>(call: Promise<T>): { state: 'open' | 'ok' | 'failed'; value?: T; error?: QuorateError } {
  const seen: ReturnType<typeof follow<T>> = { state: 'open' };
  call.then(
    (value) => Object.assign(seen, { state: 'ok', value }),
    (error: unknown) => Object.assign(seen, { state: 'failed', error }),
  );
  return seen;
}
