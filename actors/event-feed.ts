/**
 * The room of the event feed: while this member leads, it tells every event that was written, once, to whoever listens
 * (`--event-feed`). It promises nothing: what is not told shows as a gap in a running number, and whoever sees one asks
 * for the history.
 */
import { fromCallback } from 'xstate';
import { newNumbers, numberEvent, type Numbers, tokensOf } from '../machines/event-feed.js';
import { unreachable } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import type { Revision, Term } from '../machines/language/vocabulary.js';
import type { Written } from '../store/ports.js';
import type { EventFeedLetter } from './mail.js';
import type { NodePorts, NodeSettings } from './ports.js';

export interface EventFeedInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
}

/** One term's. */
interface Telling {
  readonly ports: NodePorts;
  readonly term: Term;
  readonly numbers: Numbers;
  revision: Revision;
  unsent_revision: Revision;
  /** Of the door, as far as `unsent_revision` takes account of them. */
  interruptions: number;
  beat_ms: number;
}

export const eventFeedRoom = fromCallback<EventFeedLetter, EventFeedInput>(
  ({ input: { ports, settings }, receive }) => {
    let telling: Telling | null = null;
    receive((letter) => {
      switch (letter.type) {
        case 'openDoor':
          if (settings.event_feed) telling = begin(ports, letter.term);
          return;
        case 'closeDoor':
          telling = null;
          return;
        case 'written':
          if (telling !== null) tellAll(telling, letter.written);
          return;
        case 'tick':
          if (telling !== null && letter.now_ms - telling.beat_ms >= limits.event_feed_beat_ms)
            beat(telling, letter.now_ms);
          return;
        default:
          return unreachable(letter);
      }
    });
  },
);

/** What happened before a term began, the leader before this one may not have told. */
function begin(ports: NodePorts, term: Term): Telling {
  const { revision } = ports.kv.status;
  const { interruptions } = ports.door.feed;
  const numbers = newNumbers();
  const telling = { ports, term, numbers, revision, unsent_revision: revision, interruptions, beat_ms: 0 };
  beat(telling, ports.clock.now_ms());
  return telling;
}

function tellAll(telling: Telling, written: Written): void {
  const { ports, term, numbers } = telling;
  for (const { revision, events } of written.events) {
    for (const [sub, event] of events.entries()) {
      const tokens = tokensOf(event.kv.key);
      // [safety] It has its numbers whether or not it leaves: those who miss it see that they do.
      const told = ports.door.feed.tell({
        term,
        revision,
        sub,
        tokens,
        numbers: numberEvent(numbers, tokens),
        event,
      });
      if (!told) telling.unsent_revision = revision;
    }
  }
  telling.revision = written.revision;
}

function beat(telling: Telling, now_ms: number): void {
  const { feed } = telling.ports.door;
  // What was told just before the connection broke may be lost, and nobody can say which of it.
  if (feed.interruptions !== telling.interruptions) telling.unsent_revision = telling.revision;
  telling.interruptions = feed.interruptions;
  telling.beat_ms = now_ms;
  feed.beat({ term: telling.term, revision: telling.revision, unsent_revision: telling.unsent_revision });
}
