/** Tasks that many workers share: each is done by one of them, again after a failure, and all see how it goes. */
import { badRequest, QuorateError } from '../../machines/language/errors.js';
import { keyMissing, op } from '../txn.js';
import type { CallOptions, Client } from '../types.js';
import { viewed } from './live-view.js';
import type { Session } from './session.js';
import { decodeTask, encodeTask, newTask, recordKey, type Task } from './task-records.js';
import { type WorkerOptions, workOn } from './task-worker.js';

export interface ScheduleOptions extends CallOptions {
  /** How often it is tried at most; default 3. */
  readonly attemptsMax?: number | undefined;
}

export interface TaskScheduler {
  /** Rejects when there is a task of that name. */
  schedule(name: string, work: unknown, options?: ScheduleOptions): Promise<void>;
  /** The task now; undefined where there is none. */
  task(name: string, options?: CallOptions): Promise<Task | undefined>;
  /** The task now and after each change, until it is finished or has failed. States in between may be left out. */
  follow(name: string, options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<Task>;
  /** Works on what is scheduled until told to end, or until the session is over. */
  work(session: Session, options: WorkerOptions): Promise<void>;
}

const DEFAULT_ATTEMPTS = 3;

export const createTaskScheduler = (client: Client, prefix: string): TaskScheduler => ({
  schedule: async (name, work, { attemptsMax = DEFAULT_ATTEMPTS, ...call } = {}) => {
    if (!Number.isInteger(attemptsMax) || attemptsMax < 1) {
      throw badRequest(`client: attemptsMax is ${attemptsMax}; it must be a whole number from 1`);
    }
    const key = recordKey(prefix, name);
    const put = op.put(key, encodeTask(newTask(name, work, attemptsMax)));
    const { succeeded } = await client.kv.txn().if(keyMissing(key)).then(put).commit(call);
    if (!succeeded) throw new QuorateError('FailedPrecondition', `quorate: a task named "${name}" is there already`);
  },
  task: async (name, call) => {
    const { kvs } = await client.kv.get(recordKey(prefix, name), call);
    return kvs[0] === undefined ? undefined : decodeTask(kvs[0]);
  },
  follow: (name, { signal } = {}) => follow(client, recordKey(prefix, name), signal),
  work: (session, options) => workOn(session, prefix, options),
});

async function* follow(client: Client, key: string, signal: AbortSignal | undefined): AsyncGenerator<Task> {
  for await (const kv of viewed(client, { key, prefix: false }, signal, ({ kvs }) => kvs.get(key))) {
    if (kv === undefined) continue;
    const task = decodeTask(kv);
    yield task;
    if (task.state === 'Finished' || task.state === 'Failed') return;
  }
}
