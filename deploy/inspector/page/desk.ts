/** What the page knows and what is looked at: the feed fills it, the parts draw it and change it. */
import type { Drill, InspectionFrame } from '../../../machines/language/inspection.js';
import type { DrillAnswer, FeedMessage, MemberShown } from '../feed.js';
import { readRecordedLine } from './model/feed.js';
import type { Member } from './model/member.js';
import { createRecording, type Missing, type Recording } from './model/recording.js';
import { createStory, type Story } from './model/story.js';

/** What is drawn: all of one moment. */
export interface View {
  /** Another number: something has changed. */
  readonly version: number;
  readonly recording: Recording;
  /** A file's name, or null for the cluster itself. */
  readonly file: string | null;
  readonly connection: 'connecting' | 'open' | 'broken';
  readonly cluster: string;
  readonly heard: readonly MemberShown[];
  /** Shown is what comes, and not a moment of the past. */
  readonly isLive: boolean;
  readonly at_ms: number;
  readonly span: Recording['span'];
  readonly members: ReadonlyMap<string, Member>;
  readonly missing: Missing;
  readonly bytes: number;
  readonly trouble: string;
  readonly selected: { readonly member: string; readonly sessionId: string } | null;
}

export interface Desk {
  readonly subscribe: (listener: () => void) => () => void;
  readonly view: () => View;
  readonly recording: Recording;
  readonly story: Story;
  readonly hear: (message: FeedMessage, bytes: number) => void;
  readonly connection: (state: View['connection']) => void;
  readonly goTo: (at_ms: number) => void;
  readonly goLive: () => void;
  readonly select: (member: string, sessionId: string) => void;
  /** Frames from a file take the place of the cluster. */
  readonly open: (name: string, lines: AsyncIterable<string>) => Promise<void>;
  /** Back from a file. */
  readonly leaveFile: () => void;
  readonly drill: (member: string, drill: Drill, for_ms: number) => Promise<DrillAnswer>;
  readonly dismissTrouble: () => void;
}

/** Drawn at most so often, and only when the browser draws. */
const redraw_ms = 100;
/** Every so many frames the story is cut to what the recording still has. */
const forget_every_frames = 200;

interface Known {
  recording: Recording;
  story: Story;
  file: string | null;
  connection: View['connection'];
  cluster: string;
  heard: readonly MemberShown[];
  /** Null: live. */
  at_ms: number | null;
  trouble: string;
  selected: View['selected'];
  frames: number;
}

const nothing = (): Known => ({
  recording: createRecording(),
  story: createStory(),
  file: null,
  connection: 'connecting',
  cluster: '',
  heard: [],
  at_ms: null,
  trouble: '',
  selected: null,
  frames: 0,
});

export function createDesk(fetcher: typeof fetch): Desk {
  // The cluster is heard on while a file is looked at: the feed tells what there is only once.
  const live = nothing();
  let known = live;
  const screen = createScreen(() => known);
  return {
    subscribe: screen.subscribe,
    view: screen.view,
    get recording() {
      return known.recording;
    },
    get story() {
      return known.story;
    },
    hear(message, bytes) {
      if (message.kind === 'members') hearOf(live, message);
      else if (message.kind === 'frame') add(live, message.frame, bytes);
      else if (message.kind === 'skipped') live.recording.skip(message.frames);
      else live.trouble = message.text;
      if (known === live) screen.changed();
    },
    connection(state) {
      live.connection = state;
      if (known === live) screen.changed();
    },
    goTo(at_ms) {
      const { from_ms, to_ms } = known.recording.span;
      known.at_ms = Math.min(to_ms, Math.max(from_ms, at_ms));
      screen.show();
    },
    goLive() {
      known.at_ms = null;
      screen.show();
    },
    select(member, sessionId) {
      known.selected = { member, sessionId };
      screen.show();
    },
    async open(name, lines) {
      known = await readFile(name, lines);
      screen.show();
    },
    leaveFile() {
      known = live;
      screen.show();
    },
    async drill(member, drill, for_ms) {
      const answer = await askDrill(fetcher, member, drill, for_ms);
      const said = answer.ok ? `drill ${drill}: ${answer.said}` : `drill ${drill} was refused: ${answer.error}`;
      known.story.note(member, said, known.recording.span.to_ms);
      screen.changed();
      return answer;
    },
    dismissTrouble() {
      known.trouble = '';
      screen.show();
    },
  };
}

/** What people do is shown at once; what comes, when the browser next draws. */
function createScreen(known: () => Known) {
  let shown = lookAt(known(), 0, undefined);
  const listeners = new Set<() => void>();
  let isAsked = false;
  let drawn_ms = -Infinity;
  /** How long the last drawing held the browser up. */
  let took_ms = 0;
  const show = (): void => {
    shown = lookAt(known(), shown.version + 1, shown);
    for (const listener of listeners) listener();
  };
  const draw = (now_ms: number): void => {
    // A slow machine draws less often, and has time for what people do meanwhile.
    if (now_ms - drawn_ms < Math.max(redraw_ms, took_ms * 3)) return void requestAnimationFrame(draw);
    isAsked = false;
    drawn_ms = now_ms;
    show();
    requestAnimationFrame((after_ms) => (took_ms = after_ms - now_ms));
  };
  return {
    show,
    changed: (): void => {
      if (!isAsked) requestAnimationFrame(draw);
      isAsked = true;
    },
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    view: () => shown,
  };
}

function add(known: Known, frame: InspectionFrame, bytes: number): void {
  known.recording.add(frame, bytes);
  known.story.add(frame);
  if (++known.frames % forget_every_frames === 0) known.story.forget(known.recording.span.from_ms);
}

async function readFile(name: string, lines: AsyncIterable<string>): Promise<Known> {
  const read = { ...nothing(), file: name, cluster: 'recorded' };
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() !== '') add(read, readRecordedLine(line, number), line.length);
  }
  if (read.recording.size.frames === 0) throw new Error(`${name} holds no frames`);
  const heard = read.story.members.map((member) => ({ name: member, heard: true, drill: false }));
  return { ...read, heard, at_ms: read.recording.span.to_ms };
}

function hearOf(known: Known, message: Extract<FeedMessage, { readonly kind: 'members' }>): void {
  known.cluster = message.cluster;
  known.heard = message.members;
  const { to_ms } = known.recording.span;
  for (const { name, heard } of message.members) if (to_ms > 0) known.story.heard(name, heard, to_ms);
}

function lookAt(known: Known, version: number, before: View | undefined): View {
  const { recording, at_ms } = known;
  const { span } = recording;
  const isUnmoved = before?.isLive === false && before.at_ms === at_ms && before.recording === recording;
  const members = at_ms === null ? recording.now() : isUnmoved ? before.members : recording.at(at_ms);
  return {
    version,
    recording,
    file: known.file,
    connection: known.connection,
    cluster: known.cluster,
    heard: known.heard,
    isLive: at_ms === null,
    at_ms: at_ms ?? span.to_ms,
    span,
    members,
    missing: recording.missing,
    bytes: recording.size.bytes,
    trouble: known.trouble,
    selected: known.selected,
  };
}

async function askDrill(fetcher: typeof fetch, member: string, drill: Drill, for_ms: number): Promise<DrillAnswer> {
  try {
    const response = await fetcher('drill', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'X-Quorate-Inspect': '1' },
      body: JSON.stringify({ member, drill, for_ms }),
    });
    return (await response.json()) as DrillAnswer;
  } catch (error) {
    return {
      ok: false,
      error: `the inspector does not answer: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
