/** What the page reads: the messages of `/feed`, and the lines of a recorded file. */
import type { FeedMessage } from '../../feed.js';
import type { InspectionFrame } from '../../../../machines/language/inspection.js';

export function readMessage(text: string): FeedMessage {
  const message = JSON.parse(text) as FeedMessage | null;
  if (typeof message !== 'object' || message === null || !('kind' in message)) {
    throw new Error(`a message of the feed is an object with a kind, not ${text.slice(0, 80)}`);
  }
  return message;
}

/** One line of a recorded file. Says what is wrong with it by its number, counted from 1. */
export function readRecordedLine(line: string, number: number): InspectionFrame {
  const refuse = (why: string): never => {
    throw new Error(`line ${number} is no recorded frame: ${why}`);
  };
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    return refuse(`"${line.slice(0, 40)}" is not JSON`);
  }
  const frame = read as Partial<InspectionFrame> | null;
  if (typeof frame !== 'object' || frame === null) return refuse('it is no object');
  if (typeof frame.member !== 'string') return refuse('it names no member');
  if (typeof frame.at_ms !== 'number' || typeof frame.number !== 'number') return refuse('it has no time or no number');
  if (!Array.isArray(frame.events)) return refuse('it has no list of events');
  return frame as InspectionFrame;
}
