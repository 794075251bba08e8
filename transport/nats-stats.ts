/**
 * What `$SRV.STATS` says of an endpoint. The library counts until its handler returns, and knows of no error; our
 * answers leave later and say themselves that they are errors. So its figures are put right just before it tells them.
 */
import { type EndpointTally, newTally } from './door-meters.js';
import type { Plan } from './door-services.js';
import type { Endpoint } from './subjects.js';

/** As much of the library's figures as is put right; a version that keeps them elsewhere tells its own. */
interface Figures {
  readonly num_requests: number;
  num_errors: number;
  last_error?: string;
  /** Nanoseconds. */
  processing_time: number;
  average_processing_time: number;
}

export interface Tallies {
  /** What the door counts at an endpoint. */
  of(endpoint: Endpoint): EndpointTally;
  /** Puts the figures of the endpoint right, which the library is about to tell. */
  tell(told: { readonly subject: string }): void;
}

export function openTallies(plan: Plan): Tallies {
  const tallies = new Map(plan.endpoints.map((endpoint) => [plan.subject(endpoint), newTally()]));
  return {
    of: (endpoint) => tallies.get(plan.subject(endpoint)) ?? newTally(),
    tell: (told) => {
      const tally = tallies.get(told.subject);
      if (tally !== undefined && 'stats' in told) putRight(told.stats as Figures, tally);
    },
  };
}

function putRight(figures: Figures, { errors, last_error, took_ms }: EndpointTally): void {
  figures.num_errors = errors;
  if (errors > 0) figures.last_error = last_error;
  figures.processing_time = Math.round(took_ms * 1e6);
  figures.average_processing_time = Math.round(figures.processing_time / Math.max(1, figures.num_requests));
}
