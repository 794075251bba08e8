/**
 * Clients for a chaos run: few keys, unique values, one operation at a time each, all of it written down for the
 * checker.
 */
import { compare, connect, op, QuorateError } from '../../client/index.js';
import type { Client, KeyValue, OpResponse } from '../../client/index.js';
import { pause } from '../../deploy/clock.js';
import type { Chance } from '../simulation/chance.js';
import type { Recorded } from '../simulation/checker.js';
import { isRead } from '../simulation/model.js';
import type { Input, ModelKv, Output } from '../simulation/model.js';

const chaosKeys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
export const counterKeys = ['counter/1', 'counter/2'] as const;

/** A call that ended with an error that does not settle what happened. */
export interface Failure {
  readonly operation: number;
  readonly error: unknown;
  readonly began_ms: number;
  readonly ended_ms: number;
}

/** A read that one member answered from what it had. */
export interface LocalAnswer {
  readonly input: Input;
  readonly output: Output;
}

export interface ChaosClients {
  readonly history: Recorded[];
  readonly local: LocalAnswer[];
  readonly failures: Failure[];
  /** Resolves when every client had a write acknowledged that it began after this. */
  allWrite(): Promise<void>;
  /** Resolves with the first write acknowledged that was begun after this. */
  oneWrites(): Promise<void>;
  /** Lets each client finish its call, and closes the connections. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly from: number;
  readonly missing: Set<string>;
  readonly any: boolean;
  readonly resolve: () => void;
}

interface Shared {
  readonly history: Recorded[];
  readonly local: LocalAnswer[];
  readonly failures: Failure[];
  readonly mods: Map<string, ModelKv>;
  readonly waiting: Waiting[];
  position: number;
  stopped: boolean;
}

export interface ClientsPlan {
  readonly servers: readonly string[];
  readonly clusterName: string;
  readonly connections: number;
  /** Callers on each connection. */
  readonly callers: number;
  readonly pause_ms: number;
}

export async function startChaosClients(plan: ClientsPlan, chance: Chance): Promise<ChaosClients> {
  const shared: Shared = {
    history: [],
    local: [],
    failures: [],
    mods: new Map(),
    waiting: [],
    position: 0,
    stopped: false,
  };
  const { servers, clusterName } = plan;
  const links = await Promise.all(
    Array.from({ length: plan.connections }, () => connect({ servers, clusterName, timeoutMs: 5_000 })),
  );
  const names: string[] = [];
  const running = links.flatMap((client, link) =>
    Array.from({ length: plan.callers }, (_, caller) => {
      const name = `c${link}.${caller}`;
      names.push(name);
      return runCaller(client, name, shared, chance.fork(), plan.pause_ms);
    }),
  );
  const wait = (any: boolean) =>
    new Promise<void>((resolve) => {
      shared.waiting.push({ from: shared.history.length, missing: new Set(names), any, resolve });
    });
  return {
    ...shared,
    allWrite: () => wait(false),
    oneWrites: () => wait(true),
    stop: async () => {
      shared.stopped = true;
      await Promise.all(running);
      await Promise.all(links.map((client) => client.close()));
    },
  };
}

async function runCaller(client: Client, name: string, shared: Shared, chance: Chance, pause_ms: number) {
  while (!shared.stopped) {
    const id = shared.history.length;
    const input = drawInput(chance, shared, `${name}-${id}`);
    if (isRead(input) && input.serializable) {
      // What fails here promises nothing, and changes nothing.
      const output = await perform(client, input).catch(() => null);
      if (output !== null) shared.local.push({ input, output });
    } else {
      const called = shared.position++;
      shared.history.push({ id, client: name, input, called, answered: null });
      const began_ms = performance.now();
      try {
        const output = await perform(client, input);
        shared.history[id] = { id, client: name, input, called, answered: { at: shared.position++, output } };
        remember(shared, output);
        if (!isRead(input)) tellWaiting(shared, name, id);
      } catch (error) {
        shared.failures.push({ operation: id, error, began_ms, ended_ms: performance.now() });
        // A client that is sure that nothing happened is held to it.
        const made = error instanceof QuorateError && !error.maybe_applied ? null : undefined;
        shared.history[id] = { id, client: name, input, called, answered: null, made };
      }
    }
    await pause(chance.below(0, 2 * pause_ms + 1));
  }
}

function remember(shared: Shared, output: Output): void {
  if (output.type !== 'kvs' && output.type !== 'swapped') return;
  for (const kv of output.kvs) {
    if (kv.mod > (shared.mods.get(kv.key)?.mod ?? 0)) shared.mods.set(kv.key, kv);
  }
}

function tellWaiting(shared: Shared, name: string, operation: number): void {
  for (const each of [...shared.waiting]) {
    if (operation < each.from) continue;
    each.missing.delete(name);
    if (!each.any && each.missing.size > 0) continue;
    shared.waiting.splice(shared.waiting.indexOf(each), 1);
    each.resolve();
  }
}

/** A counter is raised by comparing and swapping: its value begins with the number that its version must be. */
function drawInput(chance: Chance, shared: Shared, value: string): Input {
  const key = chance.pick(chaosKeys);
  const drawn = chance.below(0, 100);
  if (drawn < 30) return { type: 'put', key, value };
  if (drawn < 50) return { type: 'read', key: chance.happens(0.3) ? null : key, revision: 0, serializable: false };
  if (drawn < 54) return { type: 'read', key: chance.happens(0.5) ? null : key, revision: 0, serializable: true };
  if (drawn < 58) return { type: 'readBoth', keys: drawTwo(chance), serializable: chance.happens(0.3) };
  if (drawn < 66) return { type: 'delete', key };
  if (drawn < 80) return { type: 'swap', key, expected: shared.mods.get(key)?.mod ?? 0, value };
  if (drawn < 86) return { type: 'putBoth', keys: drawTwo(chance), value };
  const counter = chance.pick(counterKeys);
  const known = shared.mods.get(counter);
  return { type: 'swap', key: counter, expected: known?.mod ?? 0, value: `${(known?.version ?? 0) + 1} by ${value}` };
}

function drawTwo(chance: Chance): readonly [string, string] {
  const [a = '', b = ''] = chance.shuffled(chaosKeys);
  return [a, b];
}

const text = new TextDecoder();

export const modelKv = (kv: KeyValue): ModelKv => ({
  key: text.decode(kv.key),
  value: text.decode(kv.value),
  create: kv.createRevision,
  mod: kv.modRevision,
  version: kv.version,
});

const kvsIn = (responses: readonly OpResponse[]): readonly ModelKv[] =>
  responses.flatMap((each) => (each.type === 'get' ? each.kvs.map(modelKv) : []));

async function perform(client: Client, input: Input): Promise<Output> {
  const { kv } = client;
  switch (input.type) {
    case 'others':
      throw new Error('what others did is asked by nobody');
    case 'read': {
      const { revision, serializable } = input;
      const all = input.key === null ? { fromKey: true } : {};
      const { header, kvs } = await kv.get(input.key ?? '\0', { revision, serializable, ...all });
      return { type: 'kvs', revision: header.revision, kvs: kvs.map(modelKv) };
    }
    case 'readBoth': {
      const { serializable } = input;
      const gets = input.keys.map((key) => op.get(key, { serializable }));
      const { header, responses } = await kv
        .txn()
        .then(...gets)
        .commit();
      return { type: 'kvs', revision: header.revision, kvs: kvsIn(responses) };
    }
    case 'put':
      return { type: 'done', revision: (await kv.put(input.key, input.value)).header.revision };
    case 'putBoth': {
      const puts = input.keys.map((key) => op.put(key, input.value));
      const { header } = await kv
        .txn()
        .then(...puts)
        .commit();
      return { type: 'done', revision: header.revision };
    }
    case 'delete': {
      const { header, deleted } = await kv.delete(input.key);
      return { type: 'deleted', revision: header.revision, count: deleted };
    }
    case 'swap': {
      const { header, succeeded, responses } = await kv
        .txn()
        .if(compare.modRevision(input.key).equals(input.expected))
        .then(op.put(input.key, input.value))
        .else(op.get(input.key))
        .commit();
      return { type: 'swapped', revision: header.revision, succeeded, kvs: kvsIn(responses) };
    }
    case 'compact':
      return { type: 'done', revision: (await kv.compact(input.revision)).header.revision };
  }
}
