/**
 * The door of a node, and the street in front of it: requests go to every leader whose term is open, as queue groups of
 * old and new terms both hear a message; or to one member. Requests and answers travel through the same weather as
 * letters.
 */
import type { RequestId } from '../../machines/language/commands.js';
import type { Term } from '../../machines/language/vocabulary.js';
import type { Answer, Ask, ClientDoor, DoorHandlers, Request } from '../../transport/ports.js';
import { must } from './failure.js';
import type { Life } from './life.js';
import type { Network } from './network.js';
import type { World } from './world.js';

export interface Question {
  readonly request: Request;
  readonly id: RequestId | null;
  readonly timeout_ms: number;
}

/** Who answered: a member, in a life. */
export interface Answerer {
  readonly name: string;
  readonly life: Life;
  /** The highest revision that this life has answered anybody. */
  answered: number;
}

/** Every leader whose door is open; a member that hears a leader; one member by name. */
export type Addressee = 'leader' | 'anyone' | { readonly member: string };

export type OnAnswer = (answer: Answer, by: Answerer, answeredBefore: number) => void;

export interface Street {
  door(name: string, life: Life): ClientDoor;
  /** False when nobody listens: the question was not even sent. */
  ask(to: Addressee, question: Question, onAnswer: OnAnswer): boolean;
  /** Whether a member's door is open as a leader's. */
  leads(name: string): boolean;
  /** Whether a member hears a leader, and can be asked. */
  hears(name: string): boolean;
}

interface Room extends Answerer {
  handlers: DoorHandlers | null;
  serving: boolean;
  hears: boolean;
  readonly terms: Set<Term>;
  open: number;
  emptied: (() => void)[];
}

/** The name by which partitions know the clients. */
export const clients = 'clients';

export function createStreet(world: World, network: Network): Street {
  const rooms = new Map<string, Room>();

  const deliver = (room: Room, term: Term | null, question: Question, onAnswer: OnAnswer): void => {
    const arrivals = network.deliveries(clients, room.name);
    // Nothing but its id makes a change that is heard twice one change.
    const once = question.id === null && arrivals.length > 1;
    for (const delay_ms of once ? arrivals.slice(0, 1) : arrivals) {
      world.after(delay_ms, () =>
        room.life.reach(() => {
          if (room.handlers === null) return;
          room.open++;
          room.handlers.asked([askOf(world, network, room, term, question, onAnswer)]);
        }),
      );
    }
  };

  return {
    door(name, life) {
      const room: Room = {
        name,
        life,
        answered: 0,
        handlers: null,
        serving: false,
        hears: false,
        terms: new Set(),
        open: 0,
        emptied: [],
      };
      rooms.set(name, room);
      return doorOf(room);
    },
    ask(to, question, onAnswer) {
      const alive = [...rooms.values()].filter((room) => room.life.state !== 'over' && room.serving);
      if (to === 'leader') {
        const leading = alive.flatMap((room) => [...room.terms].map((term) => ({ room, term })));
        for (const { room, term } of leading) deliver(room, term, question, onAnswer);
        return leading.length > 0;
      }
      const able = alive.filter((room) => (to === 'anyone' ? room.hears : room.name === to.member));
      if (able.length === 0) return false;
      deliver(world.chance.pick(able), null, question, onAnswer);
      return true;
    },
    hears: (name) => rooms.get(name)?.hears ?? false,
    leads: (name) => (rooms.get(name)?.terms.size ?? 0) > 0,
  };
}

function askOf(
  world: World,
  network: Network,
  room: Room,
  term: Term | null,
  question: Question,
  onAnswer: OnAnswer,
): Ask {
  let over = false;
  const answeredBefore = room.answered;
  return {
    ...question,
    term,
    answer(answer) {
      if (room.life.state === 'over') return;
      must(!over, 'a request is answered once', { member: room.name, op: question.request.op });
      over = true;
      if (answer.ok) room.answered = Math.max(room.answered, answer.header.revision);
      if (--room.open === 0) for (const done of room.emptied.splice(0)) done();
      world.note(question.request.op, answer.ok ? answer.header.revision : -1);
      for (const delay_ms of network.deliveries(room.name, clients)) {
        world.after(delay_ms, () => onAnswer(answer, room, answeredBefore));
      }
    },
  };
}

const doorOf = (room: Room): ClientDoor => ({
  feed: { tell: () => true, beat: () => true, interruptions: 0 },
  open: async (_self, handlers) => void (room.handlers = handlers),
  serve: async () => void (room.serving = true),
  hearLeader: (heard) => void (room.hears = heard),
  lead: (term) => void room.terms.add(term),
  retire: (term) => void room.terms.delete(term),
  probe: () => undefined,
  meters: { served: new Map(), streams_opened: 0, links: [] },
  drain() {
    room.serving = false;
    return new Promise((done) => (room.open === 0 ? done() : room.emptied.push(done)));
  },
  close: async () => void (room.handlers = null),
});
