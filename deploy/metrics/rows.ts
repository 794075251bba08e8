/** A metric as a row of a table: its name, what it says, and how its value is read when somebody scrapes. */
import type { NodeFacts } from '../../actors/facts.js';
import type { Counts, NodeSettings } from '../../actors/ports.js';
import type { Buckets } from '../../machines/language/buckets.js';
import type { VitalSigns } from '../../machines/language/status.js';
import type { DoorMeters, LinkMeters, PeerMeters } from '../../transport/ports.js';
import type { HealthCounts } from './health.js';

/** Everything that rows read, as it is at one moment. */
export interface View {
  readonly settings: NodeSettings;
  /** Null while the node is in no cluster. */
  readonly facts: NodeFacts | null;
  readonly counts: Counts;
  readonly signs: VitalSigns;
  readonly door: Pick<DoorMeters, 'served' | 'streams_opened'>;
  readonly peers: Pick<PeerMeters, 'members' | 'heartbeats_unsent'>;
  readonly links: readonly LinkMeters[];
  readonly log_written_bytes: number;
  readonly health: HealthCounts;
  /** Null where the system does not say. */
  readonly descriptors: { readonly used: number; readonly limit: number } | null;
  /** By the clock of the node. */
  readonly now_ms: number;
}

export interface Sample {
  /** Where it is not the metric's own: a histogram's parts. */
  readonly name?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface Row {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly says: string;
  readonly labels: readonly string[];
  readonly read: (view: View) => readonly Sample[];
}

/** Null: there is nothing to say at this moment. */
type Read = (view: View) => number | null;

const single =
  (type: 'counter' | 'gauge') =>
  (name: string, says: string, read: Read): Row => ({
    name,
    type,
    says,
    labels: [],
    read: (view) => {
      const value = read(view);
      return value === null ? [] : [{ labels: {}, value }];
    },
  });
export const counter = single('counter');
export const gauge = single('gauge');

type Labels<L extends string> = Readonly<Record<L, string>>;

const several =
  (type: 'counter' | 'gauge') =>
  <L extends string>(
    name: string,
    says: string,
    labels: readonly L[],
    read: (view: View) => Iterable<readonly [labels: Labels<L>, value: number]>,
  ): Row => ({
    name,
    type,
    says,
    labels,
    read: (view) => Array.from(read(view), ([given, value]) => ({ labels: given, value })),
  });
export const counters = several('counter');
export const gauges = several('gauge');

export const histograms = <L extends string>(
  name: string,
  says: string,
  labels: readonly L[],
  read: (view: View) => Iterable<readonly [labels: Labels<L>, buckets: Buckets]>,
): Row => ({
  name,
  type: 'histogram',
  says,
  labels,
  read: (view) => [...read(view)].flatMap(([given, buckets]) => samplesOf(name, given, buckets)),
});

export const histogram = (name: string, says: string, read: (view: View) => Buckets): Row =>
  histograms(name, says, [], (view) => [[{}, read(view)]]);

/** Prometheus counts in each bucket what is in those below it too. */
function samplesOf(name: string, labels: Readonly<Record<string, string>>, { first, counts, sum }: Buckets): Sample[] {
  let below = 0;
  const samples: Sample[] = counts.map((count, at) => {
    below += count;
    const le = at === counts.length - 1 ? '+Inf' : first * 2 ** at;
    return { name: `${name}_bucket`, labels: { ...labels, le }, value: below };
  });
  samples.push({ name: `${name}_sum`, labels, value: sum }, { name: `${name}_count`, labels, value: below });
  return samples;
}

/** What only a member of a cluster can say. */
export const fact =
  (read: (facts: NodeFacts) => number): Read =>
  ({ facts }) =>
    facts === null ? null : read(facts);
