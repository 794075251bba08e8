/** A statechart as the page draws it, read from a machine's configuration: its states, and the ways between them. */
import { eventsText, guardName } from '../../../../machines/chart-words.js';
import type { StateValue } from '../../../../machines/language/inspection.js';

export interface ChartState {
  /** As XState names it: `raft.follower.leaderless`. */
  readonly id: string;
  readonly key: string;
  readonly description: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final';
  /** Where it begins: the id of an inner state. */
  readonly initial: string | undefined;
  readonly states: readonly ChartState[];
}

/** Every arrow between two neighbours in the chart, and between what is in them, drawn as one. */
export interface Way {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** In whose box it is drawn. */
  readonly inside: string;
  readonly labels: readonly WayLabel[];
}
/** Events that go this way under one guard, from one state. */
export interface WayLabel {
  /** The state it leaves, where that is inside the box that the arrow leaves. */
  readonly from: string;
  readonly guard: string;
  readonly events: readonly string[];
}

export interface Chart {
  readonly root: ChartState;
  readonly ways: readonly Way[];
  readonly byId: ReadonlyMap<string, ChartState>;
  readonly parents: ReadonlyMap<string, string>;
}

type Json = Readonly<Record<string, unknown>>;
interface Arrow {
  readonly source: string;
  readonly target: string;
  readonly event: string;
  readonly guard: string;
}

/** Null: the text describes no chart with states. */
export function readChart(definition: string | undefined): Chart | null {
  const config = definition === undefined ? undefined : asObject(parse(definition));
  if (config === undefined || asObject(config['states']) === undefined) return null;
  const byId = new Map<string, ChartState>();
  const parents = new Map<string, string>();
  const aliases = new Map<string, string>();
  const id = typeof config['id'] === 'string' ? config['id'] : 'machine';
  const root = readState(config, id, id, byId, parents, aliases);
  const places = { byId, parents, aliases };
  const arrows = [...readArrows(config, id, places)];
  return { root, ways: gather(arrows, parents), byId, parents };
}

interface Places {
  readonly byId: Map<string, ChartState>;
  readonly parents: Map<string, string>;
  /** Ids that a state was given, for those that XState would name otherwise. */
  readonly aliases: Map<string, string>;
}

function readState(
  config: Json,
  id: string,
  key: string,
  byId: Places['byId'],
  parents: Places['parents'],
  aliases: Places['aliases'],
): ChartState {
  if (typeof config['id'] === 'string') aliases.set(config['id'], id);
  const states = Object.entries(asObject(config['states']) ?? {}).map(([name, inner]) => {
    parents.set(`${id}.${name}`, id);
    return readState(asObject(inner) ?? {}, `${id}.${name}`, name, byId, parents, aliases);
  });
  const state: ChartState = {
    id,
    key,
    description: typeof config['description'] === 'string' ? config['description'] : '',
    kind: kindOf(config, states.length),
    initial: typeof config['initial'] === 'string' ? `${id}.${config['initial']}` : undefined,
    states,
  };
  byId.set(id, state);
  return state;
}

function kindOf(config: Json, inner: number): ChartState['kind'] {
  if (config['type'] === 'parallel') return 'parallel';
  if (config['type'] === 'final') return 'final';
  return inner > 0 ? 'compound' : 'atomic';
}

function* readArrows(config: Json, id: string, places: Places): Generator<Arrow> {
  for (const [event, choice] of arrowsByEvent(config)) {
    for (const one of asList(choice)) {
      const arrow = typeof one === 'string' ? { target: one } : asObject(one);
      for (const target of asList(arrow?.['target'])) {
        const place = typeof target === 'string' ? resolve(target, id, places) : undefined;
        // Out of the whole machine, or back into oneself: nothing that leaves a state.
        if (place === undefined || place === id || !places.parents.has(id)) continue;
        yield { source: id, target: place, event, guard: guardName(arrow?.['guard'] ?? undefined) };
      }
    }
  }
  for (const [name, inner] of Object.entries(asObject(config['states']) ?? {})) {
    yield* readArrows(asObject(inner) ?? {}, `${id}.${name}`, places);
  }
}

function* arrowsByEvent(config: Json): Generator<readonly [string, unknown]> {
  yield ['', config['always']];
  yield* Object.entries(asObject(config['on']) ?? {});
  for (const [delay, choice] of Object.entries(asObject(config['after']) ?? {})) yield [`after ${delay}`, choice];
  yield ['done', config['onDone']];
  for (const one of asList(config['invoke'])) {
    const invoked = asObject(one);
    yield ['done', invoked?.['onDone']];
    yield ['error', invoked?.['onError']];
  }
}

/** `#id`, `#id.path`, `.inner`, or the name of a neighbour. */
function resolve(target: string, source: string, { byId, parents, aliases }: Places): string | undefined {
  if (target.startsWith('.')) return known(`${source}${target}`, byId);
  if (!target.startsWith('#')) return known(`${parents.get(source) ?? source}.${target}`, byId);
  const given = target.slice(1);
  const alias = [...aliases.keys()].find((name) => given === name || given.startsWith(`${name}.`));
  return known(alias === undefined ? given : `${aliases.get(alias) ?? alias}${given.slice(alias.length)}`, byId);
}

const known = (id: string, byId: Places['byId']): string | undefined => (byId.has(id) ? id : undefined);

interface Labelled {
  readonly from: string;
  readonly guard: string;
  readonly events: Set<string>;
}

function gather(arrows: readonly Arrow[], parents: Places['parents']): readonly Way[] {
  const ways = new Map<string, { way: Omit<Way, 'labels'>; labels: Map<string, Labelled> }>();
  for (const { source, target, event, guard } of arrows) {
    const way = wayOf(source, target, parents);
    if (way === undefined) continue;
    const kept = ways.get(way.id) ?? { way, labels: new Map<string, Labelled>() };
    ways.set(way.id, kept);
    const from = source === way.from ? '' : lastOf(source);
    const label = kept.labels.get(`${from} ${guard}`) ?? { from, guard, events: new Set<string>() };
    if (event !== '') label.events.add(event);
    kept.labels.set(`${from} ${guard}`, label);
  }
  return [...ways.values()].map(({ way, labels }) => ({
    ...way,
    labels: [...labels.values()].map((label) => ({ ...label, events: [...label.events] })),
  }));
}

/**
 * Between which two neighbours an arrow is drawn: the boxes, side by side, that its two ends are in. An arrow from an
 * inner state to the box around it begins that box anew, and has no neighbour to go to.
 */
export function wayOf(
  source: string,
  target: string,
  parents: ReadonlyMap<string, string>,
): Omit<Way, 'labels'> | undefined {
  const above = [source, ...ancestors(source, parents)];
  const toward = [target, ...ancestors(target, parents)];
  const inside = above.slice(1).find((each) => toward.slice(1).includes(each));
  if (inside === undefined) return undefined;
  const from = above[above.indexOf(inside) - 1];
  const to = toward[toward.indexOf(inside) - 1];
  if (from === undefined || to === undefined || from === to) return undefined;
  return { id: `${from} ${to}`, from, to, inside };
}

function ancestors(id: string, parents: ReadonlyMap<string, string>): readonly string[] {
  const parent = parents.get(id);
  return parent === undefined ? [] : [parent, ...ancestors(parent, parents)];
}

/** Ids of all states that are active, from the outermost in. */
export function activeStates(rootId: string, value: StateValue | undefined): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [rootId, `${rootId}.${value}`];
  return [
    rootId,
    ...Object.entries(value).flatMap(([key, inner]) => {
      const id = `${rootId}.${key}`;
      return inner === undefined || (typeof inner === 'object' && Object.keys(inner).length === 0)
        ? [id]
        : activeStates(id, inner);
    }),
  ];
}

/** As it reads in a sentence: `leader.serving`. */
export function valueText(value: StateValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([key, inner]) => [key, valueText(inner)].filter((part) => part !== '').join('.'))
    .join(' + ');
}

/** The outermost state's name. */
export const topOf = (value: StateValue | undefined): string => valueText(value).split(/[.\s]/)[0] ?? '';

/** "tick, if campaignDue". */
export function labelText({ from, guard, events }: WayLabel): string {
  const told = eventsText(events);
  const when = guard === '' ? told || 'at once' : [told, `if ${guard}`].filter((part) => part !== '').join(', ');
  return from === '' ? when : `${from}: ${when}`;
}

const lastOf = (id: string): string => id.slice(id.lastIndexOf('.') + 1);
const asList = (value: unknown): readonly unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? (value as readonly unknown[]) : [value];
const asObject = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
