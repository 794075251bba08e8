/** Peers inside one process: the same post, gate and pieces as over NATS, on a MemoryNetwork. */
import { limits } from '../machines/language/limits.js';
import type { Clock } from '../machines/language/time.js';
import type { ClusterId, Configuration, MemberId, SnapshotOffer } from '../machines/language/vocabulary.js';
import { MemoryEcho } from './memory-echo.js';
import type { MemoryNetwork } from './memory-network.js';
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

export class MemoryPeers implements PeerTransport {
  private post: PeerPost | null = null;
  private pack: FramePacker = () => [];
  private echoes: readonly MemoryEcho[] = [];
  private stops: readonly (() => void)[] = [];

  /** `key`: null skips the signatures. */
  constructor(
    private readonly network: MemoryNetwork,
    private readonly clock: Clock,
    private readonly key: Uint8Array | null = null,
  ) {}

  async open(self: Self, handlers: PeerHandlers): Promise<void> {
    const { network, clock } = this;
    const { cluster_name, member } = self;
    checkName('cluster name', cluster_name);
    checkName('member name', member.name);
    const post = createPeerPost({
      self,
      handlers,
      key: this.key,
      clock,
      publish: (to, channel, frame) => this.publish(self, to, channel, frame),
    });
    this.post = post;
    this.pack = createFramePacker(member.id, self.epoch, this.key);
    const listen = (address: string) => {
      const assembler = createFrameAssembler(
        2 * limits.bytes_in_flight_max + 2 * network.request_bytes_max,
        limits.members_max,
        this.key,
      );
      return network.listen(address, member.name, (bytes) => {
        const assembled = assembler.add(bytes);
        if (assembled === undefined) return;
        if ('frame' in assembled) post.receive(assembled.frame);
        else handlers.dropped(assembled.dropped);
      });
    };
    this.stops = [
      ...CHANNELS.map((channel) => listen(peerSubject(cluster_name, member.id, channel))),
      listen(birthSubject(cluster_name, member.name)),
    ];
    this.echoes = CHANNELS.map((channel) => {
      const address = probeSubject(cluster_name, member.id, channel, String(self.epoch));
      return new MemoryEcho(network, clock, member.name, address, channel, (state) => handlers.link(channel, state));
    });
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
    for (const echo of this.echoes) echo.probe();
  }

  get meters(): PeerMeters {
    return { ...this.opened().meters, links: [] };
  }

  async close(): Promise<void> {
    this.post?.close();
    this.post = null;
    for (const stop of this.stops) stop();
    for (const echo of this.echoes) echo.close();
    this.echoes = [];
  }

  private publish(self: Self, to: MemberId | string, channel: Channel, frame: Uint8Array): boolean {
    const { cluster_name, member } = self;
    const address = typeof to === 'string' ? birthSubject(cluster_name, to) : peerSubject(cluster_name, to, channel);
    for (const message of this.pack(frame, this.network.max_payload)) {
      this.network.send(member.name, address, channel, message);
    }
    return true;
  }

  private opened(): PeerPost {
    if (this.post === null) throw new LinkError('closed', 'the peer transport is not open');
    return this.post;
  }
}
