/** Those who wait for a revision to be reached. */

interface Waiter {
  readonly revision: number;
  resolve(): void;
  reject(error: unknown): void;
}

export interface Waiters {
  wait(revision: number): Promise<void>;
  reached(revision: number): void;
  rejectAll(error: unknown): void;
}

export function makeWaiters(): Waiters {
  let waiting: Waiter[] = [];
  return {
    wait: (revision) => new Promise((resolve, reject) => void waiting.push({ revision, resolve, reject })),
    reached: (revision) => {
      const done = waiting.filter((waiter) => waiter.revision <= revision);
      waiting = waiting.filter((waiter) => waiter.revision > revision);
      for (const waiter of done) waiter.resolve();
    },
    rejectAll: (error) => {
      for (const waiter of waiting.splice(0)) waiter.reject(error);
    },
  };
}
