/** The still parts of a chart's picture: its states, the heads of its arrows, and the label of one of them. */
import { memo, useMemo } from 'react';
import type { Drawing, DrawnState, DrawnWay } from '../model/layout.js';

export const Heads = memo(function Heads({ id }: { readonly id: string }) {
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

export const States = memo(function States({
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

const line_px = 18;
const letter_px = 7.2;
const lines_max = 7;

export function Label({
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
