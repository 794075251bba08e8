/** What is said of peer frames that change nothing: what it means, and not twenty times a second. */
import { hex16 } from '../machines/language/bytes.js';
import type { Configuration, Member, MemberId } from '../machines/language/vocabulary.js';
import { DirectoryError } from '../store/ports.js';
import type { NodePorts } from './ports.js';
import { createTally, type TallyBounds } from './tally.js';

/** Senders are whoever can publish, under as many names as they like: the first ones are told apart. */
const KINDS_MAX = 64;
const bounds: TallyBounds = { quiet_ms: 60_000, kinds_max: KINDS_MAX };

interface Dropped {
  readonly reason: string;
  readonly from: string | undefined;
}

/** For people: the first frame of a kind at once, then at most once a minute how many more there were. */
export function tellDropped({ journal, clock }: Pick<NodePorts, 'journal' | 'clock'>, self: string) {
  const tell = ({ reason, from }: Dropped, times: number, first: boolean): void => {
    const more = first ? {} : { since_then: times - 1 };
    const level = reason === 'answer to an earlier life' ? 'info' : 'warn';
    const sender = from === undefined ? {} : { from };
    journal[level]('peer frame dropped', { reason, ...sender, ...more, ...meaning(reason, from, self) });
  };
  const tally = createTally(clock, tell, bounds);
  return (reason: string, from?: string): void => tally.note(`${reason} ${from ?? ''}`, { reason, from });
}

function meaning(reason: string, from: string | undefined, self: string): Record<string, string> {
  switch (reason) {
    case 'signature':
      return {
        meaning:
          "not signed with this cluster's key: another cluster of this name, or a member with another --peer-key-file",
      };
    case 'foreign cluster':
      return { meaning: `${from ?? 'somebody'} is a member of another cluster with this name` };
    case 'not a member':
      return { meaning: `its sender calls itself ${from ?? 'a member'}, but is not one of this cluster's members` };
    case 'epoch':
      return {
        meaning:
          `another process was started as ${from ?? 'this member'} after its sender: two run on copies of one data ` +
          'directory, or an old one has not ended. Only the one started last is heard: stop the other',
      };
    case 'answer to an earlier life':
      return { meaning: `it answers what ${self} asked before it was started again` };
    default:
      return {};
  }
}

/** The end of a process that members do not hear any more. */
export const supersededError = (name: string): DirectoryError =>
  new DirectoryError(
    `another process was started as ${name} after this one, on a copy of this data directory, and the members hear ` +
      `that one: run one process as ${name}, on one directory. If no other runs, this directory is older than one ` +
      'that did; start it again only if that one is gone for good',
  );

/** Told once for each identity that asks to be a member of a name that this cluster knows under another. */
export function tellStrangers({ journal }: Pick<NodePorts, 'journal'>) {
  const told = new Set<MemberId>();
  return (configuration: Configuration, from: Member): void => {
    if (!isStranger(configuration, from) || told.has(from.id) || told.size >= KINDS_MAX) return;
    told.add(from.id);
    journal.warn(strangerText(from));
  };
}

/** Known by name, and with another identity. */
const isStranger = ({ voters, learners }: Configuration, from: Member): boolean =>
  [...voters, ...learners].some(({ name, id }) => name === from.name && id !== from.id);

const strangerText = (from: Member): string =>
  `a process with an empty data directory asks to be ${from.name}; it has the identity ${hex16(from.id)}, which is ` +
  `not the one that this cluster knows. A second process as ${from.name}? Stop it. Or has ${from.name} lost its ` +
  'directory? It takes part once the cluster has taken in its new identity';
