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
import type { BirthMessage } from '../transport/ports.js';
import { linkChanged, type Incoming } from './incoming.js';
import { post, type PeersLetter, type System } from './mail.js';
import { holdNotices, type Outgoing } from './notices.js';
import type { NodePorts, NodeSettings } from './ports.js';

export interface PeersInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly incoming: Incoming;
  readonly cluster: ClusterId;
  readonly configuration: Configuration;
}

export const peersRoom = fromCallback<PeersLetter, PeersInput>(({ receive, input, system }) => {
  const { ports, settings, incoming, cluster } = input;
  let configuration = input.configuration;
  let ticks = 0;
  let leader: MemberId | null = null;

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

  /** Who leads is what an operator asks first. */
  const tellLeader = ({ leader: heard, term, role }: EffectOf<'announce'>): void => {
    if (heard === leader) return;
    leader = heard;
    if (heard === null) return ports.journal.warn('no leader is heard', { term, role });
    const members = [...configuration.voters, ...configuration.learners];
    const name = members.find(({ id }) => id === heard)?.name ?? heard;
    ports.journal.info(role === 'leader' ? 'this member leads' : 'a leader is heard', { leader: name, term });
  };

  /** Members that were away when the cluster was born learn of it from any that was not. */
  const answerBirth = (from: Member, message: BirthMessage): void => {
    if (message.type !== 'birth.asked') return;
    const members = ports.log.birth;
    if (members !== null) ports.peers.sendBirth(from.name, { type: 'born', members });
    ports.peers.sendBirth(from.name, {
      type: 'birth.answered',
      round: message.round,
      members: settings.initial_members,
      cluster,
    });
  };

  ports.peers.join(cluster, configuration);
  incoming.peers = {
    message: (message) => post(system, 'raft', message),
    birth: answerBirth,
    piece: (from, id, number) => askPiece(system, from, id, number),
    link: (link, state) => linkChanged(ports.journal, system, link, state),
    dropped: (reason) => ports.journal.warn('peer frame dropped', { reason }),
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
        return tellLeader(letter);
      case 'tick':
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
