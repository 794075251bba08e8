/** A client's connection at work: its chart, the calls it carries, and the one timer that watches over them. */
import { createActor } from 'xstate';
import { connectionMachine } from '../machines/client/connection.machine.js';
import type { QuorateError } from '../machines/language/errors.js';
import type { Clock, Random } from '../machines/language/time.js';
import type { ClientLink, Request } from '../transport/ports.js';
import { overdue } from './answering.js';
import type { Succeeded } from './call.js';
import { type Core, fail, newCore } from './core.js';
import { issue } from './issue.js';
import { type Destination, readApart } from './lane.js';
import { closedError, deadlineError } from './outcome.js';
import { sendWaiting } from './sending.js';
import type { CallOptions } from './types.js';

const SWEEP_MS = 10;

export interface ConnectionParts {
  /** Makes the first connection to a server; rejects when none lets us in. */
  readonly dial: () => Promise<ClientLink>;
  readonly clock: Clock;
  readonly random: Random;
  readonly cluster: string;
  readonly timeout_ms: number;
  readonly watch_buffer_bytes: number;
}

export interface Connection {
  /** For what is no call. */
  readonly core: Core;
  /** One call: `read` makes the caller's answer of the node's. */
  ask<T>(
    request: Request,
    write: boolean,
    destination: Destination,
    options: CallOptions | undefined,
    read: (answer: Succeeded) => T,
  ): Promise<T>;
  close(): Promise<void>;
}

export async function openConnection(parts: ConnectionParts): Promise<Connection> {
  let sending = false;
  let watching = false;
  const wake = (): void => {
    if (sending || core.closed) return;
    sending = true;
    core.clock.soon(() => {
      sending = false;
      observe();
      if (core.publishing) sendWaiting(core);
    });
  };
  const watch = (): void => {
    if (watching || core.closed || core.calls.size === 0) return;
    watching = true;
    core.clock.setTimeout(() => {
      watching = false;
      observe();
      sweep(core);
      watch();
    }, SWEEP_MS);
  };
  const core = newCore({ ...parts, wake, watch });
  const actor = createActor(
    connectionMachine.provide({
      actions: {
        sendWaiting: wake,
        forgetSilence: () => core.roster.silentUntil_ms.clear(),
        endCalls: () => endCalls(core),
      },
    }),
  );
  actor.subscribe((snapshot) => (core.publishing = snapshot.hasTag('publishing')));
  /** The link says only whether it is connected; the chart makes states of it. */
  const observe = (): void => {
    if (core.publishing === core.link.connected || core.closed) return;
    actor.send({ type: core.link.connected ? 'restored' : 'lost' });
  };
  actor.start();
  try {
    core.link = await parts.dial();
  } catch (error) {
    actor.send({ type: 'refused' });
    throw error;
  }
  actor.send({ type: 'opened' });
  return {
    core,
    ask: (request, write, wanted, options, read) =>
      new Promise((resolve, reject: (error: QuorateError) => void) => {
        const destination = core.readsApart ? readApart(request.op, wanted) : wanted;
        const succeed = (answer: Succeeded): void => {
          try {
            resolve(read(answer));
          } catch (error) {
            reject(error as QuorateError);
          }
        };
        issue(core, { request, write, destination, options, succeed, fail: reject });
      }),
    close: async () => {
      actor.send({ type: 'closed' });
      await core.link.close();
    },
  };
}

function endCalls(core: Core): void {
  core.closed = true;
  for (const call of [...core.calls.values()]) fail(core, call, closedError(call));
}

/** Deadlines, silent attempts, and lanes that have waited long enough. */
function sweep(core: Core): void {
  const now = core.clock.now_ms();
  if (core.earliest_ms <= now) endOverdueCalls(core, now);
  for (const attempt of core.attempts) if (attempt.overdue_ms <= now) overdue(core, attempt, now);
  if (!core.publishing) return;
  for (const lane of core.lanes.values()) {
    if (lane.waiting.length > 0 && lane.notBefore_ms <= now) return core.wake();
  }
}

function endOverdueCalls(core: Core, now_ms: number): void {
  core.earliest_ms = Infinity;
  for (const call of [...core.calls.values()]) {
    if (call.deadline_ms <= now_ms) fail(core, call, deadlineError(call, core.publishing, core.link.trouble));
    else core.earliest_ms = Math.min(core.earliest_ms, call.deadline_ms);
  }
}
