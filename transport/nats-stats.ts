/**
 * What `$SRV.STATS` says of an endpoint. The library counts until its handler returns, and knows of no error; our
 * answers leave later and say themselves that they are errors. So its figures are put right just before it tells them.
 */
import type { Clock } from '../machines/language/time.js';
import type { Desk } from './door-desk.js';
import { type EndpointTally, newTally } from './door-meters.js';
import type { Plan } from './door-services.js';
import type { DoorHandlers } from './ports.js';
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

export interface ServiceStats {
  /** What the door counts at an endpoint. */
  tallyOf(endpoint: Endpoint): EndpointTally;
  /** The library is about to tell of this endpoint: the data beside its figures. */
  tell(told: { readonly subject: string }): object;
}

export function openStats(
  plan: Plan,
  { handlers, desk }: { readonly handlers: Pick<DoorHandlers, 'stats'>; readonly desk: Pick<Desk, 'errors'> },
  clock: Clock,
): ServiceStats {
  const endpoints = new Map(plan.endpoints.map((name) => [plan.subject(name), { name, tally: newTally() }]));
  let standing: object | null = null;
  /** How the member stands, looked up once for all endpoints of one answer. */
  const standingNow = (): object => {
    if (standing !== null) return standing;
    clock.soon(() => (standing = null));
    return (standing = handlers.stats());
  };
  return {
    tallyOf: (endpoint) => endpoints.get(plan.subject(endpoint))?.tally ?? newTally(),
    tell: (told) => {
      const endpoint = endpoints.get(told.subject);
      if (endpoint !== undefined && 'stats' in told) putRight(told.stats as Figures, endpoint.tally);
      return { ...standingNow(), refused_or_failed: endpoint === undefined ? 0 : desk.errors(endpoint.name) };
    },
  };
}

function putRight(figures: Figures, { errors, last_error, took_ms }: EndpointTally): void {
  figures.num_errors = errors;
  if (errors > 0) figures.last_error = last_error;
  figures.processing_time = Math.round(took_ms * 1e6);
  figures.average_processing_time = Math.round(figures.processing_time / Math.max(1, figures.num_requests));
}
