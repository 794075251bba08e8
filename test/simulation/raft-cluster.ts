/**
 * A cluster of bare raft machines under faults: the level of the simulation that finds mistakes in the protocol
 * fastest.
 */
import {
  index,
  memberId,
  term,
  type Configuration,
  type Effect,
  type MemberId,
  type PeerMessage,
  type ProposalId,
  type ReadId,
} from '../../machines/language/vocabulary.js';
import { EMPTY, toHex } from '../../machines/language/bytes.js';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import { must, SimulationFailure } from './failure.js';
import { createNetwork, type Network } from './network.js';
import { createRaftChecks, type RaftChecks } from './raft-checks.js';
import { createLog } from './raft-log.js';
import { startRaftNode, type RaftDisk, type RaftNode, type RaftPorts, type RaftWatch } from './raft-node.js';
import { createWorld, type World } from './world.js';

/** One thing of the honest system replaced by a broken one. */
export interface RaftTwist {
  readonly machine?: typeof raftMachine;
  /** What a restart makes of a disk. */
  readonly restart?: (disk: RaftDisk) => void;
  /** What becomes of an effect before it is carried out. */
  readonly effect?: (effect: Effect) => Effect;
  /** The id of the n-th read. */
  readonly readId?: (n: number) => number;
  /** Answers are matched by index, whatever the term. */
  readonly matchByIndex?: boolean;
}

export interface RaftCluster {
  readonly world: World;
  readonly network: Network;
  readonly checks: RaftChecks;
  readonly members: readonly RaftMember[];
  /** How long writes take: changed by faults. */
  pace: { log_ms: number; state_ms: number; snapshot_ms: number };
  readonly counts: { proposed: number; acknowledged: number; reads: number; answered: number };
  failure: SimulationFailure | null;
  /** Told of each member that takes office: a trap that faults may set. */
  elected: (member: RaftMember) => void;
  start(member: RaftMember): void;
  stop(member: RaftMember): void;
  propose(member: RaftMember, size: number): void;
  read(member: RaftMember): void;
}

export interface RaftMember {
  readonly name: string;
  readonly disk: RaftDisk;
  node: RaftNode | null;
  /** The highest epoch heard of each member in this life. */
  heard: Map<MemberId, number>;
}

const answers = new Set<PeerMessage['type']>([
  'preVote.answered',
  'vote.answered',
  'append.accepted',
  'append.refused',
  'heartbeat.answered',
  'snapshot.refused',
  'readIndex.answered',
]);

export function createRaftCluster(seed: number, size: number, twist: RaftTwist = {}): RaftCluster {
  const world = createWorld(seed);
  const network = createNetwork(world);
  const ids = Array.from({ length: size }, (_, i) => memberId(BigInt(i + 1)));
  const members: RaftMember[] = ids.map((id) => ({
    name: `n${id}`,
    disk: bornDisk(id, ids),
    node: null,
    heard: new Map(),
  }));
  const checks = createRaftChecks(
    () => members.map((member) => member.disk),
    () => ids,
  );
  const counts = { proposed: 0, acknowledged: 0, reads: 0, answered: 0 };
  const asked = new Map<string, number>();
  let lastProposal = 0;

  const fail = (error: unknown): void => {
    cluster.failure ??=
      error instanceof SimulationFailure
        ? error
        : new SimulationFailure('a node failed', { error: error instanceof Error ? error.stack : String(error) });
  };
  const send = (from: MemberId, to: MemberId, message: PeerMessage): void => {
    const sender = byId(members, from);
    const receiver = byId(members, to);
    if (sender === undefined || receiver === undefined) return;
    const epoch = sender.disk.epoch;
    const askedBy = answers.has(message.type) ? sender.heard.get(to) : undefined;
    for (const delay_ms of network.deliveries(sender.name, receiver.name)) {
      world.after(delay_ms, () => receiver.node?.life.reach(() => arrive(sender, receiver, message, epoch, askedBy)));
    }
  };
  const arrive = (
    sender: RaftMember,
    receiver: RaftMember,
    message: PeerMessage,
    epoch: number,
    askedBy: number | undefined,
  ): void => {
    world.note(message.type, message.term);
    const highest = receiver.heard.get(sender.disk.id) ?? 0;
    const late = epoch < highest || (askedBy !== undefined && askedBy !== receiver.disk.epoch);
    if (late) return;
    receiver.heard.set(sender.disk.id, Math.max(epoch, highest));
    receiver.node?.tell(message);
  };

  const proposals = new Map<ProposalId, Uint8Array>();
  const watch = watchOf({ counts, checks, asked, members, proposals, twist });
  const ports: RaftPorts = {
    world,
    checks,
    machine: twist.machine ?? raftMachine,
    settings: { heartbeat_ticks: 2, election_ticks: 10, log_entries_before_trim: 60, log_entries_kept: 20 },
    tick_ms: 50,
    duration: (what) => cluster.pace[`${what}_ms`] * (0.2 + 1.6 * world.chance.fraction()),
    send,
    failed: (_id, error) => fail(error),
    watch,
    effect(effect) {
      if (effect.type === 'announce' && effect.role === 'leader') {
        const member = members.find(({ disk }) => disk.id === effect.leader);
        if (member !== undefined) cluster.elected(member);
      }
      return twist.effect?.(effect) ?? effect;
    },
  };

  const cluster: RaftCluster = {
    world,
    network,
    checks,
    members,
    pace: { log_ms: 0.5, state_ms: 0.3, snapshot_ms: 10 },
    counts,
    failure: null,
    elected: () => undefined,
    start(member) {
      member.heard = new Map();
      if (member.disk.epoch > 0) twist.restart?.(member.disk);
      member.node = startRaftNode(member.disk, ports);
    },
    stop(member) {
      member.node?.end();
      member.node = null;
    },
    propose(member, size) {
      const { node } = member;
      if (node === null) return;
      const batch = Array.from({ length: size }, () => {
        lastProposal++;
        counts.proposed++;
        const id = lastProposal as ProposalId;
        const data = Uint8Array.of(lastProposal >> 16, lastProposal >> 8, lastProposal);
        proposals.set(id, data);
        return { id, data };
      });
      node.tell({ type: 'proposed', term: node.door ?? byDoor(members) ?? term(1), batch });
    },
    read(member) {
      const { node } = member;
      if (node === null) return;
      counts.reads++;
      const id = (twist.readId?.(counts.reads) ?? counts.reads) as ReadId;
      asked.set(`${member.disk.id}/${id}`, checks.committed);
      node.tell({ type: 'read.asked', id });
    },
  };
  return cluster;
}

const byId = (members: readonly RaftMember[], id: MemberId): RaftMember | undefined =>
  members.find((member) => member.disk.id === id);
const byDoor = (members: readonly RaftMember[]) => members.find((member) => member.node?.door)?.node?.door;

/** A disk on which the cluster has just been born: its first entry names all members. */
function bornDisk(id: MemberId, ids: readonly MemberId[]): RaftDisk {
  const configuration: Configuration = { voters: ids.map((one) => ({ id: one, name: `n${one}` })), learners: [] };
  const start = { index: index(0), term: term(0), configuration };
  const log = createLog(start);
  log.write({
    hardState: { term: term(1), vote: null, commit: index(0) },
    entries: [{ index: index(1), term: term(1), kind: 'configuration', configuration }],
  });
  return { id, log, state: start, epoch: 0 };
}

interface Bookkeeping {
  readonly counts: RaftCluster['counts'];
  readonly checks: RaftChecks;
  /** What was known committed when a read was asked. */
  readonly asked: Map<string, number>;
  readonly members: readonly RaftMember[];
  readonly proposals: ReadonlyMap<ProposalId, Uint8Array>;
  readonly twist: RaftTwist;
}

/** Answers to clients, judged as they are given. */
function watchOf({ counts, checks, asked, members, proposals, twist }: Bookkeeping): RaftWatch {
  const awaited = new Map<string, { readonly id: ProposalId; readonly term: number }>();
  return {
    appended(id, { ids, first, term }) {
      ids.forEach((proposal, i) => awaited.set(`${id}/${first + i}`, { id: proposal, term }));
    },
    refused: () => undefined,
    applied(id, entries) {
      for (const entry of entries) {
        const key = `${id}/${entry.index}`;
        const row = awaited.get(key);
        if (row === undefined) continue;
        awaited.delete(key);
        // Matched by index and term: another leader's entry may stand where ours was appended.
        if (row.term !== entry.term && twist.matchByIndex !== true) continue;
        const own = entry.kind === 'command' && toHex(entry.data) === toHex(proposals.get(row.id) ?? EMPTY);
        must(own, 'an answer is about the entry that was asked for', { id, index: entry.index, term: entry.term });
        counts.acknowledged++;
      }
    },
    readAnswered(id, effect, appliedNow) {
      const key = `${id}/${effect.id}`;
      const before = asked.get(key);
      must(before !== undefined, 'a read is answered once, and only if it was asked', { id, read: effect.id });
      asked.delete(key);
      counts.answered++;
      const facts = { id, index: effect.index, committedWhenAsked: before, role: byId(members, id)?.node?.role };
      must(effect.index >= before, 'a read sees every write that was acknowledged before it', facts);
      must(appliedNow >= effect.index, 'a read waits until its index is applied', { ...facts, appliedNow });
      if (appliedNow > checks.committed) throw new SimulationFailure('only what is committed is applied', facts);
    },
    readsVoided: (id, effect) => effect.ids.forEach((read) => asked.delete(`${id}/${read}`)),
  };
}
