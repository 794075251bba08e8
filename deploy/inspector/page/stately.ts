/** Hands the feed on to the Stately inspector in a frame: unmodified, but that ids and names say whose they are. */
import type { Inspected, InspectionFrame } from '../../../machines/language/inspection.js';

/** Kept until the inspector listens; the actors among them always are. */
const WAITING_MAX = 2_000;

/** Only pages of the origin that the server was started for are let into the frame: its policy says so. */
const inspector = new URL(new URLSearchParams(location.search).get('inspector') ?? 'https://stately.ai/inspect');
const frame = document.querySelector('iframe');
const state = document.getElementById('state');
let connected = false;
let told = 0;
let waiting: object[] = [];

const say = (text: string): void => {
  if (state !== null) state.textContent = text;
};

const post = (event: object): void => {
  told += 1;
  frame?.contentWindow?.postMessage(event, inspector.origin);
  say(`${told} events handed on`);
};

/** Session ids count per process: the member in front makes them different. */
function handedOn(member: string, event: Inspected): object | null {
  if (!event.type.startsWith('@xstate.') || !('sessionId' in event)) return null;
  const ids = ['sessionId', 'sourceId', 'parentId', 'rootId'].flatMap((name) => {
    const id = (event as unknown as Record<string, unknown>)[name];
    return typeof id === 'string' ? [[name, `${member} ${id}`]] : [];
  });
  const name = 'name' in event ? { name: `${member} ${event.name}` } : {};
  return { ...event, ...(Object.fromEntries(ids) as object), ...name };
}

function hear({ member, events }: InspectionFrame): void {
  const all = events.map((event) => handedOn(member, event)).filter((event) => event !== null);
  if (connected) all.forEach(post);
  else {
    waiting.push(...all);
    const isActor = (event: object): boolean => 'type' in event && event.type === '@xstate.actor';
    if (waiting.length > WAITING_MAX) waiting = [...waiting.filter(isActor), ...waiting.slice(-WAITING_MAX / 2)];
  }
}

addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
  const isHello = typeof data === 'object' && data !== null && 'type' in data && data.type === '@statelyai.connected';
  if (source !== frame?.contentWindow || !isHello) return;
  connected = true;
  waiting.splice(0).forEach(post);
});

new EventSource('feed').addEventListener('message', ({ data }: MessageEvent<string>) => {
  const given = JSON.parse(data) as { readonly kind: string; readonly frame?: InspectionFrame };
  if (given.kind === 'frame' && given.frame !== undefined) hear(given.frame);
});

if (frame !== null) frame.src = inspector.href;
