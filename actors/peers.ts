/** The room of the peers: letters out to other members and back to oneself, letters in to raft. */
import { fromCallback } from 'xstate';
import {
  type ClusterId,
  type Configuration,
  type EffectOf,
  type Letter,
  type Member,
  type MemberId,
} from '../machines/language/vocabulary.js';
import type { BirthMessage, Self } from '../transport/ports.js';
import { supersededError, tellDropped, tellStrangers } from './dropped.js';
import { roomInLog } from './log-room.js';
import { linkChanged, type Incoming } from './incoming.js';
import { failIn, post, type PeersLetter, type System } from './mail.js';
import { nameOf, roleTeller } from './roles.js';
import { holdNotices, type Outgoing } from './notices.js';
import type { NodePorts, NodeSettings } from './ports.js';

export interface PeersInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly self: Self;
  readonly incoming: Incoming;
  readonly cluster: ClusterId;
  readonly configuration: Configuration;
}

export const peersRoom = fromCallback<PeersLetter, PeersInput>(({ receive, input, system }) => {
  const { ports, settings, self, incoming, cluster } = input;
  let configuration = input.configuration;
  let ticks = 0;
  const tellLeader = leaderTeller(ports);
  const tellRole = roleTeller(ports);
  const tell = tellDropped(ports, self.member.name);
  const noteStranger = tellStrangers(ports);
  const hasRoom = roomInLog(ports);

  const notices = holdNotices(ports.clock, (letters) => ports.peers.send(letters));

  const deliver = (letters: readonly Letter[]): void => {
    const out: Outgoing[] = [];
    for (const letter of letters) {
      if (letter.to === 'self') post(system, 'raft', letter.message);
      else out.push(letter);
    }
    const leaving = notices.sift(out);
    if (leaving.length > 0) ports.peers.send(leaving);
  };

  /** Members that were away when the cluster was born learn of it from any that was not. */
  const answerBirth = (from: Member, message: BirthMessage): void => {
    if (message.type !== 'birth.asked') return;
    noteStranger(configuration, from);
    const { birth: members } = ports.log;
    if (members !== null) ports.peers.sendBirth(from.name, { type: 'born', members });
    const { round } = message;
    ports.peers.sendBirth(from.name, { type: 'birth.answered', round, members: settings.initial_members, cluster });
  };

  ports.peers.join(cluster, configuration);
  incoming.peers = {
    message: (message) => {
      if (hasRoom(message)) post(system, 'raft', message);
    },
    birth: answerBirth,
    piece: (from, id, number) => askPiece(system, from, id, number),
    link: (link, state) => linkChanged(ports.journal, system, link, state),
    dropped: (reason, from) => {
      if (reason === 'superseded') failIn(system, 'requests')(supersededError(self.member.name));
      else tell(reason, from);
    },
  };

  receive((letter) => {
    switch (letter.type) {
      case 'send':
        return deliver(letter.letters);
      case 'announce':
        if (letter.configuration !== configuration) {
          configuration = letter.configuration;
          ports.peers.join(cluster, configuration);
        }
        tellRole(letter);
        return tellLeader(letter, configuration);
      case 'tick':
        incoming.refused.tick();
        if (ticks++ % settings.heartbeat_ticks === 0) ports.peers.probe();
    }
  });

  return () => {
    incoming.peers = null;
    notices.close();
  };
});

const askPiece = (system: System, from: Member['id'], id: string, number: number): Promise<Uint8Array | null> =>
  new Promise((answer) => post(system, 'snapshot', { type: 'pieceAsked', from, id, number, answer }));

/** Who leads is what an operator asks first. */
function leaderTeller({ journal }: NodePorts) {
  let leader: MemberId | null = null;
  return ({ leader: heard, term, role }: EffectOf<'announce'>, configuration: Configuration): void => {
    if (heard === leader) return;
    leader = heard;
    if (heard === null) return journal.warn('no leader is heard', { term, role });
    const name = nameOf(heard, configuration);
    journal.info(role === 'leader' ? 'this member leads' : 'a leader is heard', { leader: name, term });
  };
}
