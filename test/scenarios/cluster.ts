/**
 * A cluster for scenarios: real raft charts, logs in memory, and every letter and write waiting until it is told to
 * go.
 */
import type { Actor } from 'xstate';
import type {
  Configuration,
  Effect,
  EffectOf,
  Entry,
  HardState,
  LogKept,
  MemberId,
  PeerMessage,
  RaftEvent,
  SnapshotMark,
} from '../../machines/language/vocabulary.js';
import { index, memberId, term } from '../../machines/language/vocabulary.js';
import { playRaft, type RaftMachine } from '../charts/raft-player.js';
import { MemoryLog } from '../model/memory-log.js';
import { stateName } from './status.js';
import { effectWords, mark, messageWords } from './words.js';

export const settings = {
  heartbeat_ticks: 2,
  election_ticks: 10,
  log_entries_before_trim: 1000,
  log_entries_kept: 500,
};

export interface Waiting {
  readonly from: MemberId;
  readonly to: MemberId;
  readonly message: PeerMessage;
}

type Job = EffectOf<'persist'> | EffectOf<'trimLog'> | { readonly type: 'install'; readonly mark: SnapshotMark };

export interface Node {
  readonly id: MemberId;
  log: MemoryLog;
  state: SnapshotMark;
  jobs: Job[];
  /** Reports of the own rooms (applied, snapshots), not yet heard. */
  reports: RaftEvent[];
  actor: Actor<RaftMachine> | null;
}

export class Cluster {
  readonly nodes = new Map<MemberId, Node>();
  letters: Waiting[] = [];
  readonly cut = new Set<MemberId>();
  /** Every state that some node was in. */
  readonly visited = new Set<string>();
  private lines: string[] = [];
  private lastProposal = 0;
  private lastSnapshot = 0;

  private broken: Error | undefined;

  constructor(
    readonly machine: RaftMachine,
    readonly trim: { before: number; kept: number } = { before: 1000, kept: 500 },
  ) {}

  takeLines(): string {
    const text = this.lines.join('\n');
    this.lines = [];
    return text;
  }
  say(line: string): void {
    this.lines.push(line);
  }

  add(id: MemberId, configuration: Configuration, entries: readonly Entry[], hardState: HardState): void {
    const start = { index: index(0), term: term(0), configuration };
    const log = new MemoryLog(start, entries, hardState);
    this.nodes.set(id, { id, log, state: start, jobs: [], reports: [], actor: null });
    this.start(id);
  }

  node(id: MemberId): Node {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id}; there are ${[...this.nodes.keys()].join(' ')}`);
    return node;
  }

  start(id: MemberId): void {
    const node = this.node(id);
    const input = {
      self: id,
      hardState: node.log.hardState,
      log: node.log,
      configurations: node.log.configurations,
      applied: node.state.index,
      seed: Number(id) * 7,
      behind: node.log.start.index > node.state.index,
      settings: { ...settings, log_entries_before_trim: this.trim.before, log_entries_kept: this.trim.kept },
    };
    const failed = (error: Error): void => void (this.broken = error);
    node.actor = playRaft(this.machine, input, (effect) => this.handle(node, effect), failed);
    node.actor.start();
    if (this.broken !== undefined) throw this.broken;
  }

  /** The process dies: what was not written is gone. What is on its way to it may find the next one. */
  crash(id: MemberId): void {
    const node = this.node(id);
    node.actor?.stop();
    node.actor = null;
    node.jobs = [];
    node.reports = [];
  }

  tell(id: MemberId, event: RaftEvent, words: string): void {
    const { actor } = this.node(id);
    if (actor === null) return;
    const at = this.lines.length;
    actor.send(event);
    if (this.broken !== undefined) throw this.broken;
    this.visited.add(stateName(actor.getSnapshot().value));
    this.lines.splice(at, 0, `${id} ${words}`);
  }

  propose(id: MemberId, texts: readonly string[], inTerm?: number): void {
    const { actor } = this.node(id);
    const batch = texts.map((text) => ({ id: ++this.lastProposal as never, data: new TextEncoder().encode(text) }));
    const accepted = inTerm === undefined ? actor?.getSnapshot().context.hardState.term : term(inTerm);
    if (accepted === undefined) return;
    this.tell(id, { type: 'proposed', term: accepted, batch }, `is proposed ${texts.join(' ')}`);
  }

  change(id: MemberId, type: 'addLearner' | 'addVoter' | 'promote' | 'remove', who: MemberId): void {
    const { actor } = this.node(id);
    if (actor === null) return;
    const change =
      type === 'promote' || type === 'remove' ? { type, member: who } : { type, member: { id: who, name: `n${who}` } };
    const inTerm = actor.getSnapshot().context.hardState.term;
    const proposal = ++this.lastProposal as never;
    this.tell(id, { type: 'change.proposed', id: proposal, term: inTerm, change }, `is asked to ${type} ${who}`);
  }

  /** Writes what waits in the node's log room, one write for all of it, and lets the letters go that hung on it. */
  write(id: MemberId, count = Number.POSITIVE_INFINITY): boolean {
    const node = this.node(id);
    if (node.jobs.length === 0) return false;
    const jobs = node.jobs.splice(0, count);
    const own: { message: LogKept | PeerMessage }[] = [];
    for (const job of jobs) {
      if (job.type === 'trimLog') node.log.trim(job.mark);
      else if (job.type === 'install') this.install(node, job.mark);
      else {
        node.log.write(job);
        for (const { to, message } of job.then) {
          if (to === 'self') own.push({ message });
          else this.post({ from: id, to, message });
        }
      }
    }
    for (const { message } of own) this.tell(id, message, `hears itself: ${messageWords(message)}`);
    return true;
  }

  private install(node: Node, at: SnapshotMark): void {
    node.log.install(at);
    node.state = at;
    node.reports.push({ type: 'snapshot.installed', mark: at });
  }

  /** The node's own rooms report what they have done. */
  report(id: MemberId): boolean {
    const { reports } = this.node(id);
    const report = reports.shift();
    if (report === undefined) return false;
    if (report.type === 'snapshot.installed') this.tell(id, report, `has installed a snapshot at ${mark(report.mark)}`);
    else if (report.type === 'snapshot.prepared') this.tell(id, report, `has a snapshot for ${report.to}`);
    else if (report.type === 'applied') this.tell(id, report, `has applied ${report.index}`);
    else this.tell(id, report, report.type);
    return true;
  }

  /** A letter leaves; where a node is cut off or down, it is lost. */
  private post(letter: Waiting): void {
    const lost = this.cut.has(letter.from) || this.cut.has(letter.to) || !this.nodes.get(letter.to)?.actor;
    if (!lost) this.letters.push(letter);
  }

  isolate(id: MemberId): void {
    this.cut.add(id);
    this.letters = this.letters.filter(({ from, to }) => from !== id && to !== id);
  }

  /** Hears the first waiting letter that fits. */
  deliver(fits: (letter: Waiting) => boolean): boolean {
    const at = this.letters.findIndex((letter) => fits(letter) && this.nodes.get(letter.to)?.actor !== null);
    const letter = this.letters[at];
    if (letter === undefined) return false;
    this.letters.splice(at, 1);
    this.tell(letter.to, letter.message, `hears ${letter.from}: ${messageWords(letter.message)}`);
    return true;
  }

  stabilize(ids: readonly MemberId[]): void {
    const among = (id: MemberId): boolean => ids.includes(id);
    for (let step = 0; step < 1000; step++) {
      const wrote = ids.some((id) => this.nodes.get(id)?.actor !== null && (this.write(id) || this.report(id)));
      if (!wrote && !this.deliver(({ from, to }) => among(from) && among(to))) return;
    }
    throw new Error('1000 steps and the cluster is not stable');
  }

  private handle(node: Node, effect: Effect): void {
    for (const line of effectWords(effect)) this.say(`  ${line}`);
    if (effect.type === 'persist' || effect.type === 'trimLog') node.jobs.push(effect);
    if (effect.type === 'installSnapshot') node.jobs.push({ type: 'install', mark: effect.snapshot });
    if (effect.type === 'send') {
      for (const { to, message } of effect.letters) {
        if (to !== 'self') this.post({ from: node.id, to, message });
      }
    }
    if (effect.type === 'apply') {
      for (const entry of effect.entries) {
        const { configuration } = entry.kind === 'configuration' ? entry : node.state;
        node.state = { index: entry.index, term: entry.term, configuration };
      }
      if (this.trim.before < 1000) node.reports.push({ type: 'applied', index: node.state.index });
    }
    if (effect.type === 'prepareSnapshot') {
      const snapshot = { ...node.state, id: `s${++this.lastSnapshot}`, size_bytes: 1000 };
      node.reports.push({ type: 'snapshot.prepared', to: effect.to, snapshot });
    }
  }
}

export const asId = (text: string): MemberId => memberId(BigInt(text));
