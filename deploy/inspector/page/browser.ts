/** What the page has from the browser: the feed, files, the layout engine and the colours that were chosen. */
import ELK from 'elkjs/lib/elk-api.js';
import layoutWorker from 'elkjs/lib/elk-worker.min.js?url';
import type { Desk } from './desk.js';
import { type Chart, readChart } from './model/chart.js';
import { readMessage } from './model/feed.js';
import { type Drawing, drawingOf, type ElkBox, layoutInput } from './model/layout.js';

/** Listens until it is closed. The browser connects again by itself. */
export function listen(desk: Desk): void {
  const feed = new EventSource('feed');
  feed.onopen = () => desk.connection('open');
  feed.onerror = () => desk.connection('broken');
  feed.onmessage = ({ data }: MessageEvent<string>) => desk.hear(readMessage(data), data.length);
}

export interface DrawnChart {
  readonly chart: Chart;
  readonly drawing: Drawing;
}
const engine = new ELK({ workerUrl: layoutWorker });
const drawn = new Map<string, Promise<DrawnChart | null>>();

/** Laid out once for each text of a definition. */
export function drawChart(definition: string): Promise<DrawnChart | null> {
  const known = drawn.get(definition);
  if (known !== undefined) return known;
  const chart = readChart(definition);
  const drawing =
    chart === null
      ? Promise.resolve(null)
      : engine
          .layout(layoutInput(chart) as Parameters<typeof engine.layout>[0])
          .then((laid) => ({ chart, drawing: drawingOf(chart, laid as ElkBox) }));
  drawn.set(definition, drawing);
  return drawing;
}

/** Offers all that is recorded as a file: one frame a line. */
export function saveRecording(desk: Desk): void {
  const lines = desk.recording.frames().map((frame) => `${JSON.stringify(frame)}\n`);
  const url = URL.createObjectURL(new Blob(lines, { type: 'application/x-ndjson' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `quorate-${new Date(desk.view().span.to_ms).toISOString().replace(/[:.]/g, '-')}.ndjson`;
  link.click();
  URL.revokeObjectURL(url);
}

/** The lines of a file, as they are read. */
export async function* linesOf(file: File): AsyncGenerator<string> {
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

export type Theme = 'light' | 'dark';

/** As the person chose, or else as the system has it. */
export function themeNow(): Theme {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function wear(theme: Theme, isChosen: boolean): void {
  document.documentElement.dataset['theme'] = theme;
  if (isChosen) localStorage.setItem('theme', theme);
}
