/** Runs raft charts for tests: whoever plays one hears its effects. A chart is provided once, since that is dear. */
import { createActor, type Actor } from 'xstate';
import type { Effect } from '../../machines/language/vocabulary.js';
import type { raftMachine, RaftInput } from '../../machines/raft/raft.machine.js';

export type RaftMachine = typeof raftMachine;

const listeners = new WeakMap<object, (effect: Effect) => void>();
const ready = ({ self }: { self: object }, { effects }: { readonly effects: readonly Effect[] }): void => {
  for (const effect of effects) listeners.get(self)?.(effect);
};
const provided = new WeakMap<RaftMachine, RaftMachine>();

/** Not started yet; `failed` is told what ends it. */
export function playRaft(
  machine: RaftMachine,
  input: RaftInput,
  heard: (effect: Effect) => void,
  failed: (error: Error) => void,
): Actor<RaftMachine> {
  const played = provided.get(machine) ?? machine.provide({ actions: { ready } });
  provided.set(machine, played);
  const actor = createActor(played, { input });
  listeners.set(actor, heard);
  actor.subscribe({ error: (reason) => failed(reason instanceof Error ? reason : new Error(String(reason))) });
  return actor;
}
