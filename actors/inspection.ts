/** One inspection of a running actor system: what it sees, and how much of that it tells one by one, in frames. */
import type { ActorRefLike, InspectionEvent } from 'xstate';
import { actionName, guardName } from '../machines/chart-words.js';
import type {
  Inspected,
  InspectionKind,
  InspectionRequest,
  StandingTold,
  StateValue,
} from '../machines/language/inspection.js';
import type { MemberId } from '../machines/language/vocabulary.js';
import { type Allowance, createAllowance } from './inspection-allowance.js';
import { createMailboxes, type Mailboxes } from './inspection-mailboxes.js';
import { lettersBetween } from './inspection-letters.js';
import { plainly } from './plainly.js';

/** As much of an XState actor as is told of it. */
export interface InspectedActor extends ActorRefLike {
  readonly id: string;
  readonly systemId: string | undefined;
  readonly logic: { readonly config?: unknown };
  readonly _parent?: InspectedActor;
  getSnapshot(): InspectedSnapshot;
}
interface InspectedSnapshot {
  readonly status: string;
  readonly value?: StateValue;
  readonly context?: unknown;
  readonly children?: Readonly<Record<string, InspectedActor | undefined>>;
}

/** As much of `@statelyai/inspect` as is used: what is handed to it comes back in its schema. */
export type CreateInspector = (
  adapter: { send(told: unknown): void },
  options: { serialize(told: Named): object },
) => {
  actor(actor: InspectedActor, snapshot: object): void;
  event(target: InspectedActor, event: unknown, from: { readonly source?: InspectedActor }): void;
  snapshot(actor: InspectedActor, snapshot: object, after: { readonly event: { readonly type: string } }): void;
};
interface Named {
  readonly type: string;
  readonly sessionId: string;
  readonly name?: string;
}

export interface Inspection {
  /** For the actor system. */
  observe(event: InspectionEvent): void;
  /** What was seen since the last one. */
  frame(): { readonly events: readonly Inspected[]; readonly untold: number };
}

export interface InspectionParts {
  readonly root: InspectedActor;
  readonly request: InspectionRequest;
  readonly createInspector: CreateInspector;
  readonly frames_per_second: number;
  readonly self: MemberId;
  nameOf(member: MemberId): string;
  standing(requests: number): Omit<StandingTold, 'type' | 'createdAt'> | null;
  wall_ms(): number;
}

type MicrostepEvent = Extract<InspectionEvent, { type: '@xstate.microstep' }>;

/** Short-lived children, such as the promise of one write, are not told of: what they send counts as their parent's. */
const isLasting = (actor: InspectedActor): boolean => actor.systemId !== undefined || isMachine(actor);

/** Logic of other kinds has its function there. */
function isMachine({ logic }: InspectedActor): boolean {
  return typeof logic.config === 'object';
}

const lasting = (actor: InspectedActor): InspectedActor =>
  isLasting(actor) || actor._parent === undefined ? actor : lasting(actor._parent);

interface View {
  readonly parts: InspectionParts;
  readonly inspector: ReturnType<CreateInspector>;
  readonly allowance: Allowance;
  readonly mailboxes: Mailboxes<InspectedActor>;
  readonly names: Map<string, string>;
  readonly values: Map<InspectedActor, string>;
  /** Machines whose context may have changed since it was told, and the last letter they had. */
  readonly changed: Map<InspectedActor, { readonly type: string }>;
  events: Inspected[];
  /** Whose letter was told: then its steps are, too. */
  following: InspectedActor | null;
  requests: number;
  frames: number;
}

export function openInspection(parts: InspectionParts): Inspection {
  const names = new Map<string, string>();
  const view: View = {
    parts,
    inspector: parts.createInspector(
      { send: (told) => void view.events.push(told as Inspected) },
      // XState knows an actor by its machine; people know it by its address.
      { serialize: (told) => withName(told, names) },
    ),
    allowance: createAllowance(parts.request.filter.per_second / parts.frames_per_second),
    mailboxes: createMailboxes(),
    names,
    values: new Map(),
    changed: new Map(),
    events: [],
    following: null,
    requests: 0,
    frames: 0,
  };
  announce(view, parts.root);
  return { observe: (event) => observe(view, event), frame: () => frame(view) };
}

function observe(view: View, event: InspectionEvent): void {
  const actor = event.actorRef as InspectedActor;
  if (!isLasting(actor)) return;
  if (event.type === '@xstate.event') {
    hearLetter(view, actor, event.sourceRef as InspectedActor | undefined, event.event);
  } else if (event.type === '@xstate.microstep') hearStep(view, actor, event);
  else if (event.type === '@xstate.snapshot') hearSnapshot(view, actor, event.event);
  // It has no snapshot yet while it is made.
  else if (event.type === '@xstate.actor') queueMicrotask(() => announce(view, actor));
}

function frame(view: View): ReturnType<Inspection['frame']> {
  for (const [actor, event] of view.changed) tellSnapshot(view, actor, event);
  const { parts, events } = view;
  const boxes = view.mailboxes.take();
  if (boxes.length > 0) events.push({ type: 'quorate.mailboxes', createdAt: createdAt(view), boxes });
  const standing = view.frames++ % STANDING_EVERY_FRAMES === 0 ? parts.standing(view.requests) : null;
  if (standing !== null) events.push({ type: 'quorate.standing', createdAt: createdAt(view), ...standing });
  view.events = [];
  return { events, untold: view.allowance.renew() };
}

const STANDING_EVERY_FRAMES = 2;

const createdAt = ({ parts }: View): string => String(parts.wall_ms());

function wants({ parts }: View, actor: InspectedActor, kind: InspectionKind): boolean {
  const { kinds, actors } = parts.request.filter;
  return kinds.includes(kind) && (actors.length === 0 || actors.includes(actor.systemId ?? actor.id));
}

/** The actor, and the actors in it. */
function announce(view: View, actor: InspectedActor): void {
  view.names.set(actor.sessionId, actor.systemId ?? actor.id);
  const { status, value, context, children } = actor.getSnapshot();
  if (value !== undefined) view.values.set(actor, JSON.stringify(value));
  view.inspector.actor(actor, { status, value, context: plainly(context) });
  for (const child of Object.values(children ?? {})) {
    if (child !== undefined && isLasting(child)) announce(view, child);
  }
}

function hearLetter(
  view: View,
  target: InspectedActor,
  given: InspectedActor | undefined,
  event: { readonly type: string },
): void {
  const { allowance, parts } = view;
  const source = view.mailboxes.arrives(target, given === undefined ? undefined : lasting(given), event.type);
  if (target.systemId === 'requests' && 'asks' in event) view.requests += (event.asks as readonly unknown[]).length;
  view.following = null;
  // Ten rooms hear twenty ticks a second: they are counted, and not told one by one.
  if (event.type === 'tick') return;
  if (wants(view, target, 'event') && allowance.take(`${target.sessionId} ${event.type}`)) {
    view.following = target;
    view.inspector.event(target, plainly(event), source === null ? {} : { source });
  }
  if (!parts.request.filter.kinds.includes('letter')) return;
  for (const { way, peer, message } of lettersBetween(parts.self, target.systemId, event)) {
    if (!allowance.take(`${way} ${peer} ${message.type}`)) continue;
    const { type } = message;
    const told = { ...(plainly(message) as object), type };
    view.events.push({
      type: 'quorate.letter',
      createdAt: createdAt(view),
      way,
      peer: parts.nameOf(peer),
      message: told,
    });
  }
}

/** A step that goes from one state to another is told always; others where their letter is. */
function hearStep(view: View, actor: InspectedActor, event: MicrostepEvent): void {
  if (!wants(view, actor, 'microstep') || !isMachine(actor)) return;
  const transitions = event._transitions.map(arrowOf);
  if (view.following !== actor && !transitions.some(({ targets }) => targets.length > 0)) return;
  view.events.push({
    type: 'quorate.microstep',
    sessionId: actor.sessionId,
    rootId: view.parts.root.sessionId,
    createdAt: createdAt(view),
    _version: '',
    event: { type: event.event.type },
    value: (event.snapshot as unknown as InspectedSnapshot).value ?? '',
    transitions,
  });
}

/** Another state is told at once; another context with the frame. */
function hearSnapshot(view: View, actor: InspectedActor, event: { readonly type: string }): void {
  view.mailboxes.handled(actor);
  if (!isMachine(actor) || !wants(view, actor, 'snapshot')) return;
  const value = JSON.stringify(actor.getSnapshot().value);
  if (value === view.values.get(actor)) return void view.changed.set(actor, event);
  view.values.set(actor, value);
  tellSnapshot(view, actor, event);
}

function tellSnapshot(view: View, actor: InspectedActor, { type }: { readonly type: string }): void {
  view.changed.delete(actor);
  const { status, value, context } = actor.getSnapshot();
  view.inspector.snapshot(actor, { status, value, context: plainly(context) }, { event: { type } });
}

/** An actor that is no machine has no chart: its name is all that defines it. */
function withName(told: Named, names: ReadonlyMap<string, string>): object {
  const name = names.get(told.sessionId);
  if (told.type !== '@xstate.actor' || name === undefined) return told;
  return told.name === undefined ? { ...told, name, definition: JSON.stringify({ id: name }) } : { ...told, name };
}

interface Arrow {
  readonly source: { readonly id: string };
  readonly target?: readonly { readonly id: string }[] | undefined;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
}

const arrowOf = (transition: unknown) => {
  const { source, target, guard, actions } = transition as Arrow;
  return {
    source: source.id,
    targets: (target ?? []).map(({ id }) => id),
    guard: guardName(guard),
    actions: actions.map(actionName).filter((name) => name !== ''),
  };
};
