/** The load on etcd where its Go client is not to be had: by HTTP to its JSON gateway. See tasks.ts. */
import { Agent, request } from 'node:http';
import type { Operation } from '../cases.js';
import { measure, timeToFirstAnswer } from '../measure.js';
import { ELECTION_PUT_MAX_MS, FILL_CALLERS, FILL_KEYS_PER_TXN, keyAt, RANGE_KEYS } from '../tasks.js';
import type { FillTask, LoadTask, Results, Task, Way } from '../tasks.js';

const { way, task } = JSON.parse(process.argv[2] ?? '{}') as { readonly way: Way; readonly task: Task };
const agent = new Agent({ keepAlive: true });
const base64 = (text: string): string => Buffer.from(text).toString('base64');
let turn = 0;

/** Asks one member after the other. */
function ask(path: string, body: object, timeout_ms = 30_000): Promise<void> {
  const url = `${way.servers[turn++ % way.servers.length]}/v3/kv/${path}`;
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent, timeout: timeout_ms }, (answer) => {
      answer.resume();
      answer.once('error', reject);
      answer.once('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode}`))));
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.once('error', reject);
    asked.end(JSON.stringify(body));
  });
}

function callOf(operation: Operation, keys: number, value: string): () => Promise<void> {
  const any = () => base64(keyAt(Math.floor(Math.random() * keys)));
  switch (operation) {
    case 'put':
      return () => ask('put', { key: any(), value });
    case 'get':
      return () => ask('range', { key: any() });
    case 'get-serializable':
      return () => ask('range', { key: any(), serializable: true });
    case 'mixed':
      return () => (Math.random() < 0.25 ? ask('put', { key: any(), value }) : ask('range', { key: any() }));
    case 'txn':
      return () => {
        const key = any();
        const exists = { target: 'VERSION', result: 'GREATER', key, version: '0' };
        return ask('txn', { compare: [exists], success: [{ requestPut: { key, value } }] });
      };
    case 'range':
      return () => {
        const from = Math.floor(Math.random() * (keys - RANGE_KEYS));
        return ask('range', { key: base64(keyAt(from)), range_end: base64(keyAt(from + RANGE_KEYS)) });
      };
  }
}

const load = (wanted: LoadTask): Promise<Results['load']> =>
  measure(wanted, wanted.callers, callOf(wanted.operation, wanted.keys, base64('v'.repeat(wanted.value_bytes))));

async function fill({ keys, value_bytes }: FillTask): Promise<Results['fill']> {
  const value = base64('v'.repeat(value_bytes));
  const began_ms = performance.now();
  let next = 0;
  const put = async (): Promise<void> => {
    while (next < keys) {
      const places = Array.from({ length: Math.min(FILL_KEYS_PER_TXN, keys - next) }, (_, offset) => next + offset);
      next += places.length;
      await ask('txn', { success: places.map((place) => ({ requestPut: { key: base64(keyAt(place)), value } })) });
    }
  };
  await Promise.all(Array.from({ length: FILL_CALLERS }, put));
  return { seconds: (performance.now() - began_ms) / 1_000 };
}

async function perform(): Promise<Results[Task['mode']]> {
  switch (task.mode) {
    case 'load':
      return load(task);
    case 'fill':
      return fill(task);
    case 'election': {
      const body = { key: base64('election'), value: base64('v') };
      return { took_ms: await timeToFirstAnswer(task, () => ask('put', body, ELECTION_PUT_MAX_MS)) };
    }
    default:
      throw new Error(`no ${task.mode} by HTTP`);
  }
}

process.stdout.write(`${JSON.stringify(await perform())}\n`);
agent.destroy();
