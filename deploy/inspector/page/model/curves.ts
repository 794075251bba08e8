/** The timeline's curves: what the standings of the members say over a stretch of time, as paths of an SVG. */
import type { MemberStory, RoleSpan, Story } from './story.js';

export interface Stretch {
  readonly from_ms: number;
  readonly to_ms: number;
}
export interface Curve {
  readonly member: string;
  readonly path: string;
  /** At the moment that is looked at. */
  readonly value: number;
}
export interface Graph {
  readonly curves: readonly Curve[];
  readonly top: number;
}
interface Sample {
  readonly at_ms: number;
  readonly value: number;
}

export interface Graphs {
  readonly commit: Graph;
  readonly lag: Graph;
  readonly requests: Graph;
}

/** Curves in a box of so many units. */
export function graphsOf(
  story: Story,
  stretch: Stretch,
  at_ms: number,
  size: { width: number; height: number },
): Graphs {
  const members = story.members.map((name) => ({ name, told: story.of(name) }));
  const graph = (samples: ReadonlyMap<string, readonly Sample[]>, bottom: number): Graph =>
    drawGraph(samples, bottom, stretch, at_ms, size);
  const commits = new Map(members.map(({ name, told }) => [name, commitOf(told, stretch)]));
  const firsts = [...commits.values()].flatMap((samples) => (samples[0] === undefined ? [] : [samples[0].value]));
  return {
    commit: graph(commits, firsts.length === 0 ? 0 : Math.min(...firsts)),
    lag: graph(
      lags(
        members.map(({ told }) => told),
        stretch,
      ),
      0,
    ),
    requests: graph(new Map(members.map(({ name, told }) => [name, requestRates(told, stretch)])), 0),
  };
}

const commitOf = ({ standings }: MemberStory, stretch: Stretch): readonly Sample[] =>
  within(standings, stretch).map(({ at_ms, standing }) => ({ at_ms, value: standing.commit }));

/** How many entries each follower has yet to confirm, as its leader knows. */
function lags(told: readonly MemberStory[], stretch: Stretch): ReadonlyMap<string, readonly Sample[]> {
  const found = new Map<string, Sample[]>();
  for (const { standings } of told) {
    for (const { at_ms, standing } of within(standings, stretch)) {
      for (const { name, match } of standing.peers) {
        const samples = found.get(name) ?? [];
        found.set(name, samples);
        samples.push({ at_ms, value: Math.max(0, standing.last - match) });
      }
    }
  }
  for (const samples of found.values()) samples.sort((a, b) => a.at_ms - b.at_ms);
  return found;
}

/** Over a second: standings come about ten times in it, and so short a count jumps. */
const rate_over_ms = 1_000;

function requestRates({ standings }: MemberStory, stretch: Stretch): readonly Sample[] {
  const points = within(standings, { from_ms: stretch.from_ms - rate_over_ms, to_ms: stretch.to_ms });
  const samples: Sample[] = [];
  let back = 0;
  for (const { at_ms, standing } of points) {
    while ((points[back]?.at_ms ?? at_ms) < at_ms - rate_over_ms) back++;
    const before = points[back];
    if (before === undefined || before.at_ms === at_ms) continue;
    const more = standing.requests - before.standing.requests;
    // Fewer than before: the member was started anew and counts from nothing.
    if (more >= 0) samples.push({ at_ms, value: (more * 1000) / (at_ms - before.at_ms) });
  }
  return samples;
}

function within<T extends { readonly at_ms: number }>(points: readonly T[], { from_ms, to_ms }: Stretch): readonly T[] {
  return points.slice(firstAfter(points, from_ms), firstAfter(points, to_ms));
}

function firstAfter(points: readonly { readonly at_ms: number }[], at_ms: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at_ms ?? Infinity) <= at_ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A member that told nothing for so long was silent, and its curve has a gap. */
const gap_ms = 2_500;

function drawGraph(
  all: ReadonlyMap<string, readonly Sample[]>,
  bottom: number,
  stretch: Stretch,
  at_ms: number,
  size: { readonly width: number; readonly height: number },
): Graph {
  const highest = Math.max(bottom + 1, ...[...all.values()].flatMap((samples) => samples.map(({ value }) => value)));
  const curves = [...all].map(([member, samples]): Curve => {
    const now = samples[firstAfter(samples, at_ms) - 1];
    return { member, value: now?.value ?? 0, path: pathOf(samples, bottom, highest, stretch, size) };
  });
  return { curves: curves.sort((a, b) => a.member.localeCompare(b.member)), top: highest };
}

function pathOf(
  samples: readonly Sample[],
  bottom: number,
  top: number,
  stretch: Stretch,
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const parts: string[] = [];
  let [last_x, last_ms] = [-1, -Infinity];
  for (const { at_ms, value } of samples) {
    const x = Math.round(placeOf(at_ms, stretch) * width);
    // More than one point for a pixel is not seen.
    if (x === last_x) continue;
    const y = height - 1 - ((value - bottom) / (top - bottom)) * (height - 2);
    parts.push(`${at_ms - last_ms > gap_ms ? 'M' : 'L'}${x} ${y.toFixed(1)}`);
    [last_x, last_ms] = [x, at_ms];
  }
  return parts.join('');
}

/** From 0, the beginning of the stretch, to 1, its end. */
export const placeOf = (at_ms: number, { from_ms, to_ms }: Stretch): number =>
  to_ms <= from_ms ? 0 : Math.min(1, Math.max(0, (at_ms - from_ms) / (to_ms - from_ms)));

export interface Band extends RoleSpan {
  readonly from: number;
  readonly to: number;
}
/** The roles of a member as bands from 0 to 1. */
export function bandsOf({ roles }: MemberStory, stretch: Stretch): readonly Band[] {
  return roles.flatMap((span, i) => {
    const end_ms = roles[i + 1]?.at_ms ?? stretch.to_ms;
    if (end_ms < stretch.from_ms || span.at_ms > stretch.to_ms) return [];
    return [{ ...span, from: placeOf(span.at_ms, stretch), to: placeOf(end_ms, stretch) }];
  });
}
