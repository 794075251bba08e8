/** Whether a node is well: the checks behind /livez, /readyz and /health, with etcd's names and texts. */
import type { NodeFacts } from '../../actors/facts.js';
import type { NodeSettings } from '../../actors/ports.js';
import type { RunningNode } from '../../actors/node.js';
import { NUL } from '../../machines/language/bytes.js';
import type { RangeRequest } from '../../machines/language/commands.js';
import { plainRange } from '../../machines/language/plain.js';
import type { Answer, Ask, Request } from '../../transport/ports.js';
import { within } from '../clock.js';

export type Asked = Pick<RunningNode, 'facts' | 'ask'>;
export type HealthKind = 'livez' | 'readyz';

/** Null: it is well; else what is wrong. */
type Check = () => Promise<string | null>;

interface CheckCount {
  readonly type: HealthKind;
  readonly name: string;
  /** What it came to last: 1 well, 0 not. */
  last: number;
  success: number;
  error: number;
}

export interface HealthCounts {
  success: number;
  failures: number;
  readonly checks: readonly CheckCount[];
}

export interface Report {
  readonly ok: boolean;
  /** One line a check. */
  readonly text: string;
}

export interface Health {
  readonly counts: HealthCounts;
  names(kind: HealthKind): readonly string[];
  run(kind: HealthKind, names: readonly string[]): Promise<Report>;
  overall(excluded: ReadonlySet<string>, serializable: boolean): Promise<{ health: 'true' | 'false'; reason: string }>;
}

export function createHealth(node: Asked, settings: NodeSettings): Health {
  const read = reader(node, settings);
  const checks: Readonly<Record<HealthKind, Readonly<Record<string, Check>>>> = {
    livez: {
      // Before it is in its cluster, and after it has left, there is nothing to read: that it answers is its life.
      serializable_read: async () => (node.facts() === null ? null : read(true)),
    },
    readyz: {
      // A node that finds damaged data ends: one that answers has found none.
      data_corruption: async () => null,
      serializable_read: async () => (node.facts() === null ? notInCluster : read(true)),
      linearizable_read: async () => (node.facts() === null ? notInCluster : read(false)),
      non_learner: async () => (node.facts()?.status.is_learner === true ? 'this member is a learner' : null),
      not_draining: async () => (node.facts()?.draining === true ? 'this member is draining' : null),
    },
  };
  const countOf = (type: HealthKind) => (name: string) => ({ type, name, last: 0, success: 0, error: 0 });
  const rows: CheckCount[] = [
    ...Object.keys(checks.livez).map(countOf('livez')),
    ...Object.keys(checks.readyz).map(countOf('readyz')),
  ];
  const counts: HealthCounts = { success: 0, failures: 0, checks: rows };
  return {
    counts,
    names: (kind) => Object.keys(checks[kind]),
    run: async (kind, names) => {
      const lines: string[] = [];
      let ok = true;
      for (const name of names) {
        const wrong = (await checks[kind][name]?.()) ?? null;
        ok &&= wrong === null;
        noteCheck(rows, kind, name, wrong === null);
        lines.push(wrong === null ? `[+]${name} ok\n` : `[-]${name} failed: ${wrong}\n`);
      }
      return { ok, text: lines.join('') };
    },
    overall: async (excluded, serializable) => {
      const reason = await wrongOverall(node.facts(), excluded, serializable, read);
      if (reason === null) counts.success++;
      else counts.failures++;
      return reason === null ? { health: 'true', reason: '' } : { health: 'false', reason };
    },
  };
}

const notInCluster = 'this member is not in its cluster';

function noteCheck(rows: readonly CheckCount[], type: HealthKind, name: string, ok: boolean): void {
  const row = rows.find((each) => each.type === type && each.name === name);
  if (row === undefined) return;
  row.last = ok ? 1 : 0;
  if (ok) row.success++;
  else row.error++;
}

type Reader = (serializable: boolean) => Promise<string | null>;

/** As etcd's: alarms first, then the leader, then a read. A state over its quota is etcd's alarm NOSPACE. */
async function wrongOverall(
  facts: NodeFacts | null,
  excluded: ReadonlySet<string>,
  serializable: boolean,
  read: Reader,
): Promise<string | null> {
  if (facts === null) return serializable ? `RANGE ERROR:${notInCluster}` : 'RAFT NO LEADER';
  const { db_size, db_size_quota, leader } = facts.status;
  if (db_size_quota > 0 && db_size >= db_size_quota && !excluded.has('NOSPACE')) return 'ALARM NOSPACE';
  if (!serializable && leader === 0n) return 'RAFT NO LEADER';
  const wrong = await read(serializable);
  return wrong === null ? null : `RANGE ERROR:${wrong}`;
}

/** A read as a client's, with etcd's patience: five seconds and two election timeouts. */
function reader(node: Asked, { election_ticks, tick_ms }: NodeSettings): Reader {
  const timeout_ms = 5_000 + 2 * election_ticks * tick_ms;
  return async (serializable) => {
    const answer = await within(
      timeout_ms + 1_000,
      ask(node, { op: 'kv.range', body: probe(serializable) }, timeout_ms),
    );
    if (answer === undefined) return 'etcdserver: request timed out';
    return answer.ok ? null : answer.error.message;
  };
}

const ask = (node: Asked, request: Request, timeout_ms: number): Promise<Answer> =>
  new Promise((answer) => {
    const asked: Ask = { request, id: null, timeout_ms, term: null, answer };
    node.ask(asked);
  });

/** Whatever key comes first, without its value. */
const probe = (serializable: boolean): RangeRequest => ({
  ...plainRange(NUL),
  limit: 1,
  serializable,
  keys_only: true,
});
