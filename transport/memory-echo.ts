/** How a party on a memory network knows that it is heard: it says something to itself, as a NATS connection does. */
import type { Clock } from '../machines/language/time.js';
import type { MemoryMessage, MemoryNetwork } from './memory-network.js';

/** Says something to itself, and tells when that was not heard for too long. */
export class MemoryEcho {
  private heard_ms: number;
  private silent = false;
  private readonly stop: () => void;

  constructor(
    private readonly network: MemoryNetwork,
    private readonly clock: Clock,
    private readonly name: string,
    private readonly address: string,
    private readonly channel: MemoryMessage['channel'],
    private readonly state: (state: 'silent' | 'heard') => void,
  ) {
    this.heard_ms = clock.now_ms();
    this.stop = network.listen(address, name, () => this.hear());
  }

  probe(): void {
    this.network.send(this.name, this.address, this.channel, new Uint8Array(0));
    if (this.silent || this.clock.now_ms() - this.heard_ms <= this.network.silence_ms) return;
    this.silent = true;
    this.state('silent');
  }

  close(): void {
    this.stop();
  }

  private hear(): void {
    this.heard_ms = this.clock.now_ms();
    if (!this.silent) return;
    this.silent = false;
    this.state('heard');
  }
}
