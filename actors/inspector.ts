/** The room of the inspector: whoever asks is told for a while what the actors of this node do. */
import { fromCallback } from 'xstate';
import type { InspectionEvent } from 'xstate';
import { errorOf } from '../machines/language/errors.js';
import { unreachable } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import type { InspectionRequest } from '../machines/language/inspection.js';
import type { InspectionStream, Self } from '../transport/ports.js';
import { drillsOf } from './drills.js';
import type { Incoming } from './incoming.js';
import { type CreateInspector, type Inspection, type InspectedActor, openInspection } from './inspection.js';
import { failIn, type InspectorLetter, postIfOpen, type System } from './mail.js';
import type { NodePorts } from './ports.js';
import { memberName, standingOf } from './inspection-standing.js';

export interface InspectorInput {
  readonly ports: NodePorts;
  readonly self: Self;
  readonly incoming: Incoming;
}

/** XState's own system, as far as it lets somebody look. */
interface OpenSystem extends System {
  inspect(observer: (event: InspectionEvent) => void): { unsubscribe(): void };
}

interface Desk extends InspectorInput {
  readonly system: OpenSystem;
  readonly open: Map<InspectionStream, () => void>;
}

export const inspectorRoom = fromCallback<InspectorLetter, InspectorInput>((room) => {
  const system = room.system as OpenSystem;
  const desk: Desk = { ...room.input, system, open: new Map() };
  const { incoming } = desk;
  incoming.inspecting = (stream, request) => {
    if (desk.open.size >= limits.inspections_max) throw errorOf('RequestTooManyRequests');
    desk.open.set(stream, () => undefined);
    postIfOpen(system, 'inspector', { type: 'opened', stream, request });
    return { gone: () => postIfOpen(system, 'inspector', { type: 'gone', stream }) };
  };
  incoming.drill = drillsOf(desk.ports, system);
  room.receive((letter) => handle(desk, letter));
  return () => {
    incoming.inspecting = null;
    incoming.drill = null;
    for (const end of desk.open.values()) end();
  };
});

function handle(desk: Desk, letter: InspectorLetter): void {
  switch (letter.type) {
    case 'opened':
      // It is loaded when it is asked for first: most nodes are never inspected.
      import('@statelyai/inspect').then(
        ({ createInspector }) =>
          begin(desk, letter.stream, letter.request, createInspector as unknown as CreateInspector),
        failIn(desk.system, 'inspector'),
      );
      return;
    case 'gone':
      desk.open.get(letter.stream)?.();
      desk.open.delete(letter.stream);
      return;
    case 'failed':
      throw letter.error;
    default:
      return unreachable(letter);
  }
}

/** Tells frame after frame, until the time is over, nobody listens, or the node closes. */
function begin(
  desk: Desk,
  stream: InspectionStream,
  request: InspectionRequest,
  createInspector: CreateInspector,
): void {
  // It may have gone, or the room have closed, while the inspector was loaded.
  const root = desk.system.get('node') as unknown as InspectedActor | undefined;
  if (root === undefined || !desk.open.has(stream)) return;
  const { ports, self, system } = desk;
  const { clock } = ports;
  const inspection = openInspection({
    root,
    request,
    createInspector,
    frames_per_second: 1_000 / limits.inspection_frame_ms,
    self: self.member.id,
    nameOf: (id) => memberName(system, id),
    standing: (requests) => standingOf(system, ports, requests),
    wall_ms: () => clock.wall_ms(),
  });
  const subscription = system.inspect((event) => inspection.observe(event));
  const until_ms = clock.now_ms() + request.for_ms;
  let timer: unknown = null;
  const end = (why: string): void => {
    subscription.unsubscribe();
    clock.clearTimeout(timer);
    tell(desk, stream, inspection, why);
    stream.close();
    desk.open.delete(stream);
  };
  const next = (): void => {
    if (clock.now_ms() >= until_ms) return end('the time is over');
    tell(desk, stream, inspection, '');
    timer = clock.setTimeout(next, limits.inspection_frame_ms);
  };
  desk.open.set(stream, () => end('the member closes'));
  next();
}

const tell = ({ ports, self }: Desk, stream: InspectionStream, inspection: Inspection, ended: string): boolean =>
  stream.tell({
    member: self.member.name,
    life: String(self.epoch),
    at_ms: ports.clock.wall_ms(),
    ...inspection.frame(),
    drill: ports.drill !== null,
    ended,
  });
