/** The package's door: a client for Quorate, and everything that its callers name. */
import { connectLink } from '../transport/nats-link.js';
import { accessOf } from './access.js';
import { clientOver } from './client.js';
import type { Client, ConnectOptions } from './types.js';

/** Connects to the NATS servers; rejects when none lets us in. The cluster itself may still be without a leader. */
export const connect = (options: ConnectOptions = {}): Promise<Client> =>
  clientOver(options, (clock) => connectLink(accessOf(options), clock, options.name));

export { createBarrier } from './recipes/barrier.js';
export type { Barrier } from './recipes/barrier.js';
export { openConfig } from './recipes/config-center.js';
export type { Config, ConfigOptions, Validate } from './recipes/config-center.js';
export { createDoubleBarrier } from './recipes/double-barrier.js';
export type { DoubleBarrier } from './recipes/double-barrier.js';
export { createElection, leaderOf, observeLeader, resumeElection } from './recipes/election.js';
export type { Election } from './recipes/election.js';
export { createLivenessProbe } from './recipes/liveness-probe.js';
export type { LivenessChange, LivenessProbe } from './recipes/liveness-probe.js';
export { createMutex } from './recipes/mutex.js';
export type { Lock, RecipeOptions } from './recipes/mutex.js';
export type { WaitOptions } from './recipes/patience.js';
export type { Presence, PresenceOptions } from './recipes/presence.js';
export { createPriorityQueue, createQueue } from './recipes/queue.js';
export type { PriorityQueue, Queue } from './recipes/queue.js';
export { createRwMutex } from './recipes/rw-mutex.js';
export type { RwMutex } from './recipes/rw-mutex.js';
export { createServiceRegistry } from './recipes/service-registry.js';
export type { Endpoint, Registration, ServiceRegistry } from './recipes/service-registry.js';
export { transact } from './recipes/stm.js';
export type { Isolation, Stm, StmOptions, Transacted } from './recipes/stm.js';
export type { FailedAttempt, Task } from './recipes/task-records.js';
export { createTaskScheduler } from './recipes/task-scheduler.js';
export type { ScheduleOptions, TaskScheduler } from './recipes/task-scheduler.js';
export type { TaskHold, WorkerOptions } from './recipes/task-worker.js';
export { followWork, startWork } from './recipes/work-reporter.js';
export type { Progress, WorkReporter } from './recipes/work-reporter.js';
export { openSession } from './recipes/session.js';
export type { Inspect, Session, SessionOptions } from './recipes/session.js';
export { QuorateError } from '../machines/language/errors.js';
export { compare, keyExists, keyMissing, op } from './txn.js';
export type { Comparable } from './txn.js';
export type * from './lease-types.js';
export type * from './types.js';
export type * from './watch-types.js';
