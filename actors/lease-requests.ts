/** Between the requests and the lessor: renewals and questions about what remains go as linearizable reads do. */
import type { Answer, Ask, Result } from '../transport/ports.js';
import { type LeaseAnswer, type LeaseQuestion, post, postIfOpen, type System } from './mail.js';

/** Resolves with the lessor's answer, once a quorum round has confirmed that this member leads. */
export const askLessor =
  (system: System) =>
  (question: LeaseQuestion): Promise<Result> =>
    new Promise((resolve, reject) => {
      const answer = (given: LeaseAnswer): void => (given.ok ? resolve(given.result) : reject(given.error));
      post(system, 'leaseTicker', { type: 'confirmed', question, answer });
    });

/** The ask; until it is answered the lessor knows that a renewal is on its way, and the lease is not over before. */
export function announced(system: System, ask: Ask): Ask {
  if (ask.request.op !== 'lease.keepalive') return ask;
  const { ids } = ask.request.body;
  post(system, 'leaseTicker', { type: 'awaited', ids });
  const answer = (given: Answer): void => {
    postIfOpen(system, 'leaseTicker', { type: 'answered', ids });
    ask.answer(given);
  };
  return { ...ask, answer };
}
