/** The metrics of a node as Prometheus reads them: the rows of the tables, and what prom-client says of its process. */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import { networkRows } from './network-rows.js';
import type { Row, View } from './rows.js';
import { serverRows } from './server-rows.js';
import { storeRows } from './store-rows.js';

export const metricRows: readonly Row[] = [...serverRows, ...storeRows, ...networkRows];

export interface Exposition {
  readonly contentType: string;
  text(): Promise<string>;
}

/** `look` is asked once for each scrape. */
export function createExposition(look: () => View): Exposition {
  const registry = new Registry();
  let view: View | null = null;
  for (const row of metricRows) registry.registerMetric(asMetric(row, () => view));
  collectDefaultMetrics({ register: registry });
  return {
    contentType: registry.contentType,
    text: () => {
      view = look();
      return registry.metrics();
    },
  };
}

/** As much of a metric as a registry asks for: nothing is kept between two scrapes. */
function asMetric({ name, says: help, type, read }: Row, view: () => View | null): Metric {
  const get = () => {
    const now = view();
    const samples = now === null ? [] : read(now);
    const values = samples.map(({ name: metricName = name, labels, value }) => ({ metricName, labels, value }));
    return Promise.resolve({ name, help, type, values, aggregator: 'sum' });
  };
  return { name, get } as unknown as Metric;
}
