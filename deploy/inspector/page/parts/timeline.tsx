/** The timeline, always in sight: who was what, how far, how busy; a handle to go back in time with. */
import { useState } from 'react';
import type { Desk, View } from '../desk.js';
import { bandsOf, type Curve, type Graph, graphsOf, placeOf, type Stretch } from '../model/curves.js';
import { agoText, countText, rateText, timeText } from '../model/words.js';

interface Props {
  readonly desk: Desk;
  readonly view: View;
  readonly names: readonly string[];
}

/** Units of the drawings; they are stretched to the width there is. */
const width = 1000;
const graph_height = 46;
const stretches_ms = [15_000, 60_000, 300_000, Infinity] as const;
const stretchName = (ms: number): string =>
  ms === Infinity ? 'everything' : ms < 60_000 ? `${ms / 1000} s` : `${ms / 60_000} min`;

export function Timeline({ desk, view, names }: Props) {
  const [length_ms, setLength] = useState<number>(60_000);
  const [isFolded, fold] = useState(false);
  const [end_ms, setEnd] = useState(0);
  // While the past is looked at, the picture stands still, unless the moment has left it.
  const stretch = stretchOf(view, length_ms, end_ms);
  if (stretch.to_ms !== end_ms) setEnd(stretch.to_ms);
  const graphs = graphsOf(desk.story, stretch, view.at_ms, { width, height: graph_height });
  const place = placeOf(view.at_ms, stretch) * 100;
  return (
    <footer className="timeline" aria-label="Timeline">
      <div className="timeline-head">
        <h2>Timeline</h2>
        <span className="hint">
          Drag the handle, or use the arrow keys, to see an earlier moment; End brings you back to now.
        </span>
        <span className="space" />
        <span className="tabs" role="group" aria-label="How much time is shown">
          {stretches_ms.map((ms) => (
            <button
              key={ms}
              type="button"
              className="small"
              aria-pressed={ms === length_ms}
              onClick={() => setLength(ms)}
            >
              {stretchName(ms)}
            </button>
          ))}
        </span>
        <button type="button" className="small" aria-expanded={!isFolded} onClick={() => fold(!isFolded)}>
          {isFolded ? 'Show graphs' : 'Hide graphs'}
        </button>
      </div>
      <div className="lanes">
        <Roles desk={desk} names={names} stretch={stretch} />
        {!isFolded && <Graphs graphs={graphs} />}
        <div className="track">
          <div className="playhead" style={{ left: `${place}%` }} />
          <Handle desk={desk} view={view} stretch={stretch} />
        </div>
      </div>
      <div className="ends">
        <span>{timeText(stretch.from_ms)}</span>
        <span>{view.isLive ? 'now' : `looking at ${timeText(view.at_ms)}, ${pastText(view)}`}</span>
        <span>{timeText(stretch.to_ms)}</span>
      </div>
    </footer>
  );
}

function stretchOf({ isLive, at_ms, span }: View, length_ms: number, end_ms: number): Stretch {
  const length = Math.min(length_ms, Math.max(1_000, span.to_ms - span.from_ms));
  const still = isLive || end_ms === 0 ? span.to_ms : Math.min(end_ms, span.to_ms);
  const to_ms =
    at_ms > still ? at_ms : at_ms < still - length ? Math.max(at_ms + length / 2, span.from_ms + length) : still;
  return { from_ms: Math.max(span.from_ms, to_ms - length), to_ms };
}

/** The whole track is the handle: a slider of the browser's own, with its keys. */
function Handle({ desk, view, stretch }: { readonly desk: Desk; readonly view: View; readonly stretch: Stretch }) {
  return (
    <input
      type="range"
      aria-label="Moment that is shown"
      aria-valuetext={view.isLive ? 'now' : agoText(view.span.to_ms - view.at_ms)}
      min={Math.floor(stretch.from_ms)}
      max={Math.ceil(stretch.to_ms)}
      step={1}
      value={Math.round(view.at_ms)}
      onChange={({ target }) => go(desk, view, Number(target.value))}
      onKeyDown={(event) => {
        const step = keys_ms[event.key];
        if (event.key === 'End') desk.goLive();
        else if (step !== undefined) go(desk, view, view.at_ms + step * (event.shiftKey ? 10 : 1));
        else return;
        event.preventDefault();
      }}
    />
  );
}

const keys_ms: Readonly<Record<string, number>> = {
  ArrowLeft: -100,
  ArrowDown: -100,
  ArrowRight: 100,
  ArrowUp: 100,
  PageDown: -5_000,
  PageUp: 5_000,
  Home: -Infinity,
};

/** The end of it is now again. */
function go(desk: Desk, view: View, at_ms: number): void {
  if (at_ms >= view.span.to_ms && view.file === null) desk.goLive();
  else desk.goTo(at_ms);
}

function Roles({
  desk,
  names,
  stretch,
}: {
  readonly desk: Desk;
  readonly names: readonly string[];
  readonly stretch: Stretch;
}) {
  return names.map((name) => (
    <div className="lane" key={name} data-lane={name}>
      <span className="lane-name">{name}</span>
      <div className="bands">
        {bandsOf(desk.story.of(name), stretch).map(({ at_ms, role, term, from, to }) => (
          <span
            key={at_ms + role}
            className="band"
            data-role={role === '' ? 'silent' : role}
            style={{ left: `${from * 100}%`, width: `max(3px, ${(to - from) * 100}%)` }}
            title={`${name}: ${role === '' ? 'silent' : role}, term ${term}, since ${timeText(at_ms)}`}
          >
            {to - from > 0.06 && (role === 'leader' ? `leader, term ${term}` : role === '' ? 'silent' : role)}
          </span>
        ))}
      </div>
    </div>
  ));
}

function Graphs({ graphs }: { readonly graphs: ReturnType<typeof graphsOf> }) {
  return (
    <>
      <GraphLane name="commit index" why="How far the log is safe" graph={graphs.commit} tell={countText} />
      <GraphLane
        name="lag"
        why="Entries that a follower has not confirmed to its leader"
        graph={graphs.lag}
        tell={(value) => countText(value)}
      />
      <GraphLane name="requests" why="Answered in a second, by each member" graph={graphs.requests} tell={rateText} />
    </>
  );
}

/** A file has an end, and no now. */
const pastText = ({ file, span, at_ms }: View): string =>
  file === null ? agoText(span.to_ms - at_ms) : agoText(span.to_ms - at_ms).replace('ago', 'before its end');

interface GraphProps {
  readonly name: string;
  readonly why: string;
  readonly graph: Graph;
  readonly tell: (value: number) => string;
}

function GraphLane({ name, why, graph, tell }: GraphProps) {
  return (
    <div className="lane graph" title={why}>
      <span className="lane-name">
        {name}
        <small>
          {graph.curves.map((curve: Curve, i) => (
            <span key={curve.member} data-curve={i % 5}>
              {curve.member} {tell(curve.value)}{' '}
            </span>
          ))}
        </small>
      </span>
      <svg
        viewBox={`0 0 ${width} ${graph_height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name}: ${why}`}
      >
        {graph.curves.map((curve, i) => (
          <path key={curve.member} d={curve.path.replace(/^L/, 'M')} data-curve={i % 5} />
        ))}
      </svg>
    </div>
  );
}
