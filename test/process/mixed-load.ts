/** Every kind of call at once, over our client and by plain requests of NATS, each failure remembered with its call. */
import { connect as connectNats } from 'nats';
import { compare, connect, op } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { pause } from '../../deploy/clock.js';

export interface MixedLoad {
  /** Resolves when each kind of call has succeeded so many more times. */
  more(count: number): Promise<void>;
  /** Lets each caller finish; then what failed, as `call: error`. */
  stop(): Promise<readonly string[]>;
}

type Place = { readonly servers: readonly string[]; readonly clusterName: string };
type Call = (number: number) => Promise<unknown>;

const callsOf = (client: Client, caller: string): Readonly<Record<string, Call>> => ({
  put: (n) => client.kv.put(`${caller}/put/${n}`, 'value'),
  'linearizable get': () => client.kv.get(`${caller}/put/0`),
  'serializable get': () => client.kv.get(`${caller}/put/0`, { serializable: true }),
  'range over many keys': () => client.kv.get(`${caller}/put/`, { prefix: true, limit: 100 }),
  delete: (n) => client.kv.delete(`${caller}/put/${n - 10}`),
  txn: (n) =>
    client.kv
      .txn()
      .if(compare.version(`${caller}/txn`).equals(n))
      .then(op.put(`${caller}/txn`, String(n)))
      .else(op.get(`${caller}/txn`))
      .commit()
      .then(({ succeeded }) => {
        if (!succeeded) throw new Error(`version ${n} was not there: it was applied twice, or never`);
      }),
  'txn that reads': () =>
    client.kv
      .txn()
      .then(op.get(`${caller}/txn`), op.get(`${caller}/put/0`))
      .commit(),
  'member list': () => client.cluster.memberList(),
  'status of any member': () => client.maintenance.status(),
});

/** Two clients, so that batches meet, and one that knows nothing but NATS. */
export async function startMixedLoad(place: Place): Promise<MixedLoad> {
  const clients = await Promise.all([1, 2].map(() => connect(place)));
  const nats = await connectNats({ servers: [...place.servers], maxReconnectAttempts: -1, reconnectTimeWait: 20 });
  const succeeded = new Map<string, number>();
  const failures: string[] = [];
  const waiting: { readonly atLeast: ReadonlyMap<string, number>; readonly resolve: () => void }[] = [];
  let stopped = false;

  const wake = (): void => {
    const due = waiting.filter(({ atLeast }) =>
      [...atLeast].every(([kind, most]) => (succeeded.get(kind) ?? 0) >= most),
    );
    for (const each of due) waiting.splice(waiting.indexOf(each), 1)[0]?.resolve();
  };
  const repeat = async (kind: string, call: Call): Promise<void> => {
    succeeded.set(kind, 0);
    for (let number = 0; !stopped; number++) {
      try {
        await call(number);
        succeeded.set(kind, (succeeded.get(kind) ?? 0) + 1);
        wake();
      } catch (error) {
        failures.push(`${kind} ${number}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };

  /** What `nats req` does, and again for as long as nobody serves, or who does says that it does not lead any more. */
  const plain = async (subject: string, body: unknown): Promise<void> => {
    const deadline_ms = performance.now() + 7_000;
    for (;;) {
      const answer = await nats
        .request(`${place.clusterName}.${subject}`, JSON.stringify(body), { timeout: 2_000 })
        .then(
          (message) => message.string(),
          (error: unknown) => `nobody: ${String(error)}`,
        );
      if (answer.startsWith('{"header"')) return;
      if (performance.now() > deadline_ms || !/nobody|not leader|no leader|leader changed/.test(answer))
        throw new Error(answer);
      await pause(20);
    }
  };

  const running = [
    ...clients.flatMap((client, at) =>
      Object.entries(callsOf(client, `c${at}`)).map(([kind, call]) => repeat(`client ${at}, ${kind}`, call)),
    ),
    repeat('nats req put', (n) => plain('kv.put', { key: 'plain', value: String(n) })),
    repeat('nats req range', () => plain('kv.range', { key: 'plain' })),
    repeat('nats req serializable range', () => plain('kv.range', { key: 'plain', serializable: true })),
    repeat('nats req status', () => plain('maintenance.status', {})),
  ];

  return {
    more: (count) =>
      new Promise((resolve) => {
        waiting.push({ atLeast: new Map([...succeeded].map(([kind, so_far]) => [kind, so_far + count])), resolve });
      }),
    stop: async () => {
      stopped = true;
      await Promise.all(running);
      await Promise.all(clients.map((client) => client.close()));
      await nats.close();
      return failures;
    },
  };
}
