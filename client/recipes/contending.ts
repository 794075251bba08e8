/** The contender's chart at work: what a mutex and an election have in common. */
import { createActor, fromPromise, waitFor } from 'xstate';
import {
  type Claim,
  type ContenderEvent,
  contenderMachine,
  type Place,
} from '../../machines/client/contender.machine.js';
import { errorOf, QuorateError } from '../../machines/language/errors.js';
import { onAbort } from '../aborting.js';
import { clockOf } from '../clock.js';
import { persistently, type WaitOptions, whenOver } from './patience.js';
import { awaitOldest, isThere, remove } from './queue-of-keys.js';
import { actorOptions, type Inspect, type Session } from './session.js';

export interface ContenderParts {
  readonly session: Session;
  /** As the inspector shows it. */
  readonly id: string;
  readonly inspect: Inspect | undefined;
  /** Puts the own key or finds it; until the outcome is certain or the signal aborts. */
  readonly claim: (signal: AbortSignal) => Promise<Claim>;
  /** The prefix of the keys that must be gone when they are older than ours. */
  readonly rivals: () => string;
  /** What is said when it does not come in time. */
  readonly tooLate: string;
  readonly expired: () => Error;
}

export interface Contender {
  /** Where it stands or stood last in the queue; undefined after it left. */
  readonly place: Place | undefined;
  /** First in the queue, as far as this process knows. */
  readonly held: boolean;
  /** Resolves when it is first. */
  contend(patient: boolean, options: WaitOptions): Promise<Place>;
  /** Deletes the own key; resolves to false when there was none. */
  leave(): Promise<boolean>;
  /** Takes up a place that an earlier life won. */
  resume(place: Place): void;
  /** The key was found gone. */
  depose(): void;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** The calls that wait for the chart. */
interface Desk {
  contending: Waiting<Place> | undefined;
  leaving: Waiting<boolean> | undefined;
}

function startChart(parts: ContenderParts, desk: Desk) {
  const { session } = parts;
  const { client } = session;
  const refuse = (error: Error): void => desk.contending?.reject(error);
  const provided = contenderMachine.provide({
    actors: {
      claim: fromPromise(() => parts.claim(session.signal)),
      awaitTurn: fromPromise(({ input, signal }) => awaitOldest(client, parts.rivals(), input.revision, signal)),
      confirm: fromPromise(({ input, signal }) => isThere(client, input, signal)),
      remove: fromPromise(({ input }) => remove(client, input)),
      withdraw: fromPromise(({ input }) => persistently(clockOf(client), session.signal, () => remove(client, input))),
    },
    actions: {
      tellFirst: ({ context }) => {
        if (context.place !== null) desk.contending?.resolve(context.place);
      },
      tellRefused: (_, error) => refuse(error),
      tellOccupied: () => refuse(errorOf('LockHeld')),
      tellExpired: () => refuse(parts.expired()),
      tellLeft: () => desk.leaving?.resolve(true),
      tellNothingHeld: () => desk.leaving?.resolve(false),
      tellStays: (_, error) => desk.leaving?.reject(error),
    },
  });
  return createActor(provided, actorOptions(parts.id, parts.inspect)).start();
}

export function contender(parts: ContenderParts): Contender {
  const { session } = parts;
  const desk: Desk = { contending: undefined, leaving: undefined };
  const actor = startChart(parts, desk);
  const send = (event: ContenderEvent): void => actor.send(event);
  if (session.signal.aborted) send({ type: 'sessionEnded' });
  else onAbort(session.signal, () => send({ type: 'sessionEnded' }));

  const settled = (signal: AbortSignal | undefined) =>
    waitFor(actor, (snapshot) => snapshot.hasTag('settled'), signal === undefined ? {} : { signal });

  return {
    get place() {
      return actor.getSnapshot().context.place ?? undefined;
    },
    get held() {
      return actor.getSnapshot().matches('held') && session.alive;
    },
    contend: async (patient, options) => {
      if (desk.contending !== undefined) throw busy(parts.id);
      const promise = new Promise<Place>((resolve, reject) => (desk.contending = { resolve, reject }));
      const giveUp = (error: Error): void => {
        desk.contending?.reject(error);
        send({ type: 'giveUp', error });
      };
      const unhook = whenOver(clockOf(session.client), parts.tooLate, options, giveUp);
      try {
        // What an earlier attempt left behind is withdrawn first: its late deletion must not meet a new key.
        await Promise.race([promise, settled(options.signal)]);
        send({ type: 'contend', patient });
        return await promise;
      } finally {
        desk.contending = undefined;
        unhook();
      }
    },
    leave: async () => {
      if (desk.leaving !== undefined || desk.contending !== undefined) throw busy(parts.id);
      await settled(undefined);
      const promise = new Promise<boolean>((resolve, reject) => (desk.leaving = { resolve, reject }));
      send({ type: 'leave' });
      return promise.finally(() => (desk.leaving = undefined));
    },
    resume: (place) => send({ type: 'resume', place }),
    depose: () => send({ type: 'deposed' }),
  };
}

const busy = (id: string): QuorateError =>
  new QuorateError('FailedPrecondition', `quorate: ${id}: another call is under way; await it first`);
