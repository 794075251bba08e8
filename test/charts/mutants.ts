/** Charts with one thing in them taken out, and the judges that must notice: the stories and the scenarios. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, play } from '../scenarios/scenario.js';
import { arrowWords, changedAt, chart, everyPlace, leaks, list, machineOf, placeWords } from './chart.js';
import type { Arrow, Place, State } from './chart.js';
import { stagesOf } from './raft-stage.js';
import type { RaftMachine } from './raft-player.js';
import { allStories } from './raft-stories.js';

interface Judge {
  readonly name: string;
  /** Throws where the chart is not what it should be. */
  readonly judge: (machine: RaftMachine) => void;
}

const folder = join(process.cwd(), 'test', 'scenarios');

function scenarioJudge(file: string): Judge {
  const blocks = parse(readFileSync(join(folder, file), 'utf8'));
  return {
    name: `scenario ${file}`,
    judge: (machine) => play(blocks, machine, (block, said) => assert.equal(said, block.expected)),
  };
}

const judges: readonly Judge[] = [
  ...[...allStories].map(([name, story]) => ({ name, judge: (machine: RaftMachine) => story(stagesOf(machine)) })),
  ...readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map(scenarioJudge),
];

/** Which judges see which arrow taken (or entry, exit done), by its number in everyPlace. */
function witnesses(): ReadonlyMap<number, readonly Judge[]> {
  let taken = new Set<number>();
  const names: Record<string, () => void> = {};
  let marked: State = chart;
  everyPlace().forEach(([place, arrow], n) => {
    const mark = `taken ${n}`;
    names[mark] = () => void taken.add(n);
    const entry = place.slot === 'entry' || place.slot === 'exit';
    const shifted = entry ? { ...place, at: place.at * 2 } : place;
    const into = entry ? [mark, arrow.actions] : [{ ...arrow, actions: [mark, ...list(arrow.actions)] }];
    marked = changedAt(marked, shifted, into);
  });
  const machine = machineOf(marked).provide({ actions: names });
  const found = new Map<number, Judge[]>();
  for (const judge of judges) {
    taken = new Set();
    judge.judge(machine);
    for (const n of taken) found.set(n, [...(found.get(n) ?? []), judge]);
  }
  return found;
}

export interface Mutant {
  readonly name: string;
  readonly config: State;
  /** Who may notice: whoever takes one of these arrows, or anybody. */
  readonly seenBy: readonly number[] | 'anybody';
  /** All it takes out is that an event is refused by name. */
  readonly refusal: boolean;
}

const isRefusal = (arrow: Arrow): boolean => arrow.guard === undefined && arrow.actions === 'ignored';

/** Each arrow taken out, one at a time; and each entry or exit action. */
export function withoutOne(): readonly Mutant[] {
  return everyPlace().map(([place, arrow], n) => ({
    name: `${placeWords(place)}: ${arrowWords(arrow)}`,
    config: changedAt(chart, place, []),
    seenBy: [n],
    refusal: isRefusal(arrow),
  }));
}

/** Each action of each arrow that names several, or one and a target. */
export function withoutAction(): readonly Mutant[] {
  return everyPlace().flatMap(([place, arrow], n) => {
    const actions = list(arrow.actions);
    if (place.slot === 'entry' || place.slot === 'exit') return [];
    if (actions.length + (arrow.target === undefined ? 0 : 1) < 2) return [];
    return actions.map((action, at) => ({
      name: `${placeWords(place)}: ${arrowWords(arrow)} without ${action as string}`,
      config: changedAt(chart, place, [{ ...arrow, actions: actions.toSpliced(at, 1) }]),
      seenBy: [n],
      refusal: false,
    }));
  });
}

const sameList = (a: Place, b: Place): boolean => a.slot === b.slot && a.path.join('.') === b.path.join('.');

/** Each guarded arrow with its guard taken away. */
export function withoutGuard(): readonly Mutant[] {
  const places = everyPlace();
  return places.flatMap(([place, arrow], n) => {
    if (arrow.guard === undefined) return [];
    const later = places.flatMap(([other], i) => (i > n && sameList(place, other) ? [i] : []));
    return [
      {
        name: `${placeWords(place)}: ${arrowWords(arrow)} without its guard`,
        config: changedAt(chart, place, [{ ...arrow, guard: undefined }]),
        // Whether an eventless arrow is open is asked at every step.
        seenBy: place.slot === 'always' ? 'anybody' : later,
        refusal: false,
      },
    ];
  });
}

/** Tells the stories and plays the scenarios of a mutant until one fails: its name, or undefined where none does. */
function caughtBy(
  { config, seenBy, refusal }: Mutant,
  seen: ReadonlyMap<number, readonly Judge[]>,
): string | undefined {
  const machine = machineOf(config);
  const candidates = seenBy === 'anybody' ? judges : new Set(seenBy.flatMap((n) => seen.get(n) ?? []));
  for (const { name, judge } of candidates) {
    try {
      judge(machine);
    } catch {
      return name;
    }
  }
  // That an event is refused by name changes nothing but what the chart says: only its rule can miss it.
  return refusal && !leaks(config).next().done ? 'the rule that no event falls' : undefined;
}

/** Those that nobody caught, and how many were caught by whom. */
export function hunt(mutants: readonly Mutant[]): { readonly survivors: readonly string[]; readonly told: string } {
  const seen = witnesses();
  const survivors: string[] = [];
  const counts = new Map<string, number>();
  for (const mutant of mutants) {
    const by = caughtBy(mutant, seen);
    if (by === undefined) survivors.push(mutant.name);
    const kind = by?.startsWith('scenario ') ? 'scenarios' : by?.startsWith('the rule') ? by : 'stories';
    if (by !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const told = [...counts].map(([kind, count]) => `${count} by ${kind}`).join(', ');
  return { survivors, told: `${mutants.length} taken out, one at a time; caught: ${told}` };
}
