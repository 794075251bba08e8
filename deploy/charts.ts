/** Every machine of the house, for its diagrams: docs/diagrams.md is drawn from these. */
import { connectionMachine } from '../machines/client/connection.machine.js';
import { contenderMachine } from '../machines/client/contender.machine.js';
import { sessionMachine } from '../machines/client/session.machine.js';
import { taskMachine } from '../machines/client/task.machine.js';
import { watchSessionMachine } from '../machines/client/watch-session.machine.js';
import { gatherMachine } from '../machines/gather.machine.js';
import { lifeMachine } from '../machines/life.machine.js';
import { raftMachine } from '../machines/raft/raft.machine.js';
import { writeBehindMachine } from '../machines/write-behind.machine.js';
import { type Chart, drawStates } from './mermaid.js';

interface Drawn {
  readonly source: string;
  /** What it is for. */
  readonly says: string;
  readonly root: Chart;
}

const charts: readonly Drawn[] = [
  {
    source: 'machines/raft/raft.machine.ts',
    says: 'The protocol: a member of the cluster is in one of these states.',
    root: raftMachine.root,
  },
  {
    source: 'machines/life.machine.ts',
    says: 'A node, from its start to its end; `rooms` are the actors of a member.',
    // Only its shape is drawn: what its rooms are does not matter here.
    root: lifeMachine(raftMachine).root,
  },
  {
    source: 'machines/gather.machine.ts',
    says: 'Group commit: what comes while a write is under way goes with the next one. The log and the apply room are this.',
    root: gatherMachine().root,
  },
  {
    source: 'machines/write-behind.machine.ts',
    says: 'The state’s write, which is in no hurry until somebody waits for it.',
    root: writeBehindMachine().root,
  },
  {
    source: 'machines/client/connection.machine.ts',
    says: 'A client’s connection: nothing is published while it is lost.',
    root: connectionMachine.root,
  },
  {
    source: 'machines/client/watch-session.machine.ts',
    says: 'A client’s stream of watches.',
    root: watchSessionMachine.root,
  },
  {
    source: 'machines/client/session.machine.ts',
    says: 'A session: a lease that is kept alive, on which locks and services stand.',
    root: sessionMachine.root,
  },
  {
    source: 'machines/client/contender.machine.ts',
    says: 'Who contends for a lock or an election: `Mutex` and `Election` are this.',
    root: contenderMachine.root,
  },
  { source: 'machines/client/task.machine.ts', says: 'A task of the TaskScheduler.', root: taskMachine.root },
];

/** One section a machine: its diagram, and what its states mean. */
export const drawCharts = (): string =>
  charts
    .map(({ source, says, root }) => {
      const states = statesIn(root).map(([name, description]) => `- **${name}**: ${description}`);
      return [`## ${root.key}`, `${says} [${source}](../${source})`, mermaid(root), states.join('\n')].join('\n\n');
    })
    .join('\n\n');

export const mermaid = (root: Chart): string => `\`\`\`mermaid\n${drawStates(root)}\`\`\``;

function statesIn(chart: Chart): readonly (readonly [string, string])[] {
  return Object.values(chart.states).flatMap((state) => [
    ...(state.description === undefined ? [] : [[state.path.join('.'), state.description] as const]),
    ...statesIn(state),
  ]);
}
