/** The NATS services of a node as plans: which endpoints, on which subjects, in which queue group. */
import type { Term } from '../machines/language/vocabulary.js';
import { DRILLS } from '../machines/language/inspection.js';
import type { Self } from './ports.js';
import { requestSchema } from './request-schema.js';
import {
  clusterSubject,
  type Endpoint,
  LEADER_ENDPOINTS,
  leaderGroup,
  MEMBER_ENDPOINTS,
  MEMBERS_GROUP,
  memberSubject,
  OPERATIONS,
} from './subjects.js';

/** A service that should be there; it is opened again on every connection that is dialled. */
export interface Plan {
  readonly service: 'quorate' | 'quorate-ready' | 'quorate-leader';
  readonly description: string;
  readonly endpoints: readonly Endpoint[];
  readonly queue: string;
  readonly term: Term | null;
  /** Sessions that hang on this member are heard as long as it stands. */
  readonly sessions: boolean;
  subject(endpoint: Endpoint): string;
}

export const planKey = (plan: Pick<Plan, 'service' | 'term'>): string => `${plan.service} ${plan.term ?? ''}`;

export const memberService = (self: Self, drills: boolean): Plan => ({
  service: 'quorate',
  description: 'A member of a Quorate cluster, by name',
  endpoints: [
    ...OPERATIONS,
    'batch',
    'batch.read',
    'watch.create',
    'inspect.start',
    ...(drills ? DRILLS.map((drill) => `drill.${drill}` as const) : []),
  ],
  queue: 'member',
  term: null,
  sessions: true,
  subject: (endpoint) => memberSubject(self.cluster_name, self.member.name, endpoint),
});

export const readyService = (self: Self): Plan => ({
  service: 'quorate-ready',
  description: 'Members of a Quorate cluster that hear a leader',
  endpoints: MEMBER_ENDPOINTS,
  queue: MEMBERS_GROUP,
  term: null,
  sessions: false,
  subject: (endpoint) => clusterSubject(self.cluster_name, endpoint),
});

export const leaderService = (self: Self, term: Term): Plan => ({
  service: 'quorate-leader',
  description: 'The leader of a Quorate cluster',
  endpoints: LEADER_ENDPOINTS,
  // [safety] A queue group of this term alone: no request passes from one term's leader to the next.
  queue: leaderGroup(self.member.name, term),
  term,
  sessions: false,
  subject: (endpoint) => clusterSubject(self.cluster_name, endpoint),
});

/** What service discovery says of an endpoint: clients send a field only where it is listed. */
export const describeEndpoint = (endpoint: Endpoint): Record<string, string> => ({
  request: JSON.stringify(requestSchema(endpoint)),
  encodings: 'json, msgpack',
});
