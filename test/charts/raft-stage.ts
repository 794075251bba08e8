/** One raft chart on a stage: events in, effects out, with a log in memory that writes only when it is told to. */
import type {
  Configuration,
  Effect,
  EffectOf,
  Entry,
  Letter,
  LogKept,
  MemberId,
  PeerMessage,
  RaftEvent,
  Role,
} from '../../machines/language/vocabulary.js';
import { index, memberId, term } from '../../machines/language/vocabulary.js';
import type { RaftContext } from '../../machines/raft/context.js';
import { roleOf } from '../../machines/raft/raft.machine.js';
import { atBirth, MemoryLog } from '../model/memory-log.js';
import { playRaft, type RaftMachine } from './raft-player.js';

export const [n1, n2, n3, n4, n5] = [1n, 2n, 3n, 4n, 5n].map(memberId) as [
  MemberId,
  MemberId,
  MemberId,
  MemberId,
  MemberId,
];

const member = (id: MemberId) => ({ id, name: `n${id}` });
export const members = (voters: readonly MemberId[], learners: readonly MemberId[] = []): Configuration => ({
  voters: voters.map(member),
  learners: learners.map(member),
});

export const command = (at: number, inTerm: number, text = `e${at}`): Entry => ({
  index: index(at),
  term: term(inTerm),
  kind: 'command',
  data: new TextEncoder().encode(text),
});

const settings = {
  heartbeat_ticks: 2,
  election_ticks: 10,
  log_entries_before_trim: 1000,
  log_entries_kept: 500,
};

export interface StageOptions {
  readonly configuration?: Configuration;
  /** The terms of the entries from 1 on; the first entry is the membership. */
  readonly terms?: readonly number[];
  /** What follows them. */
  readonly more?: readonly Entry[];
  readonly term?: number;
  readonly commit?: number;
  readonly applied?: number;
  readonly behind?: boolean;
  readonly vote?: MemberId | null;
  /** For its election timeouts. */
  readonly seed?: number;
  /** The text of every command; short by default. */
  readonly text?: string;
}

export interface Stage {
  readonly log: MemoryLog;
  readonly context: RaftContext;
  readonly role: Role;
  readonly state: string;
  readonly error: unknown;
  /** All effects since they were last taken. */
  take(): readonly Effect[];
  tell(event: RaftEvent): readonly Effect[];
  tick(times: number): readonly Effect[];
  /** Ticks until its election is due and it is no follower any more. */
  campaign(): void;
  /** Writes what waits; the letters to others that hung on it, after the own ones were heard. */
  write(): readonly Exclude<Letter, { readonly to: 'self' }>[];
}

function raftOn(machine: RaftMachine, options: StageOptions): Stage {
  const configuration = options.configuration ?? members([n1, n2, n3]);
  const entries = (options.terms ?? [1]).map((t, i): Entry =>
    i === 0
      ? { index: index(1), term: term(t), kind: 'configuration', configuration }
      : command(i + 1, t, options.text),
  );
  const hardState = {
    term: term(options.term ?? entries[entries.length - 1]?.term ?? 1),
    vote: options.vote ?? null,
    commit: index(options.commit ?? 1),
  };
  const log = new MemoryLog(atBirth(configuration), [...entries, ...(options.more ?? [])], hardState);
  let effects: Effect[] = [];
  let jobs: EffectOf<'persist'>[] = [];
  let error: unknown = null;
  const heard = (effect: Effect): void => {
    effects.push(effect);
    if (effect.type === 'persist') jobs.push(effect);
  };
  const input = {
    self: n1,
    hardState,
    log,
    configurations: log.configurations,
    applied: index(options.applied ?? 0),
    seed: options.seed ?? 7,
    behind: options.behind ?? false,
    settings,
  };
  const actor = playRaft(machine, input, heard, (reason) => (error = reason));
  actor.start();
  const take = (): readonly Effect[] => {
    const taken = effects;
    effects = [];
    return taken;
  };
  const tell = (event: RaftEvent): readonly Effect[] => {
    effects = [];
    actor.send(event);
    return take();
  };
  return {
    log,
    get context() {
      return actor.getSnapshot().context;
    },
    get role() {
      return roleOf(actor.getSnapshot());
    },
    get state() {
      const { value } = actor.getSnapshot();
      return typeof value === 'string' ? value : Object.entries(value).join().replace(',', '.');
    },
    get error() {
      return error;
    },
    take,
    tell,
    tick: (times) => Array.from({ length: times }, () => tell({ type: 'tick', now_ms: 0 })).flat(),
    campaign() {
      for (let i = 0; i < 2 * settings.election_ticks; i++) {
        tell({ type: 'tick', now_ms: 0 });
        if (roleOf(actor.getSnapshot()) !== 'follower') return;
      }
      throw new Error('two election timeouts have passed, and no election is due');
    },
    write() {
      const written = jobs;
      jobs = [];
      for (const job of written) log.write(job);
      const out: Exclude<Letter, { readonly to: 'self' }>[] = [];
      for (const letter of written.flatMap((job) => job.then)) {
        if (letter.to === 'self') actor.send(letter.message);
        else out.push(letter);
      }
      return out;
    },
  };
}

/** The stage as a leader of term 2 with its first entry committed by n2. */
function leaderOn(machine: RaftMachine, options: StageOptions): Stage {
  const stage = raftOn(machine, options);
  stage.campaign();
  const { term: now } = stage.context.hardState;
  const { campaign } = stage.context;
  const next = term(now + 1);
  stage.tell({ type: 'preVote.answered', from: n2, term: next, campaign, granted: true });
  stage.tell({ type: 'preVote.answered', from: n3, term: next, campaign, granted: true });
  stage.write();
  stage.tell({ type: 'vote.answered', from: n2, term: next, campaign: campaign + 1, granted: true });
  stage.tell({ type: 'vote.answered', from: n3, term: next, campaign: campaign + 1, granted: true });
  stage.write();
  const last = stage.context.opened;
  stage.tell({ type: 'append.accepted', from: n2, term: next, upTo: last });
  stage.tell({ type: 'append.accepted', from: n3, term: next, upTo: last });
  stage.take();
  return stage;
}

/** The stage as a follower that hears n2 lead in its term. */
function followerOn(machine: RaftMachine, options: StageOptions): Stage {
  const stage = raftOn(machine, options);
  stage.tell({
    type: 'heartbeat.sent',
    from: n2,
    term: stage.context.hardState.term,
    commit: index(0),
    round: 1 as never,
  });
  stage.take();
  return stage;
}

/** What a story stands on: the chart itself, or one with something taken out. */
export interface Stages {
  readonly machine: RaftMachine;
  readonly raftOn: (options?: StageOptions) => Stage;
  readonly leaderOn: (options?: StageOptions) => Stage;
  readonly followerOn: (options?: StageOptions) => Stage;
}
export const stagesOf = (machine: RaftMachine): Stages => ({
  machine,
  raftOn: (options = {}) => raftOn(machine, options),
  leaderOn: (options = {}) => leaderOn(machine, options),
  followerOn: (options = {}) => followerOn(machine, options),
});

type Story = (stages: Stages) => void;
export type Stories = ReadonlyMap<string, Story>;

/** Stories are told of any chart, so that they can be told of one that is broken (honest.test.ts). */
export function storybook(): { readonly stories: Stories; readonly story: (name: string, story: Story) => void } {
  const stories = new Map<string, Story>();
  return { stories, story: (name, story) => void stories.set(name, story) };
}

export const effectsOf = <T extends Effect['type']>(effects: readonly Effect[], type: T): readonly EffectOf<T>[] =>
  effects.filter((effect): effect is EffectOf<T> => effect.type === type);

/** The letters that leave at once. */
export const sent = (effects: readonly Effect[]): readonly PeerMessage[] =>
  effectsOf(effects, 'send').flatMap((effect) => effect.letters.map((letter) => letter.message as PeerMessage));

/** The letters that hang on writes, those to oneself left out. */
export const promised = (effects: readonly Effect[]): readonly (PeerMessage | LogKept)[] =>
  effectsOf(effects, 'persist').flatMap((effect) =>
    effect.then.filter((letter) => letter.to !== 'self').map((letter) => letter.message),
  );
