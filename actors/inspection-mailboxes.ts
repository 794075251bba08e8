/**
 * Who sends whom what, counted, and how many letters wait. Rooms are posted to without saying who posts; but a room
 * works on one letter at a time, so whoever is at work when a letter comes has sent it.
 */
import type { MailboxesTold } from '../machines/language/inspection.js';

interface Actor {
  readonly sessionId: string;
}

interface Box {
  readonly sessionId: string;
  readonly sourceId: string | null;
  readonly letter: string;
  count: number;
  waiting_max: number;
}

export interface Mailboxes<A extends Actor> {
  /** A letter comes; who sent it, null: somebody outside. */
  arrives(target: A, source: A | undefined, letter: string): A | null;
  /** The letter at work is handled. */
  handled(target: A): void;
  /** What came since the last time. Called when nobody is at work. */
  take(): MailboxesTold['boxes'];
}

export function createMailboxes<A extends Actor>(): Mailboxes<A> {
  const working: A[] = [];
  const waiting = new Map<A, number>();
  let boxes = new Map<string, Box>();
  return {
    arrives: (target, given, letter) => {
      const source = given ?? working.at(-1) ?? null;
      const isBusy = working.includes(target);
      if (isBusy) waiting.set(target, (waiting.get(target) ?? 0) + 1);
      else working.push(target);
      const name = `${target.sessionId} ${source?.sessionId ?? ''} ${letter}`;
      const box = boxes.get(name) ?? {
        sessionId: target.sessionId,
        sourceId: source?.sessionId ?? null,
        letter,
        count: 0,
        waiting_max: 0,
      };
      boxes.set(name, box);
      box.count += 1;
      box.waiting_max = Math.max(box.waiting_max, waiting.get(target) ?? 0);
      return source;
    },
    handled: (target) => {
      const left = waiting.get(target) ?? 0;
      if (left > 1) waiting.set(target, left - 1);
      else waiting.delete(target);
      if (left === 0 && working.at(-1) === target) working.pop();
    },
    take: () => {
      // An actor that failed at a letter never said that it was handled.
      working.length = 0;
      waiting.clear();
      const told = [...boxes.values()];
      boxes = new Map();
      return told;
    },
  };
}
