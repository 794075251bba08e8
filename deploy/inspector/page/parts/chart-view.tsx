/** A chart as a picture: active states and arrows just taken are lit; an arrow pointed at says what takes it. */
import { useEffect, useId, useState } from 'react';
import { drawChart, type DrawnChart } from '../browser.js';
import { activeStates, type Chart, labelText, type Way, wayOf } from '../model/chart.js';
import type { DrawnWay } from '../model/layout.js';
import type { Actor, Taken } from '../model/member.js';
import { timeText } from '../model/words.js';
import { Heads, Label, States } from './chart-parts.js';

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
        <LastStep taken={actor.taken.findLast((step) => step.at_ms <= at_ms)} />
      </figcaption>
    </figure>
  );
}

/** What took it where it is. */
function LastStep({ taken }: { readonly taken: Taken | undefined }) {
  if (taken === undefined) return null;
  const { source, targets, event, guard } = taken;
  return (
    <span className="last-step" title={`at ${timeText(taken.at_ms)}`}>
      Last step: {lastOf(source)} → {targets.map(lastOf).join(', ')}, by <span className="code">{event}</span>
      {guard === '' ? '' : ` (${guard})`}
    </span>
  );
}

const lastOf = (id: string): string => id.slice(id.lastIndexOf('.') + 1);

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
  const way = chart.ways.find(({ id }) => id === pointed);
  const lines = way?.labels.map(labelText);
  const place = drawing.ways.find(({ id }) => id === pointed);
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
  const says = (): string => {
    const labels = meaning?.labels.map(labelText).join('; ') ?? '';
    return `${lastOf(meaning?.from ?? '')} to ${lastOf(meaning?.to ?? '')}: ${labels}`;
  };
  const kind = lit !== undefined || isPointed ? 'lit' : 'plain';
  return (
    <g
      className={`way ${kind}`}
      tabIndex={isLarge ? 0 : undefined}
      role={isLarge ? 'img' : undefined}
      aria-label={isLarge ? says() : undefined}
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
