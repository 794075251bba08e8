/** The load on JetStream's key-value store, by the `nats` package: see tasks.ts. Its keys take no slash. */
import { connect } from 'nats';
import type { KV } from 'nats';
import { measure } from '../measure.js';
import { keyAt } from '../tasks.js';
import type { LoadTask, Results, Task, Way } from '../tasks.js';

const { way, task } = JSON.parse(process.argv[2] ?? '{}') as { readonly way: Way; readonly task: Task };
const FILL_CALLERS = 100;
const keyName = (place: number): string => keyAt(place).replace('/', '.');

async function open() {
  const connection = await connect({ servers: [...way.servers], timeout: 30_000, noAsyncTraces: true });
  const kv = await connection.jetstream({ timeout: 30_000 }).views.kv(way.cluster_name, { bindOnly: true });
  return { connection, kv };
}

async function load(wanted: LoadTask): Promise<Results['load']> {
  const opened = await Promise.all(Array.from({ length: wanted.connections }, open));
  const value = new TextEncoder().encode('v'.repeat(wanted.value_bytes));
  const any = () => keyName(Math.floor(Math.random() * wanted.keys));
  const measured = await measure(wanted, wanted.callers, (caller) => {
    const { kv } = opened[caller % opened.length] as { readonly kv: KV };
    return wanted.operation === 'put' ? kv.put(any(), value) : kv.get(any());
  });
  await Promise.all(opened.map(({ connection }) => connection.close()));
  return measured;
}

async function fill(keys: number, value_bytes: number): Promise<Results['fill']> {
  const { connection, kv } = await open();
  const value = new TextEncoder().encode('v'.repeat(value_bytes));
  const began_ms = performance.now();
  let next = 0;
  const put = async (): Promise<void> => {
    while (next < keys) await kv.put(keyName(next++), value);
  };
  await Promise.all(Array.from({ length: FILL_CALLERS }, put));
  const seconds = (performance.now() - began_ms) / 1_000;
  await connection.close();
  return { seconds };
}

function perform(): Promise<Results['load' | 'fill']> {
  if (task.mode === 'load') return load(task);
  if (task.mode === 'fill') return fill(task.keys, task.value_bytes);
  throw new Error(`no ${task.mode} for JetStream`);
}

process.stdout.write(`${JSON.stringify(await perform())}\n`);
