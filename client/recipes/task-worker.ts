/** A worker takes tasks one after the other, each through its chart, for as long as its session lives. */
import { createActor, fromPromise, waitFor } from 'xstate';
import { type TaskClaim, taskMachine } from '../../machines/client/task.machine.js';
import { onAbort } from '../aborting.js';
import { clockOf } from '../clock.js';
import { compare, op } from '../txn.js';
import type { KeyValue } from '../types.js';
import { viewed, type View } from './live-view.js';
import { persistently } from './patience.js';
import { kvsOf, textOf } from './queue-of-keys.js';
import { actorOptions, type Inspect, type Session } from './session.js';
import {
  claimKey,
  decodeTask,
  encodeTask,
  ended,
  isOpen,
  recordKey,
  type Task,
  taken,
  writeAs,
} from './task-records.js';

export interface WorkerOptions {
  /** How the records name it. */
  readonly name: string;
  /**
   * Does the work. Its signal aborts when the claim may be gone; what must not be done twice needs the fencing token.
   */
  readonly run: (task: Task, hold: TaskHold) => unknown;
  /** Ends the worker, after the task that it has. */
  readonly signal?: AbortSignal | undefined;
  readonly inspect?: Inspect | undefined;
}

export interface TaskHold {
  readonly signal: AbortSignal;
  readonly fencingToken: number;
}

/** Resolves when the worker was told to end, or its session is over. */
export async function workOn(session: Session, prefix: string, options: WorkerOptions): Promise<void> {
  const { client } = session;
  const until = options.signal === undefined ? session.signal : AbortSignal.any([session.signal, options.signal]);
  const keys = { key: `${prefix}/`, prefix: true };
  for await (const view of viewed(client, keys, until, (shown) => shown)) {
    // Whatever comes of it, its own or another worker's, makes the next view.
    const [first] = unclaimed(prefix, view);
    if (first !== undefined) await attempt(session, prefix, first, options);
  }
}

function unclaimed(prefix: string, { kvs }: View): readonly KeyValue[] {
  const records = [...kvs.values()].filter((kv) => textOf(kv.key).startsWith(recordKey(prefix, '')));
  const free = (kv: KeyValue): boolean => {
    const task = decodeTask(kv);
    return isOpen(task) && !kvs.has(claimKey(prefix, task.name));
  };
  return records.filter(free).sort((a, b) => a.createRevision - b.createRevision);
}

/** One attempt at one task, from the record as it was seen. */
async function attempt(session: Session, prefix: string, seen: KeyValue, options: WorkerOptions): Promise<void> {
  const { client } = session;
  const ask = <T>(call: () => Promise<T>): Promise<T> => persistently(clockOf(client), session.signal, call);
  const task = taken(decodeTask(seen), options.name);
  const provided = taskMachine.provide({
    actors: {
      claim: fromPromise(() => ask(() => claim(session, prefix, seen, task))),
      begin: fromPromise(({ input }) => ask(() => writeAs(client, prefix, { ...task, state: 'Running' }, input))),
      run: fromPromise(async ({ input, signal }) => ({
        result: await options.run(task, { signal, fencingToken: input.fencingToken }),
      })),
      record: fromPromise(async ({ input }) => {
        const now = ended(task, input.outcome);
        const free = op.delete(claimKey(prefix, task.name));
        return (await ask(() => writeAs(client, prefix, now, input.claim, free))) ? now.state : null;
      }),
    },
  });
  const actor = createActor(provided, actorOptions(`task ${task.name}`, options.inspect)).start();
  const unhook = onAbort(session.signal, () => {
    if (actor.getSnapshot().status === 'active') actor.send({ type: 'sessionEnded' });
  });
  if (session.signal.aborted) actor.send({ type: 'sessionEnded' });
  const end = await waitFor(actor, (snapshot) => snapshot.status !== 'active');
  unhook();
  if (end.context.refusal !== null && !session.signal.aborted) throw end.context.refusal;
}

/** Of all workers that saw the record one gets the claim. One whose last worker is gone may be at its end by that. */
async function claim(session: Session, prefix: string, seen: KeyValue, task: Task): Promise<TaskClaim | null> {
  const key = claimKey(prefix, task.name);
  const over = task.state === 'Failed';
  const { succeeded, header, responses } = await session.client.kv
    .txn()
    .if(
      compare.createRevision(key).equals(0),
      compare.modRevision(recordKey(prefix, task.name)).equals(seen.modRevision),
    )
    .then(
      op.put(recordKey(prefix, task.name), encodeTask(task)),
      ...(over ? [] : [op.put(key, task.worker ?? '', { lease: session.lease })]),
    )
    .else(op.get(key))
    .commit();
  if (over) return null;
  if (succeeded) return { fencingToken: header.revision, attempt: task.attempt };
  // An answer that was lost: what it did is found again.
  const [own] = kvsOf(responses[0]);
  const isOurs = own !== undefined && own.lease === session.lease && textOf(own.value) === task.worker;
  return isOurs ? { fencingToken: own.createRevision, attempt: task.attempt } : null;
}
