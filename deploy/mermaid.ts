/** A statechart as a Mermaid diagram, drawn from its definition: what is shown is what runs. */

import { eventsText, guardName } from '../machines/chart-words.js';

/** What a drawing needs of an XState state node. */
export interface Chart {
  readonly key: string;
  readonly description?: string | undefined;
  readonly path: readonly string[];
  readonly type: string;
  readonly initial: { readonly target: readonly { readonly key: string }[] } | undefined;
  readonly states: Readonly<Record<string, Chart>>;
  readonly transitions: ReadonlyMap<string, readonly Arrow[]>;
  readonly always?: readonly Arrow[];
}
interface Arrow {
  readonly eventType: string;
  readonly guard?: unknown;
  readonly target: readonly { readonly path: readonly string[] }[] | undefined;
}

/** Arrows from a state to another one; what a state does without leaving it is not shown. */
export function drawStates(chart: Chart): string {
  const lines = ['stateDiagram-v2', ...drawInside(chart, '  ')];
  for (const [way, labels] of gatherArrows(chart)) {
    lines.push(`  ${way} : ${[...labels].map(([guard, events]) => labelOf(guard, events)).join('\\n')}`);
  }
  return `${lines.join('\n')}\n`;
}

function drawInside(chart: Chart, indent: string): readonly string[] {
  const first = chart.initial?.target[0]?.key;
  const lines = first === undefined ? [] : [`${indent}[*] --> ${nameOf([...chart.path, first])}`];
  for (const state of Object.values(chart.states)) {
    const name = nameOf(state.path);
    lines.push(`${indent}${name} : ${state.key}`);
    const inner = drawInside(state, `${indent}  `);
    if (inner.length > 0) lines.push(`${indent}state ${name} {`, ...inner, `${indent}}`);
    if (state.type === 'final') lines.push(`${indent}${name} --> [*]`);
  }
  return lines;
}

type Labels = Map<string, Set<string>>;

/** "a --> b" with, for each guard, the events that lead there. */
function gatherArrows(chart: Chart, ways = new Map<string, Labels>()): ReadonlyMap<string, Labels> {
  for (const { eventType, guard, target } of [...(chart.always ?? []), ...[...chart.transitions.values()].flat()]) {
    for (const place of target ?? []) {
      if (nameOf(place.path) === nameOf(chart.path) || chart.path.length === 0) continue;
      const way = `${nameOf(chart.path)} --> ${nameOf(place.path)}`;
      const labels = ways.get(way) ?? new Map<string, Set<string>>();
      const condition = guardName(guard);
      ways.set(way, labels.set(condition, (labels.get(condition) ?? new Set()).add(eventName(eventType))));
    }
  }
  for (const inner of Object.values(chart.states)) gatherArrows(inner, ways);
  return ways;
}

function labelOf(guard: string, events: ReadonlySet<string>): string {
  const told = eventsText([...events]);
  return guard === '' ? told : [told, `[${guard}]`].join(' ').trim();
}

const eventName = (type: string): string => type.replace(/^xstate\.(\w+).*/, '$1');

const nameOf = (path: readonly string[]): string => path.join('_');
