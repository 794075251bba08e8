/** Tasks as they stand in the store: a record each, and beside it the claim of the worker that has it. */
import type { TaskClaim, TaskOutcome, TaskState } from '../../machines/client/task.machine.js';
import { badRequest } from '../../machines/language/errors.js';
import { compare, op } from '../txn.js';
import type { Client, KeyValue, Op } from '../types.js';
import { textOf } from './queue-of-keys.js';

export interface FailedAttempt {
  readonly attempt: number;
  readonly worker: string;
  readonly error: string;
}

export interface Task {
  readonly name: string;
  readonly state: TaskState;
  /** What is to be done: whatever JSON can hold. */
  readonly work: unknown;
  /** The number of the attempt that is under way or was the last; 0 before the first. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** Who has it, or had it last. */
  readonly worker: string | null;
  readonly failures: readonly FailedAttempt[];
  /** What the work came to, once it is finished. */
  readonly result: unknown;
}

export const recordKey = (prefix: string, name: string): string => `${prefix}/task/${name}`;
/** Of the same names as the records. On a worker's lease: it goes when the worker dies. */
export const claimKey = (prefix: string, name: string): string => `${prefix}/claim/${name}`;

export const newTask = (name: string, work: unknown, attemptsMax: number): Task => ({
  name,
  state: 'Scheduled',
  work,
  attempt: 0,
  attemptsMax,
  worker: null,
  failures: [],
  result: null,
});

export const isOpen = ({ state }: Task): boolean => state !== 'Finished' && state !== 'Failed';

export const encodeTask = (task: Task): string => JSON.stringify(task);

export function decodeTask(kv: KeyValue): Task {
  try {
    return JSON.parse(textOf(kv.value)) as Task;
  } catch (error) {
    throw badRequest(`client: ${textOf(kv.key)} is no task: ${String(error)}`);
  }
}

/** The task in the hands of the worker: an attempt whose worker is gone counts as failed. */
export function taken(task: Task, worker: string): Task {
  const abandoned = task.state === 'Starting' || task.state === 'Running';
  const died = { attempt: task.attempt, worker: task.worker ?? '?', error: 'the worker is gone' };
  const failures = abandoned ? [...task.failures, died] : task.failures;
  if (abandoned && task.attempt >= task.attemptsMax) return { ...task, state: 'Failed', failures };
  return { ...task, state: 'Starting', attempt: task.attempt + 1, worker, failures };
}

export function ended(task: Task, outcome: TaskOutcome): Task {
  if (outcome.ok) return { ...task, state: 'Finished', result: outcome.result ?? null };
  const failed = { attempt: task.attempt, worker: task.worker ?? '?', error: outcome.error };
  const state = task.attempt >= task.attemptsMax ? 'Failed' : 'Scheduled';
  return { ...task, state, failures: [...task.failures, failed] };
}

/**
 * Writes the task down if the claim still stands: a worker that was paused for too long changes nothing. False where it
 * does not stand.
 */
export async function writeAs(
  client: Client,
  prefix: string,
  task: Task,
  claim: TaskClaim,
  ...more: readonly Op[]
): Promise<boolean> {
  const stands = compare.createRevision(claimKey(prefix, task.name)).equals(claim.fencingToken);
  const write = op.put(recordKey(prefix, task.name), encodeTask(task));
  return (
    await client.kv
      .txn()
      .if(stands)
      .then(write, ...more)
      .commit()
  ).succeeded;
}
