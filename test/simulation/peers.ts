/** Letters between simulated members: sealed and opened by the real gate, carried by the simulated weather. */
import type { MemberId } from '../../machines/language/vocabulary.js';
import {
  createGate,
  type Gate,
  joinGate,
  type Opened,
  openFrame,
  sealBirth,
  sealMessages,
  sealPiece,
  sealPull,
} from '../../transport/peer-gate.js';
import type { PeerHandlers, PeerTransport } from '../../transport/ports.js';
import type { Life } from './life.js';
import type { Network } from './network.js';
import type { World } from './world.js';

/** How a frame is opened: the honest gate, or a broken one. */
export type OpenFrame = (gate: Gate, frame: Uint8Array) => Opened;

export interface Post {
  peers(name: string, life: Life): PeerTransport;
}

interface Box {
  readonly name: string;
  readonly life: Life;
  gate: Gate | null;
  handlers: PeerHandlers | null;
  readonly pulls: Map<number, (bytes: Uint8Array | null) => void>;
}

const pull_ms_max = 2_000;

export function createPost(world: World, network: Network, open: OpenFrame = openFrame): Post {
  const boxes = new Map<string, Box>();
  const names = new Map<MemberId, string>();

  const carry = (from: string, to: string | undefined, frame: Uint8Array): void => {
    if (to === undefined) return;
    for (const delay_ms of network.deliveries(from, to)) {
      // Who listens is known on arrival: a late frame may find another life.
      world.after(delay_ms, () => {
        const box = boxes.get(to);
        box?.life.reach(() => hear(box, frame));
      });
    }
  };

  const hear = (box: Box, frame: Uint8Array): void => {
    const { gate, handlers } = box;
    if (gate === null || handlers === null) return;
    const opened = open(gate, frame);
    switch (opened.kind) {
      case 'messages':
        for (const message of opened.messages) {
          world.note(message.type, message.term);
          handlers.message(message);
        }
        return;
      case 'birth':
        return handlers.birth({ id: opened.id, name: opened.name }, opened.message);
      case 'pull': {
        const { from, pull } = opened;
        void handlers.piece(from, pull.id, pull.number).then((bytes) => {
          carry(box.name, names.get(from), sealPiece(gate, from, { question: pull.question, bytes }));
        });
        return;
      }
      case 'piece':
        return box.pulls.get(opened.piece.question)?.(opened.piece.bytes);
      case 'dropped':
        return handlers.dropped(opened.reason);
    }
  };

  return {
    peers(name, life) {
      const box: Box = { name, life, gate: null, handlers: null, pulls: new Map() };
      boxes.set(name, box);
      return peersOf(box, names, carry);
    },
  };
}

function peersOf(
  box: Box,
  names: Map<MemberId, string>,
  carry: (from: string, to: string | undefined, frame: Uint8Array) => void,
): PeerTransport {
  let questions = 0;
  const gateOf = (): Gate => {
    if (box.gate === null) throw new Error('the peers of a node are used before they are open');
    return box.gate;
  };
  return {
    async open(self, handlers) {
      box.gate = createGate(self, null);
      box.handlers = handlers;
      names.set(self.member.id, box.name);
    },
    join: (cluster, configuration) => joinGate(gateOf(), cluster, configuration),
    send(letters) {
      for (const to of new Set(letters.map((letter) => letter.to))) {
        const messages = letters.filter((letter) => letter.to === to).map((letter) => letter.message);
        carry(box.name, names.get(to), sealMessages(gateOf(), to, messages));
      }
    },
    sendBirth: (to, message) => carry(box.name, to, sealBirth(gateOf(), to, message)),
    pull(from, offer, number) {
      const question = ++questions;
      return new Promise((resolve, reject) => {
        const timer = box.life.clock.setTimeout(() => {
          box.pulls.delete(question);
          reject(new Error(`no piece ${number} of snapshot ${offer.id} within ${pull_ms_max} ms`));
        }, pull_ms_max);
        box.pulls.set(question, (bytes) => {
          box.pulls.delete(question);
          box.life.clock.clearTimeout(timer);
          resolve(bytes);
        });
        carry(box.name, names.get(from), sealPull(gateOf(), from, { question, id: offer.id, number }));
      });
    },
    probe: () => undefined,
    async close() {
      box.handlers = null;
    },
  };
}
