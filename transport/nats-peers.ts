/**
 * Peers over NATS: a connection each for control, bulk and snapshots, so that a heartbeat never queues behind a
 * snapshot.
 */
import { type NatsConnection, nuid } from 'nats';
import { inject, Lifecycle, scoped } from 'tsyringe';
import { limits } from '../machines/language/limits.js';
import { CLOCK, type Clock } from '../machines/language/time.js';
import type { ClusterId, Configuration, MemberId, SnapshotOffer } from '../machines/language/vocabulary.js';
import { guarded, plainBytes } from './nats-connection.js';
import type { ConnectionOptions } from './nats-credentials.js';
import { ProvenConnection } from './nats-proven.js';
import { createPeerPost, type PeerPost } from './peer-post.js';
import { createFrameAssembler, createFramePacker, type FramePacker } from './peer-pieces.js';
import {
  type BirthMessage,
  LinkError,
  type PeerHandlers,
  type PeerMeters,
  type PeerTransport,
  type Self,
} from './ports.js';
import { birthSubject, type Channel, CHANNELS, checkName, peerSubject, probeSubject } from './subjects.js';

/** What a node's NATS adapters are given. */
export interface NatsSettings {
  readonly connection: ConnectionOptions;
  /** A connection that does not hear itself for so long is dialled anew: an election timeout. */
  readonly silence_ms: number;
  /** The cluster's secret; null: peer frames are not authenticated. */
  readonly peer_key: Uint8Array | null;
  readonly request_bytes_max: number;
  /** Of this software, as service discovery shows it. */
  readonly version: string;
}
export const NATS_SETTINGS = Symbol('NatsSettings');

@scoped(Lifecycle.ContainerScoped)
export class NatsPeers implements PeerTransport {
  private connections: Record<Channel, ProvenConnection> | null = null;
  private post: PeerPost | null = null;
  private pack: FramePacker = () => [];

  constructor(
    @inject(NATS_SETTINGS) private readonly settings: NatsSettings,
    @inject(CLOCK) private readonly clock: Clock,
  ) {}

  async open(self: Self, handlers: PeerHandlers): Promise<void> {
    checkName('cluster name', self.cluster_name);
    checkName('member name', self.member.name);
    this.post = createPeerPost({
      self,
      handlers,
      key: this.settings.peer_key,
      clock: this.clock,
      publish: (to, channel, frame) => this.publish(self, to, channel, frame),
    });
    this.pack = createFramePacker(self.member.id, self.epoch, this.settings.peer_key);
    this.connections = {
      control: this.connectionFor('control', self, handlers),
      bulk: this.connectionFor('bulk', self, handlers),
      snapshot: this.connectionFor('snapshot', self, handlers),
    };
    try {
      await Promise.all(Object.values(this.connections).map((connection) => connection.open()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  join(cluster: ClusterId, configuration: Configuration): void {
    this.opened().join(cluster, configuration);
  }

  send(letters: Parameters<PeerTransport['send']>[0]): void {
    this.opened().send(letters);
  }

  sendBirth(toName: string, message: BirthMessage): void {
    this.opened().sendBirth(toName, message);
  }

  pull(from: MemberId, offer: SnapshotOffer, number: number): Promise<Uint8Array | null> {
    return this.opened().pull(from, offer, number);
  }

  probe(): void {
    for (const channel of CHANNELS) this.connections?.[channel].probe();
  }

  get meters(): PeerMeters {
    const { connections } = this;
    const links = connections === null ? [] : CHANNELS.map((link) => ({ link, ...connections[link].meters }));
    return { ...this.opened().meters, links };
  }

  async close(): Promise<void> {
    this.post?.close();
    await Promise.all(Object.values(this.connections ?? {}).map((connection) => connection.close()));
  }

  private opened(): PeerPost {
    if (this.post === null) throw new LinkError('closed', 'the peer transport is not open');
    return this.post;
  }

  private connectionFor(channel: Channel, self: Self, handlers: PeerHandlers): ProvenConnection {
    const { cluster_name, member } = self;
    return new ProvenConnection({
      connection: this.settings.connection,
      name: `${cluster_name} ${member.name} ${channel}`,
      probe_subject: probeSubject(cluster_name, member.id, channel, nuid.next()),
      silence_ms: this.settings.silence_ms,
      clock: this.clock,
      attach: (connection) => this.listen(connection, channel, self, handlers),
      state: (state) => handlers.link(channel, state),
      refused: handlers.refused,
    });
  }

  private listen(connection: NatsConnection, channel: Channel, self: Self, handlers: PeerHandlers): void {
    const bytes_max = 2 * (limits.bytes_in_flight_max + this.settings.request_bytes_max);
    const assembler = createFrameAssembler(bytes_max, limits.members_max, this.settings.peer_key);
    const callback = guarded((error, message) => {
      if (error !== null) return; // told as refused
      const assembled = assembler.add(plainBytes(message.data));
      if (assembled === undefined) return;
      if ('frame' in assembled) this.post?.receive(assembled.frame);
      else handlers.dropped(assembled.dropped);
    });
    connection.subscribe(peerSubject(self.cluster_name, self.member.id, channel), { callback });
    if (channel === 'control') connection.subscribe(birthSubject(self.cluster_name, self.member.name), { callback });
  }

  /** [safety] Cut to the max_payload of this moment, so that replicating an accepted entry never depends on it. */
  private publish(self: Self, to: MemberId | string, channel: Channel, frame: Uint8Array): boolean {
    const connection = this.connections?.[channel];
    if (connection === undefined || !connection.connected) return false;
    const { cluster_name } = self;
    const subject = typeof to === 'string' ? birthSubject(cluster_name, to) : peerSubject(cluster_name, to, channel);
    return this.pack(frame, connection.max_payload).every((message) => connection.publish(subject, message));
  }
}
