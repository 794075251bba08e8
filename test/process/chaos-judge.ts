/** Was what the clients of a chaos run saw right? Judged when all members are back. */
import type { Client } from '../../client/index.js';
import { checkHistory } from '../simulation/checker.js';
import type { Recorded } from '../simulation/checker.js';
import { sameOutput, step } from '../simulation/model.js';
import type { State } from '../simulation/model.js';
import { counterKeys, modelKv } from './chaos-clients.js';
import type { ChaosClients } from './chaos-clients.js';

/** One line for each thing that must not be. */
export async function judge(
  client: Client,
  clients: Pick<ChaosClients, 'history' | 'local'>,
  names: readonly string[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const { header, kvs } = await client.kv.get('\0', { fromKey: true, timeoutMs: 20_000 });
  const history = await explainUnanswered(client, clients.history, header.revision, wrong);
  const at = history.length;
  const output = { type: 'kvs', revision: header.revision, kvs: kvs.map(modelKv) } as const;
  const last: Recorded = {
    id: at,
    client: 'judge',
    input: { type: 'read', key: null, revision: 0, serializable: false },
    called: Number.MAX_SAFE_INTEGER - 1,
    answered: { at: Number.MAX_SAFE_INTEGER, output },
  };
  clients.history.push(last);
  const verdict = checkHistory([...history, last]);
  if (verdict.ok) wrong.push(...judgeLocalReads(clients.local, verdict.final));
  else {
    const stuck = verdict.stuck.slice(0, 8).map((operation) => JSON.stringify(operation));
    wrong.push([`${verdict.reason}; ${verdict.explained} of ${at} explained, then:`, ...stuck].join('\n  '));
  }
  for (const kv of output.kvs.filter(({ key }) => (counterKeys as readonly string[]).includes(key))) {
    if (Number.parseInt(kv.value, 10) !== kv.version) wrong.push(`${kv.key} is "${kv.value}" at version ${kv.version}`);
  }
  const hashes = await Promise.all(names.map((name) => hashOf(client, name, header.revision)));
  if (new Set(hashes).size !== 1) wrong.push(`hashes at revision ${header.revision}: ${hashes.join(', ')}`);
  return wrong;
}

/**
 * The revisions that no client was told of, read back: each must be the work of one unanswered call, and an unanswered
 * put that made none of them never happened.
 */
async function explainUnanswered(
  client: Client,
  history: readonly Recorded[],
  newest: number,
  wrong: string[],
): Promise<readonly Recorded[]> {
  const told = new Set(history.map(madeRevision));
  const byValue = new Map<string, Recorded>();
  for (const operation of history) {
    if (operation.answered === null && 'value' in operation.input) byValue.set(operation.input.value, operation);
  }
  const made = new Map<Recorded, number>();
  for (let revision = 2; revision <= newest; revision++) {
    if (told.has(revision)) continue;
    const { kvs } = await client.kv.get('\0', { fromKey: true, revision, timeoutMs: 20_000 });
    const changed = kvs.map(modelKv).find((kv) => kv.mod === revision);
    if (changed === undefined) continue; // a deletion: the checker finds out whose
    const operation = byValue.get(changed.value);
    if (operation === undefined) wrong.push(`nobody asked for revision ${revision}: ${JSON.stringify(changed)}`);
    else if (made.has(operation)) wrong.push(`made twice: ${JSON.stringify(operation)}`);
    else if (operation.made === null) wrong.push(`made, and said not to be: ${JSON.stringify(operation)}`);
    else made.set(operation, revision);
  }
  return history.map((operation) =>
    operation.answered === null && 'value' in operation.input
      ? { ...operation, made: made.get(operation) ?? null }
      : operation,
  );
}

/** The revision that an answer says its operation made. */
function madeRevision({ input, answered }: Recorded): number | undefined {
  if (answered === null || answered.output.type === 'error' || input.type === 'compact') return undefined;
  const { output } = answered;
  const changed =
    input.type === 'put' ||
    input.type === 'putBoth' ||
    (output.type === 'deleted' && output.count > 0) ||
    (output.type === 'swapped' && output.succeeded);
  return changed ? output.revision : undefined;
}

/** A member that is behind answers with what once was, never with what never was. */
function judgeLocalReads(local: ChaosClients['local'], final: State): readonly string[] {
  const states = new Map<number, State>();
  for (let state: State | null = final; state !== null; state = state.previous) states.set(state.revision, state);
  return local.flatMap(({ input, output }) => {
    const state = output.type === 'kvs' ? states.get(output.revision) : undefined;
    if (state !== undefined && sameOutput(step(state, input).output, output)) return [];
    return [`a local read answered what never was: ${JSON.stringify({ input, output })}`];
  });
}

async function hashOf(client: Client, name: string, revision: number): Promise<string> {
  // A linearizable read by name answers when the member has applied all that was acknowledged before.
  await client.kv.get('x', { member: name, timeoutMs: 20_000 });
  const { hash, hashRevision } = await client.maintenance.hashKv(name, revision, { timeoutMs: 20_000 });
  return `${hash}@${hashRevision}`;
}
