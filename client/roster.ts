/** The members by name, for reads that any of them can serve: asked in turn, the silent ones left out for a while. */
import type { Core } from './core.js';
import { issue } from './issue.js';

const SILENT_MS = 3_000;
const ASK_TIMEOUT_MS = 2_000;
const ASK_AGAIN_MS = 1_000;
const STALE_AFTER_MS = 30_000;

export interface Roster {
  names: readonly string[];
  /** Asked again from then on. */
  staleFrom_ms: number;
  asking: boolean;
  readonly silentUntil_ms: Map<string, number>;
  turn: number;
}

export const newRoster = (firstTurn: number): Roster => ({
  names: [],
  staleFrom_ms: 0,
  asking: false,
  silentUntil_ms: new Map(),
  turn: firstTurn,
});

/** The next member that is not silent; undefined when none is known, or all are silent. */
export function nextMember(roster: Roster, now_ms: number): string | undefined {
  for (let i = 0; i < roster.names.length; i++) {
    const name = roster.names[roster.turn++ % roster.names.length];
    if (name === undefined) continue;
    const until = roster.silentUntil_ms.get(name);
    if (until === undefined) return name;
    if (until > now_ms) continue;
    roster.silentUntil_ms.delete(name);
    return name;
  }
  return undefined;
}

/** It did not answer in time, or nobody listens there. */
export function markSilent(roster: Roster, name: string, now_ms: number): void {
  roster.silentUntil_ms.set(name, now_ms + SILENT_MS);
  roster.staleFrom_ms = Math.min(roster.staleFrom_ms, now_ms + SILENT_MS);
}

/** Learns the names, now and then and when someone fell silent. Until they are known, NATS chooses the member. */
export function askForMembers(core: Core, now_ms: number): void {
  const { roster } = core;
  if (roster.asking || roster.staleFrom_ms > now_ms) return;
  roster.asking = true;
  const asked = (next_ms: number): void => {
    roster.asking = false;
    roster.staleFrom_ms = core.clock.now_ms() + next_ms;
  };
  issue(core, {
    request: { op: 'cluster.list', body: { linearizable: false } },
    write: false,
    destination: { type: 'single', op: 'cluster.list', member: undefined },
    options: { timeoutMs: ASK_TIMEOUT_MS },
    succeed: (answer) => {
      asked(STALE_AFTER_MS);
      if ('truncated' in answer || answer.result.op !== 'cluster.list') return;
      roster.names = answer.result.body.members.map((member) => member.name).filter((name) => name !== '');
    },
    // Not knowing the names only means that NATS chooses: nobody waits for this.
    fail: () => asked(ASK_AGAIN_MS),
  });
}
