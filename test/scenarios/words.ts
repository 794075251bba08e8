/** How letters, entries and effects are written in scenarios. */
import { unreachable } from '../../machines/language/invariant.js';
import type {
  Effect,
  Entry,
  HardState,
  Letter,
  LogKept,
  Mark,
  PeerMessage,
} from '../../machines/language/vocabulary.js';

export const mark = ({ index, term }: Mark): string => `${index}/t${term}`;

export function entryWords(entry: Entry): string {
  if (entry.kind === 'empty') return `${mark(entry)} empty`;
  if (entry.kind === 'command') return `${mark(entry)} "${new TextDecoder().decode(entry.data)}"`;
  const { voters, learners } = entry.configuration;
  const names = [...voters.map(({ id }) => `${id}`), ...learners.map(({ id }) => `${id}(learner)`)];
  return `${mark(entry)} members ${names.join(' ')}`;
}

const entries = (list: readonly Entry[]): string => `[${list.map(entryWords).join(', ')}]`;

export function messageWords(message: PeerMessage | LogKept): string {
  const head = `${message.type} t${message.term}`;
  switch (message.type) {
    case 'log.kept':
      return `${head} up to ${mark(message.end)}`;
    case 'preVote.asked':
      return `${head} last ${mark(message.last)}`;
    case 'vote.asked':
      return `${head} last ${mark(message.last)}${message.transfer ? ' by transfer' : ''}`;
    case 'preVote.answered':
    case 'vote.answered':
      return `${head} ${message.granted ? 'granted' : 'refused'}`;
    case 'append.sent':
      return `${head} after ${mark(message.previous)} ${entries(message.entries)} commit ${message.commit}`;
    case 'append.accepted':
      return `${head} up to ${message.upTo}`;
    case 'append.refused': {
      const snapshot = message.needsSnapshot ? ', needs a snapshot' : '';
      return `${head} after ${message.previous}, hint ${mark(message.hint)}${snapshot}`;
    }
    case 'heartbeat.sent':
      return `${head} commit ${message.commit} round ${message.round}`;
    case 'heartbeat.answered':
      return `${head} round ${message.round}`;
    case 'snapshot.offered':
      return `${head} at ${mark(message.snapshot)}`;
    case 'snapshot.refused':
      return `${head} at ${message.index}: ${message.reason}`;
    case 'readIndex.asked':
      return `${head} read ${message.id}`;
    case 'readIndex.answered':
      return `${head} read ${message.id} ${message.index === null ? 'no index' : `index ${message.index}`}`;
    case 'campaign.asked':
      return head;
    default:
      return unreachable(message);
  }
}

const letterWords = ({ to, message }: Letter): string => `->${to} ${messageWords(message)}`;

const hardStateWords = (state: HardState): string => `t${state.term} vote ${state.vote ?? '-'} commit ${state.commit}`;

/** One line for an effect; its letters on lines of their own. */
export function effectWords(effect: Effect): readonly string[] {
  switch (effect.type) {
    case 'persist': {
      const what = effect.entries.length === 0 ? '' : ` ${entries(effect.entries)}`;
      return [
        `persist ${hardStateWords(effect.hardState)}${what} then`,
        ...effect.then.map((l) => `  ${letterWords(l)}`),
      ];
    }
    case 'send':
      return effect.letters.map(letterWords);
    case 'apply':
      return [`apply ${entries(effect.entries)}`];
    case 'confirmAppended':
      return [`confirm proposals ${effect.ids.join(' ')} from ${effect.first}/t${effect.term}`];
    case 'refuseProposals':
      return [`refuse proposals ${effect.ids.join(' ')}: ${effect.reason}`];
    case 'answerRead':
      return [`answer read ${effect.id} at ${effect.index}`];
    case 'voidReads':
      return [`void reads ${effect.ids.join(' ')}`];
    case 'openDoor':
    case 'closeDoor':
      return [`${effect.type} t${effect.term}`];
    case 'announce':
      return [`announce ${effect.role} t${effect.term}, leader ${effect.leader ?? '-'}`];
    case 'prepareSnapshot':
    case 'dropSnapshot':
      return [`${effect.type} for ${effect.to}`];
    case 'installSnapshot':
      return [`installSnapshot of ${effect.from} at ${mark(effect.snapshot)}`];
    case 'trimLog':
      return [`trimLog up to ${mark(effect.mark)}`];
    case 'retire':
      return ['retire'];
    default:
      return unreachable(effect);
  }
}
