/**
 * The desk behind every door: messages become asks, answers become messages. What a request's headers and size allow
 * is settled here; NATS and memory only carry bytes.
 */
import { badRequest, errorOf, QuorateError } from '../machines/language/errors.js';
import { invariant } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import type { Clock } from '../machines/language/time.js';
import type { ClusterId, Term } from '../machines/language/vocabulary.js';
import { createDoorRoom, type DoorRoom } from './door-room.js';
import { gatherAnswers, replyError, replyOne } from './door-answers.js';
import { requestId, timeout } from './door-headers.js';
import { createDoorCounter, type DoorCounter, type EndpointTally } from './door-meters.js';
import { refusalOf } from './door-refusals.js';
import {
  type Answer,
  type Ask,
  type DoorHandlers,
  type DoorMeters,
  isWrite,
  NameInUseError,
  type Operation,
} from './ports.js';
import { openInspection, runDrill } from './door-inspections.js';
import type { Sessions } from './door-sessions.js';
import { openWatch } from './door-watches.js';
import { tooLarge } from './request-size.js';
import { drillOf, type Endpoint, isDrillEndpoint } from './subjects.js';
import { decodeBatch } from './wire-batch.js';
import { decodeRequest, encodingOf, formatClusterId, headerNames } from './wire.js';

/** One message that came through a door, and its way back. */
export interface DoorMessage {
  readonly endpoint: Endpoint;
  /** Whose leader's door it was; null: a door that any member opens. */
  readonly term: Term | null;
  readonly body: Uint8Array;
  /** The header's value, '' when there is none. */
  header(name: string): string;
  /**
   * Publishes one message to the asker, which can answer it where the session is spoken to. False: it could not leave.
   */
  reply(body: Uint8Array, headers: ReadonlyMap<string, string>, session?: string): boolean;
  /** Counts for who looks at endpoints. */
  readonly tally?: EndpointTally;
  /** Where a door does not hear all sessions of its member by itself. */
  listen?(session: string): void;
  unlisten?(session: string): void;
}

export interface DeskOptions {
  readonly handlers: DoorHandlers;
  readonly clock: Clock;
  readonly request_bytes_max: number;
  /** Names sessions; nobody can guess one: who knows it can end it. */
  sessionName(): string;
  /** The largest message that can leave now. */
  maxPayload(): number;
  /** Bytes that were sent and have not passed the server. */
  unsentBytes(): number;
}

export interface Desk {
  /** Clients that pin another cluster are refused from now on. */
  serve(cluster: ClusterId): void;
  receive(message: DoorMessage): void;
  readonly sessions: Sessions;
  /** Resolves when every ask has its answer, or after limits.drain_max_ms. */
  settled(): Promise<void>;
  /** Requests that were refused or failed, by endpoint. */
  errors(endpoint: Endpoint): number;
  readonly meters: Omit<DoorMeters, 'links'>;
}

interface DeskState {
  readonly options: DeskOptions;
  readonly failed: Map<Endpoint, number>;
  readonly counter: DoorCounter;
  readonly waiting: Set<() => void>;
  cluster: ClusterId | null;
  readonly room: DoorRoom;
  /** Asks without an answer yet. */
  open: number;
}

export function createDesk(options: DeskOptions): Desk {
  const state: DeskState = {
    options,
    failed: new Map(),
    counter: createDoorCounter(),
    waiting: new Set(),
    cluster: null,
    open: 0,
    room: createDoorRoom(),
  };
  const sessions: Sessions = new Map();
  return {
    sessions,
    serve: (cluster) => void (state.cluster = cluster),
    receive: (message) => {
      try {
        const { endpoint } = message;
        checkCluster(state, message);
        state.room.check(message.body.length);
        if (endpoint === 'batch' || endpoint === 'batch.read') receiveBatch(state, message);
        else if (endpoint === 'watch.create') openStream(state, sessions, message);
        else if (endpoint === 'inspect.start') openInspection(options, sessions, message);
        else if (isDrillEndpoint(endpoint)) runDrill(options, message, drillOf(endpoint));
        else receiveOne(state, message, endpoint);
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        countError(state, message, error);
        replyError(message, error, encodingOf(message.body));
      }
    },
    settled: () => settled(state),
    errors: (endpoint) => state.failed.get(endpoint) ?? 0,
    meters: state.counter.meters,
  };
}

function openStream({ options, counter }: DeskState, sessions: Sessions, message: DoorMessage): void {
  openWatch(options, sessions, message);
  counter.streamOpened();
}

function receiveOne(state: DeskState, message: DoorMessage, op: Operation): void {
  const { options } = state;
  const { request, encoding } = decodeRequest(op, message.body);
  const refusal = tooLarge(request, options.request_bytes_max);
  if (refusal !== null) throw refusal;
  const id = requestId(message);
  const timeout_ms = timeout(message);
  const release = state.room.hold(message.body.length, 1);
  const answer = answerOnce(state, message, op, options.clock.now_ms(), (given) => {
    replyOne(message, op, given, encoding, options);
    return release();
  });
  options.handlers.asked([{ request, id, timeout_ms, term: message.term, answer }]);
}

function receiveBatch(state: DeskState, message: DoorMessage): void {
  const { handlers, request_bytes_max, clock } = state.options;
  const { client, items, encoding } = decodeBatch(message.body);
  if (items.length > limits.batch_requests_max) {
    throw badRequest(`batch: ${items.length} requests given; at most ${limits.batch_requests_max} go in one batch`);
  }
  const timeout_ms = timeout(message);
  const operations = new Map<number, Operation>();
  const answers = gatherAnswers(message, encoding, items.length, operations, state.options);
  const asks: Ask[] = [];
  const refused: (() => void)[] = [];
  const release = state.room.hold(message.body.length, items.length);
  const arrived_ms = clock.now_ms();
  for (const item of items) {
    const op = 'error' in item ? null : item.request.op;
    const answer = answerOnce(state, message, op, arrived_ms, (given) => {
      answers.add({ number: item.number, answer: given });
      return release();
    });
    const error = 'error' in item ? item.error : refusalOf(message.endpoint, item.request, request_bytes_max);
    if ('error' in item || error !== null) {
      refused.push(() => answer({ ok: false, error: error ?? errorOf('RequestTooLarge') }));
      continue;
    }
    operations.set(item.number, item.request.op);
    const id = client !== null && isWrite(item.request) ? { client, number: item.number, since: item.since } : null;
    asks.push({ request: item.request, id, timeout_ms, term: message.term, answer });
  }
  if (items.length === 0) answers.flush();
  for (const refuse of refused) refuse();
  if (asks.length > 0) handlers.asked(asks);
}

/**
 * An ask is answered exactly once, and is open until then. `answer` says whether it was the last one to its message.
 */
function answerOnce(
  state: DeskState,
  message: DoorMessage,
  op: Operation | null,
  arrived_ms: number,
  answer: (given: Answer) => boolean,
): (given: Answer) => void {
  let answered = false;
  state.open += 1;
  return (given) => {
    invariant(!answered, 'an ask is answered once', { endpoint: message.endpoint });
    answered = true;
    if (!given.ok) countError(state, message, given.error);
    const isLast = answer(given);
    const took_ms = state.options.clock.now_ms() - arrived_ms;
    if (op !== null) state.counter.answered(op, took_ms, given.ok);
    if (isLast && message.tally !== undefined) message.tally.took_ms += took_ms;
    state.open -= 1;
    if (state.open === 0) for (const resolve of [...state.waiting]) resolve();
  };
}

function settled(state: DeskState): Promise<void> {
  const { clock } = state.options;
  return new Promise((resolve) => {
    if (state.open === 0) return resolve();
    const done = () => {
      clock.clearTimeout(timer);
      state.waiting.delete(done);
      resolve();
    };
    const timer = clock.setTimeout(done, limits.drain_max_ms);
    state.waiting.add(done);
  });
}

function countError(state: DeskState, { endpoint, tally }: DoorMessage, { message }: QuorateError): void {
  state.failed.set(endpoint, (state.failed.get(endpoint) ?? 0) + 1);
  if (tally === undefined) return;
  tally.errors += 1;
  tally.last_error = message;
}

/** [safety] Two clusters of one name in one place would hear each other's clients. */
export const nameInUse = (name: string, foreign: string, own: ClusterId): NameInUseError =>
  new NameInUseError(
    `quorate: cluster name "${name}" is in use on these servers by cluster ${foreign}; this one is ` +
      `${formatClusterId(own)}: give it another --cluster-name`,
  );

function checkCluster(state: DeskState, message: DoorMessage): void {
  // [safety] What the answer will look at is looked at here too: once something is done, nothing can be refused.
  const [pinned] = [headerNames.clusterId, headerNames.pieces].map((name) => message.header(name));
  const foreign = pinned !== '' && state.cluster !== null && pinned !== formatClusterId(state.cluster);
  if (foreign) throw errorOf('ClusterIDMismatch');
}
