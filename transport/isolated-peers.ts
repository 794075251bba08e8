/** Another PeerTransport that can be cut off for a while: what a drill does to a member. */
import type { Clock } from '../machines/language/time.js';
import type {
  ClusterId,
  Configuration,
  MemberId,
  PeerMessage,
  SnapshotOffer,
} from '../machines/language/vocabulary.js';
import {
  type BirthMessage,
  LinkError,
  type PeerHandlers,
  type PeerMeters,
  type PeerTransport,
  type Self,
} from './ports.js';

export class IsolatedPeers implements PeerTransport {
  private until_ms = 0;

  constructor(
    private readonly peers: PeerTransport,
    private readonly clock: Clock,
  ) {}

  get meters(): PeerMeters {
    return this.peers.meters;
  }

  /** From now on nothing comes in or goes out, for so long. */
  isolate(for_ms: number): void {
    this.until_ms = this.clock.now_ms() + for_ms;
  }

  open(self: Self, handlers: PeerHandlers): Promise<void> {
    return this.peers.open(self, {
      ...handlers,
      message: (message) => this.unlessCut(() => handlers.message(message)),
      birth: (from, message) => this.unlessCut(() => handlers.birth(from, message)),
      piece: async (from, id, number) => (this.isCut ? null : handlers.piece(from, id, number)),
    });
  }

  join(cluster: ClusterId, configuration: Configuration): void {
    this.peers.join(cluster, configuration);
  }

  send(letters: readonly { readonly to: MemberId; readonly message: PeerMessage }[]): void {
    this.unlessCut(() => this.peers.send(letters));
  }

  sendBirth(toName: string, message: BirthMessage): void {
    this.unlessCut(() => this.peers.sendBirth(toName, message));
  }

  async pull(from: MemberId, offer: SnapshotOffer, number: number): Promise<Uint8Array | null> {
    if (this.isCut) throw new LinkError('timeout', 'cut off from the other members by a drill');
    return this.peers.pull(from, offer, number);
  }

  probe(): void {
    this.peers.probe();
  }

  close(): Promise<void> {
    return this.peers.close();
  }

  private get isCut(): boolean {
    return this.clock.now_ms() < this.until_ms;
  }

  private unlessCut(work: () => void): void {
    if (!this.isCut) work();
  }
}
