/** A chart as a picture: active states lit, arrows that were just taken lit, and what takes an arrow when it is pointed at. */
import { memo, useEffect, useId, useMemo, useState } from 'react';
import { drawChart, type DrawnChart } from '../browser.js';
import { activeStates, type Chart, labelText, type Way, wayOf } from '../model/chart.js';
import type { DrawnState, DrawnWay, Drawing } from '../model/layout.js';
import type { Actor, Taken } from '../model/member.js';

interface Props {
  readonly actor: Actor;
  readonly at_ms: number;
  /** Arrows can be reached with the keyboard. */
  readonly isLarge?: boolean;
}
/** So long an arrow stays lit. */
const lit_ms = 2_500;

interface Lit {
  readonly taken: Taken;
  /** 1 when it was just taken, 0 when that is long ago. */
  readonly strength: number;
}

export function ChartView({ actor, at_ms, isLarge = false }: Props) {
  const drawn = useDrawn(actor.definition);
  if (drawn === undefined) return <p className="quiet">Drawing …</p>;
  if (drawn === null) return <p className="quiet">This actor is no statechart: it has no states to draw.</p>;
  const active = activeStates(drawn.chart.root.id, actor.value);
  return (
    <figure className="chart">
      <Picture drawn={drawn} active={active} lit={litWays(drawn.chart, actor.taken, at_ms)} isLarge={isLarge} />
      <figcaption>
        {active.slice(1).map((id) => {
          const state = drawn.chart.byId.get(id);
          return state === undefined ? null : (
            <span key={id}>
              <b>{state.key}</b> {state.description}{' '}
            </span>
          );
        })}
      </figcaption>
    </figure>
  );
}

function useDrawn(definition: string | undefined): DrawnChart | null | undefined {
  const [drawn, setDrawn] = useState<{ readonly of: string; readonly chart: DrawnChart | null }>();
  useEffect(() => {
    if (definition === undefined) return undefined;
    let isWanted = true;
    drawChart(definition).then(
      (chart) => isWanted && setDrawn({ of: definition, chart }),
      () => isWanted && setDrawn({ of: definition, chart: null }),
    );
    return () => void (isWanted = false);
  }, [definition]);
  if (definition === undefined) return null;
  return drawn?.of === definition ? drawn.chart : undefined;
}

function litWays(chart: Chart, taken: readonly Taken[], at_ms: number): ReadonlyMap<string, Lit> {
  const lit = new Map<string, Lit>();
  for (const step of taken) {
    const age_ms = at_ms - step.at_ms;
    if (age_ms > lit_ms || age_ms < 0) continue;
    for (const target of step.targets) {
      const way = wayOf(step.source, target, chart.parents);
      if (way !== undefined) lit.set(way.id, { taken: step, strength: 1 - age_ms / lit_ms });
    }
  }
  return lit;
}

interface PictureProps {
  readonly drawn: DrawnChart;
  readonly active: readonly string[];
  readonly lit: ReadonlyMap<string, Lit>;
  readonly isLarge: boolean;
}

function Picture({ drawn: { chart, drawing }, active, lit, isLarge }: PictureProps) {
  const [pointed, point] = useState<string | null>(null);
  const arrow = useId();
  const newest = [...lit].sort(([, a], [, b]) => a.taken.at_ms - b.taken.at_ms).at(-1)?.[0] ?? null;
  const told = pointed ?? newest;
  const way = chart.ways.find(({ id }) => id === told);
  const lines = pointed !== null ? way?.labels.map(labelText) : takenText(lit.get(told ?? ''));
  const place = drawing.ways.find(({ id }) => id === told);
  return (
    <svg
      viewBox={`0 0 ${drawing.width} ${drawing.height}`}
      className={isLarge ? 'picture large' : 'picture'}
      style={{ maxWidth: `${drawing.width * (isLarge ? 1.15 : 1.1)}px` }}
      role="img"
      aria-label={`Statechart ${chart.root.key}; active: ${active
        .slice(1)
        .map((id) => chart.byId.get(id)?.key ?? id)
        .join(', ')}`}
      onPointerLeave={() => point(null)}
    >
      <Heads id={arrow} />
      <States states={drawing.states} active={active.join(' ')} />
      {drawing.ways.map((drawnWay) => (
        <WayLine
          key={drawnWay.id}
          way={drawnWay}
          meaning={chart.ways.find(({ id }) => id === drawnWay.id)}
          lit={lit.get(drawnWay.id)}
          arrow={arrow}
          isPointed={pointed === drawnWay.id}
          point={point}
          isLarge={isLarge}
        />
      ))}
      {place !== undefined && lines !== undefined && <Label place={place} lines={lines} drawing={drawing} />}
    </svg>
  );
}

function takenText(lit: Lit | undefined): readonly string[] | undefined {
  if (lit === undefined) return undefined;
  const { event, guard } = lit.taken;
  return [guard === '' ? event : `${event}, if ${guard}`];
}

const Heads = memo(function Heads({ id }: { readonly id: string }) {
  return (
    <defs>
      {['plain', 'lit'].map((kind) => (
        <marker
          key={kind}
          id={`${id}${kind}`}
          className={`head-${kind}`}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0.5L8 4L0 7.5z" />
        </marker>
      ))}
    </defs>
  );
});

const States = memo(function States({
  states,
  active,
}: {
  readonly states: readonly DrawnState[];
  readonly active: string;
}) {
  const lit = new Set(active.split(' '));
  return states.map(({ state, x, y, width, height, depth }) => {
    const isActive = lit.has(state.id);
    const isBox = state.states.length > 0;
    const role = depth === 0 ? state.key : state.id.split('.')[1];
    return (
      <g
        key={state.id}
        className={`state${isActive ? ' active' : ''}${isBox ? ' box' : ''}`}
        data-role={role}
        data-state={state.id}
        data-active={isActive}
      >
        <title>{`${state.key}${state.description === '' ? '' : `: ${state.description}`}`}</title>
        <rect x={x} y={y} width={width} height={height} rx={7} />
        <text x={x + width / 2} y={isBox ? y + 20 : y + height / 2 + 5} textAnchor="middle">
          {state.key}
        </text>
      </g>
    );
  });
});

interface WayProps {
  readonly way: DrawnWay;
  readonly meaning: Way | undefined;
  readonly lit: Lit | undefined;
  readonly arrow: string;
  readonly isPointed: boolean;
  readonly isLarge: boolean;
  readonly point: (id: string | null) => void;
}

function WayLine({ way, meaning, lit, arrow, isPointed, point, isLarge }: WayProps) {
  const kind = lit !== undefined || isPointed ? 'lit' : 'plain';
  const last = (id: string | undefined): string => id?.slice(id.lastIndexOf('.') + 1) ?? '';
  return (
    <g
      className={`way ${kind}`}
      tabIndex={isLarge ? 0 : undefined}
      role={isLarge ? 'img' : undefined}
      aria-label={
        isLarge
          ? `${last(meaning?.from)} to ${last(meaning?.to)}: ${meaning?.labels.map(labelText).join('; ') ?? ''}`
          : undefined
      }
      onPointerEnter={() => point(way.id)}
      onFocus={() => point(way.id)}
      onBlur={() => point(null)}
    >
      <path className="reach" d={way.path} />
      <path
        className="line"
        d={way.path}
        markerEnd={`url(#${arrow}${kind})`}
        style={{ opacity: lit === undefined ? 1 : 0.55 + lit.strength * 0.45 }}
      />
      {/* A new one for each time that the arrow is taken, so that it moves again. */}
      {lit !== undefined && <path key={lit.taken.at_ms} className="spark" d={way.path} pathLength={100} />}
    </g>
  );
}

const line_px = 18;
const letter_px = 7.2;
const lines_max = 7;

function Label({
  place,
  lines,
  drawing,
}: {
  readonly place: DrawnWay;
  readonly lines: readonly string[];
  readonly drawing: Drawing;
}) {
  const shown = useMemo(
    () =>
      lines.length > lines_max ? [...lines.slice(0, lines_max - 1), `and ${lines.length - lines_max + 1} more`] : lines,
    [lines],
  );
  const width = Math.min(drawing.width - 4, Math.max(...shown.map((line) => line.length)) * letter_px + 18);
  const height = shown.length * line_px + 8;
  const x = Math.max(2, Math.min(drawing.width - width - 2, place.middle.x - width / 2));
  const y = Math.max(2, Math.min(drawing.height - height - 2, place.middle.y - height / 2));
  return (
    <g className="label" pointerEvents="none">
      <rect x={x} y={y} width={width} height={height} rx={5} />
      {shown.map((line, i) => (
        <text
          key={line}
          x={x + 9}
          y={y + 17 + i * line_px}
          textLength={line.length * letter_px > width - 18 ? width - 18 : undefined}
          lengthAdjust="spacingAndGlyphs"
        >
          {line}
        </text>
      ))}
    </g>
  );
}
