/** What the layout engine is asked for a chart, and the drawing that its answer makes. */
import type { Chart, ChartState, Way } from './chart.js';

/** As much of ELK's graphs as the page uses. */
export interface ElkBox {
  readonly id: string;
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly children?: readonly ElkBox[];
  readonly edges?: readonly ElkWay[];
  readonly layoutOptions?: Readonly<Record<string, string>>;
}
interface ElkWay {
  readonly id: string;
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  readonly sections?: readonly {
    readonly startPoint: Point;
    readonly endPoint: Point;
    readonly bendPoints?: readonly Point[];
  }[];
}
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface DrawnState extends Point {
  readonly state: ChartState;
  readonly width: number;
  readonly height: number;
  /** How many boxes are around it. */
  readonly depth: number;
}
export interface DrawnWay {
  readonly id: string;
  /** An SVG path with rounded corners. */
  readonly path: string;
  /** Where its label goes. */
  readonly middle: Point;
}
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly states: readonly DrawnState[];
  readonly ways: readonly DrawnWay[];
}

const letter_px = 8.3;
const state_height_px = 34;
const title_px = 26;

/** The states follow each other in the order of `inOrder`: the first one is on top. */
const options = {
  'elk.algorithm': 'layered',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.spacing.nodeNode': '20',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '9',
  'elk.layered.spacing.nodeNodeBetweenLayers': '24',
  'elk.layered.spacing.edgeNodeBetweenLayers': '11',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '8',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
};

export function layoutInput(chart: Chart): ElkBox {
  return boxOf(chart, chart.root, true);
}

function boxOf(chart: Chart, state: ChartState, isRoot: boolean): ElkBox {
  const name_px = Math.ceil(state.key.length * letter_px) + 20;
  if (state.states.length === 0) return { id: state.id, width: name_px, height: state_height_px };
  return {
    id: state.id,
    layoutOptions: {
      ...options,
      // Down the page; what is inside a box goes across it, so that a chart is about as wide as it is high.
      'elk.direction': isRoot ? 'DOWN' : 'RIGHT',
      'elk.padding': isRoot ? '[top=6,left=6,bottom=6,right=6]' : `[top=${title_px + 8},left=12,bottom=12,right=12]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${name_px}, ${state_height_px})`,
    },
    children: inOrder(state, chart.ways).map((inner) => boxOf(chart, inner, false)),
    edges: chart.ways
      .filter((way) => way.inside === state.id)
      .map((way) => ({ id: way.id, sources: [way.from], targets: [way.to] })),
  };
}

/**
 * As a story tells them: the first state, then where it usually goes, and so on. How a machine names its states is lost
 * in the text of its definition. A way that many arrows take is the usual one, and is followed first.
 */
function inOrder({ states, initial }: ChartState, ways: readonly Way[]): readonly ChartState[] {
  const weight = ({ labels }: Way): number => labels.reduce((sum, { events }) => sum + Math.max(1, events.length), 0);
  const byWeight = [...ways].sort((a, b) => weight(b) - weight(a));
  const seen = new Set<string>();
  const ended: ChartState[] = [];
  const follow = (id: string): void => {
    const state = states.find((each) => each.id === id);
    if (state === undefined || seen.has(id)) return;
    seen.add(id);
    for (const { from, to } of byWeight) if (from === id) follow(to);
    ended.push(state);
  };
  if (initial !== undefined) follow(initial);
  // What nothing leads to stands last.
  const unreached = states.filter(({ id }) => !seen.has(id));
  return [...ended.reverse(), ...unreached];
}

/** ELK counts from the corner of the box around; a drawing counts from its own. */
export function drawingOf(chart: Chart, laid: ElkBox): Drawing {
  const states: DrawnState[] = [];
  const ways: DrawnWay[] = [];
  const walk = (box: ElkBox, at: Point, depth: number): void => {
    for (const way of box.edges ?? []) {
      const points = (way.sections ?? []).flatMap(({ startPoint, bendPoints, endPoint }) => [
        startPoint,
        ...(bendPoints ?? []),
        endPoint,
      ]);
      const moved = points.map(({ x, y }) => ({ x: x + at.x, y: y + at.y }));
      if (moved.length > 1) ways.push({ id: way.id, path: roundedPath(moved), middle: middleOf(moved) });
    }
    for (const inner of box.children ?? []) {
      const corner = { x: at.x + (inner.x ?? 0), y: at.y + (inner.y ?? 0) };
      const state = chart.byId.get(inner.id);
      if (state === undefined) continue;
      states.push({ state, ...corner, width: inner.width ?? 0, height: inner.height ?? 0, depth });
      walk(inner, corner, depth + 1);
    }
  };
  walk(laid, { x: 0, y: 0 }, 0);
  return { width: laid.width ?? 0, height: laid.height ?? 0, states, ways };
}

const corner_px = 6;

function roundedPath(points: readonly Point[]): string {
  const [first] = points;
  if (first === undefined) return '';
  const parts = [`M${at(first)}`];
  for (let i = 1; i < points.length; i++) {
    const [before, here, after] = [points[i - 1], points[i], points[i + 1]];
    if (before === undefined || here === undefined) continue;
    if (after === undefined) {
      parts.push(`L${at(here)}`);
      continue;
    }
    const reach = Math.min(corner_px, distance(before, here) / 2, distance(here, after) / 2);
    parts.push(`L${at(toward(here, before, reach))}`, `Q${at(here)} ${at(toward(here, after, reach))}`);
  }
  return parts.join(' ');
}

/** The middle of the longest stretch: a label there hides the least. */
function middleOf(points: readonly Point[]): Point {
  let best: Point = points[0] ?? { x: 0, y: 0 };
  let longest = -1;
  for (let i = 1; i < points.length; i++) {
    const [from, to] = [points[i - 1], points[i]];
    if (from === undefined || to === undefined || distance(from, to) <= longest) continue;
    longest = distance(from, to);
    best = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  }
  return best;
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

function toward(from: Point, to: Point, reach: number): Point {
  const whole = distance(from, to);
  if (whole === 0) return from;
  return { x: from.x + ((to.x - from.x) * reach) / whole, y: from.y + ((to.y - from.y) * reach) / whole };
}

const at = ({ x, y }: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
