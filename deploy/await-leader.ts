/** Waiting until a cluster answers what only a cluster with a leader can. */
import { fromText, toText } from '../machines/language/bytes.js';
import type { ConnectionOptions } from '../transport/nats-credentials.js';
import { connectLink } from '../transport/nats-link.js';
import { LinkError } from '../transport/ports.js';
import { pause, realClock } from './clock.js';

const attempt_ms = 1_000;
const between_ms = 50;

/**
 * Resolves once a linearizable read is answered. Waits as long as it takes. Who may not ask, as a node need not, is
 * not kept waiting.
 */
export async function awaitLeader(clusterName: string, access: ConnectionOptions): Promise<void> {
  const link = await connectLink(access, realClock).catch(absentWhereDenied);
  if (link === undefined) return;
  const question = fromText(JSON.stringify({ key: 'quorate', count_only: true }));
  try {
    for (;;) {
      const answer = await link
        .request(`${clusterName}.kv.range`, question, new Map(), attempt_ms)
        .catch((error: unknown) => ignoreAbsence(error));
      if (answer === 'denied') return;
      if (answer !== undefined && toText(answer.body)?.includes('"error"') === false) return;
      await pause(between_ms);
    }
  } finally {
    await link.close();
  }
}

/** Nobody there yet, or not connected, is what is waited for; anything else is not. */
function ignoreAbsence(error: unknown): 'denied' | undefined {
  if (isDenied(error)) return 'denied';
  if (error instanceof LinkError && error.reason !== 'closed') return undefined;
  throw error;
}

const isDenied = (error: unknown): boolean => error instanceof LinkError && error.reason === 'denied';

function absentWhereDenied(error: unknown): undefined {
  if (!isDenied(error)) throw error;
}
