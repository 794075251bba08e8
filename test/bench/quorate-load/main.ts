/** The load on Quorate, by its own client in a process of its own: see tasks.ts. */
import { connect, keyExists, op } from '../../../client/index.js';
import type { Client } from '../../../client/index.js';
import type { Operation } from '../cases.js';
import { measure, timeToFirstAnswer } from '../measure.js';
import { ELECTION_PUT_MAX_MS, FILL_CALLERS, FILL_KEYS_PER_TXN, keyAt, RANGE_KEYS } from '../tasks.js';
import type { FillTask, LoadTask, Results, Task, Way } from '../tasks.js';
import { leases, stalled, watch } from './watching.js';

const { way, task } = JSON.parse(process.argv[2] ?? '{}') as { readonly way: Way; readonly task: Task };

const open = (): Promise<Client> => connect({ servers: way.servers, clusterName: way.cluster_name, timeoutMs: 30_000 });

async function load(wanted: LoadTask): Promise<Results['load']> {
  const clients = await Promise.all(Array.from({ length: wanted.connections }, open));
  const value = 'v'.repeat(wanted.value_bytes);
  const call = callOf(wanted.operation, wanted.keys, value);
  const measured = await measure(wanted, wanted.callers, (caller) => call(clients[caller % clients.length] as Client));
  await Promise.all(clients.map((client) => client.close()));
  return measured;
}

function callOf(operation: Operation, keys: number, value: string): (client: Client) => Promise<unknown> {
  const any = (): number => Math.floor(Math.random() * keys);
  switch (operation) {
    case 'put':
      return (client) => client.kv.put(keyAt(any()), value);
    case 'get':
      return (client) => client.kv.get(keyAt(any()));
    case 'get-serializable':
      return (client) => client.kv.get(keyAt(any()), { serializable: true });
    case 'mixed':
      return (client) => (Math.random() < 0.25 ? client.kv.put(keyAt(any()), value) : client.kv.get(keyAt(any())));
    case 'txn':
      return (client) => {
        const key = keyAt(any());
        return client.kv.txn().if(keyExists(key)).then(op.put(key, value)).commit();
      };
    case 'range':
      return (client) => {
        const from = Math.floor(Math.random() * (keys - RANGE_KEYS));
        return client.kv.get(keyAt(from), { rangeEnd: keyAt(from + RANGE_KEYS) });
      };
  }
}

async function fill({ keys, value_bytes }: FillTask): Promise<Results['fill']> {
  const client = await open();
  const value = 'v'.repeat(value_bytes);
  const began_ms = performance.now();
  let next = 0;
  const put = async (): Promise<void> => {
    while (next < keys) {
      const places = Array.from({ length: Math.min(FILL_KEYS_PER_TXN, keys - next) }, (_, offset) => next + offset);
      next += places.length;
      await client.kv
        .txn()
        .then(...places.map((place) => op.put(keyAt(place), value)))
        .commit();
    }
  };
  await Promise.all(Array.from({ length: FILL_CALLERS }, put));
  const seconds = (performance.now() - began_ms) / 1_000;
  await client.close();
  return { seconds };
}

async function perform(): Promise<Results[Task['mode']]> {
  switch (task.mode) {
    case 'load':
      return load(task);
    case 'fill':
      return fill(task);
    case 'watch':
      return watch(open, task);
    case 'stalled':
      return stalled(open, task);
    case 'leases':
      return leases(open, task);
    case 'election': {
      const client = await open();
      const call = () => client.kv.put('election', 'v', { timeoutMs: ELECTION_PUT_MAX_MS });
      const took_ms = await timeToFirstAnswer(task, call);
      await client.close();
      return { took_ms };
    }
  }
}

process.stdout.write(`${JSON.stringify(await perform())}\n`);
