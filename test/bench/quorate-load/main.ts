/**
 * The load on Quorate, in a process of its own: one case from the command line (JSON), one line of JSON as the answer.
 */
import { connect } from '../../../client/index.js';
import { measure } from '../measure.js';
import type { Case, Plan } from '../measure.js';

const { servers, clusterName, operation, callers, plan } = JSON.parse(process.argv[2] ?? '{}') as Case & {
  readonly servers: readonly string[];
  readonly clusterName: string;
  readonly plan: Plan;
};

const client = await connect({ servers, clusterName, timeoutMs: 30_000 });
const value = 'v'.repeat(plan.value_bytes);
const anyKey = () => `bench/${String(Math.floor(Math.random() * plan.keys)).padStart(8, '0')}`;
const measured = await measure(plan, callers, () =>
  operation === 'put' ? client.kv.put(anyKey(), value) : client.kv.get(anyKey()),
);
process.stdout.write(`${JSON.stringify(measured)}\n`);
await client.close();
