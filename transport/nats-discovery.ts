/** What the services on these NATS servers say of themselves, as far as a starting node must know it. */
import type { Msg, NatsConnection } from 'nats';
import type { Clock } from '../machines/language/time.js';
import type { ClusterId } from '../machines/language/vocabulary.js';
import { headersOf } from './nats-headers.js';
import { readMemberInfo } from './service-info.js';
import { formatClusterId } from './wire.js';

const ANSWERS_WITHIN_MS = 300;

/** The id of another cluster that serves under `cluster_name`; null when none answers in time. */
export function findForeignCluster(
  nats: NatsConnection,
  inbox: string,
  cluster_name: string,
  own: ClusterId,
  clock: Clock,
): Promise<string | null> {
  return new Promise((resolve) => {
    const finish = (found: string | null) => {
      clock.clearTimeout(timer);
      if (!nats.isClosed()) subscription.unsubscribe();
      resolve(found);
    };
    const timer = clock.setTimeout(() => finish(null), ANSWERS_WITHIN_MS);
    const subscription = nats.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) return finish(null);
        const id = clusterIdIn(message.data, cluster_name);
        // 503: there is no such service at all.
        if (message.data.length === 0 && isNobody(message)) return finish(null);
        if (id !== null && id !== formatClusterId(own)) finish(id);
      },
    });
    nats.publish('$SRV.INFO.quorate', new Uint8Array(0), { reply: inbox });
  });
}

function isNobody(message: Msg): boolean {
  try {
    return headersOf(message)?.code === 503;
  } catch {
    return false; // Somebody's, whatever they are.
  }
}

function clusterIdIn(data: Uint8Array, cluster_name: string): string | null {
  const { cluster, cluster_id = null } = readMemberInfo(data);
  return cluster === cluster_name ? cluster_id : null;
}
