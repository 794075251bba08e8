/**
 * What every peer transport does alike: letters of one turn become frames, frames become letters, questions get their
 * answers.
 */
import type { Clock } from '../machines/language/time.js';
import type {
  ClusterId,
  Configuration,
  MemberId,
  PeerMessage,
  SnapshotOffer,
} from '../machines/language/vocabulary.js';
import {
  createGate,
  joinGate,
  openFrame,
  sealBirth,
  sealMessages,
  sealPiece,
  sealPull,
  type Opened,
} from './peer-gate.js';
import {
  type BirthMessage,
  LinkError,
  type PeerHandlers,
  type PeerMeters,
  type PeerTransport,
  type Self,
} from './ports.js';
import { createPeerCounter } from './peer-meters.js';
import type { Channel } from './subjects.js';

const PULL_TIMEOUT_MS = 5_000;

export interface PeerPostOptions {
  readonly self: Self;
  readonly handlers: PeerHandlers;
  readonly key: Uint8Array | null;
  readonly clock: Clock;
  /** Brings a frame on its way to a member (or, before there is a cluster, to a name). False: it is lost already. */
  publish(to: MemberId | string, channel: Channel, frame: Uint8Array): boolean;
}

export interface PeerPost extends Pick<PeerTransport, 'join' | 'send' | 'sendBirth' | 'pull'> {
  /** A frame has come. */
  receive(frame: Uint8Array): void;
  readonly meters: Omit<PeerMeters, 'links'>;
  /** Ends the questions that are open. */
  close(): void;
}

/** Entries go by the bulk connection; everything else is small, and a heartbeat must not wait behind entries. */
const channelOf = (message: PeerMessage): Channel => (message.type === 'append.sent' ? 'bulk' : 'control');

interface Parcel {
  readonly to: MemberId;
  readonly channel: Channel;
  readonly messages: PeerMessage[];
}

/** Letters to one receiver by one channel share a frame; their order stays. */
function groupLetters(letters: Parameters<PeerTransport['send']>[0]): readonly Parcel[] {
  const parcels: Parcel[] = [];
  for (const { to, message } of letters) {
    const channel = channelOf(message);
    const parcel = parcels.find((each) => each.to === to && each.channel === channel);
    if (parcel === undefined) parcels.push({ to, channel, messages: [message] });
    else parcel.messages.push(message);
  }
  return parcels;
}

interface OpenQuestion {
  readonly to: MemberId;
  readonly timer: unknown;
  resolve(bytes: Uint8Array | null): void;
  reject(error: Error): void;
}

/** Brings the piece that is asked for to `answer`. */
async function answerPull(
  handlers: PeerHandlers,
  { from, pull }: Opened & { readonly kind: 'pull' },
  answer: (bytes: Uint8Array | null) => void,
): Promise<void> {
  try {
    answer(await handlers.piece(from, pull.id, pull.number));
  } catch (error) {
    handlers.dropped(`snapshot piece: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function createPeerPost(options: PeerPostOptions): PeerPost {
  const { self, handlers, clock } = options;
  const counter = createPeerCounter(clock);
  const gate = createGate(self, options.key);
  const questions = new Map<number, OpenQuestion>();
  let asked = 0;

  const publish = (to: MemberId, channel: Channel, frame: Uint8Array, messages: readonly PeerMessage[] = []): void =>
    counter.sent(to, frame.length, messages, options.publish(to, channel, frame));

  const take = (number: number): OpenQuestion | undefined => {
    const question = questions.get(number);
    questions.delete(number);
    if (question !== undefined) clock.clearTimeout(question.timer);
    return question;
  };

  const handle = (opened: Opened): void => {
    switch (opened.kind) {
      case 'messages':
        for (let i = 0; i < opened.dropped; i++) handlers.dropped('answer to an earlier life');
        for (const message of opened.messages) handlers.message(message);
        return;
      case 'birth':
        return handlers.birth({ id: opened.id, name: opened.name }, opened.message);
      case 'pull':
        return void answerPull(handlers, opened, (bytes) =>
          publish(opened.from, 'snapshot', sealPiece(gate, opened.from, { question: opened.pull.question, bytes })),
        );
      case 'piece':
        if (questions.get(opened.piece.question)?.to === opened.from) {
          take(opened.piece.question)?.resolve(opened.piece.bytes);
        }
        return;
      case 'dropped':
        return handlers.dropped(opened.reason, opened.from);
    }
  };

  return {
    join: (cluster: ClusterId, configuration: Configuration) => joinGate(gate, cluster, configuration),
    send: (letters) => {
      for (const { to, channel, messages } of groupLetters(letters)) {
        publish(to, channel, sealMessages(gate, to, messages), messages);
      }
    },
    sendBirth: (toName: string, message: BirthMessage) =>
      void options.publish(toName, 'control', sealBirth(gate, toName, message)),
    pull: (from: MemberId, offer: SnapshotOffer, number: number) =>
      new Promise((resolve, reject) => {
        const question = ++asked;
        const late = () =>
          take(question)?.reject(new LinkError('timeout', `no piece ${number} of snapshot ${offer.id}`));
        questions.set(question, { to: from, timer: clock.setTimeout(late, PULL_TIMEOUT_MS), resolve, reject });
        publish(from, 'snapshot', sealPull(gate, from, { question, id: offer.id, number }));
      }),
    receive: (frame) => {
      const opened = openFrame(gate, frame);
      counter.heard(opened, frame.length);
      handle(opened);
    },
    meters: counter.meters,
    close: () => {
      for (const number of [...questions.keys()])
        take(number)?.reject(new LinkError('closed', 'the transport is closed'));
    },
  };
}
