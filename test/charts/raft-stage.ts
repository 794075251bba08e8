/** One raft chart on a stage: events in, effects out, with a log in memory that writes only when it is told to. */
import { createActor } from 'xstate';
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
import { raftMachine, roleOf } from '../../machines/raft/raft.machine.js';
import { atBirth, MemoryLog } from '../model/memory-log.js';

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
  readonly term?: number;
  readonly commit?: number;
  readonly applied?: number;
  readonly behind?: boolean;
  readonly vote?: MemberId | null;
  /** The text of every command; short by default. */
  readonly text?: string;
  readonly machine?: typeof raftMachine;
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
  /** Writes what waits; the letters to others that hung on it, after the own ones were heard. */
  write(): readonly Exclude<Letter, { readonly to: 'self' }>[];
}

export function raftOn(options: StageOptions = {}): Stage {
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
  const log = new MemoryLog(atBirth(configuration), entries, hardState);
  let effects: Effect[] = [];
  let jobs: EffectOf<'persist'>[] = [];
  let error: unknown = null;
  const ready = (_: unknown, params: { readonly effects: readonly Effect[] }): void => {
    for (const effect of params.effects) {
      effects.push(effect);
      if (effect.type === 'persist') jobs.push(effect);
    }
  };
  const actor = createActor((options.machine ?? raftMachine).provide({ actions: { ready } }), {
    input: {
      self: n1,
      hardState,
      log,
      configurations: log.configurations,
      applied: index(options.applied ?? 0),
      seed: 7,
      behind: options.behind ?? false,
      settings,
    },
  });
  actor.subscribe({ error: (reason) => (error = reason) });
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
export function leaderOn(options: StageOptions = {}): Stage {
  const stage = raftOn(options);
  while (stage.role === 'follower') stage.tick(1);
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
export function followerOn(options: StageOptions = {}): Stage {
  const stage = raftOn(options);
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
