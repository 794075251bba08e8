/**
 * A switchboard inside one process: what NATS does for us, without NATS, and with a policy that may misbehave as NATS
 * may.
 */
import type { Clock } from '../machines/language/time.js';
import { limits } from '../machines/language/limits.js';
import type { ClusterId } from '../machines/language/vocabulary.js';
import type { Channel } from './subjects.js';

/** One message between two parties, each by its name. */
export interface MemoryMessage {
  /** A member's name, a client's name, or `server` (its answer when nobody serves a subject). */
  readonly from: string;
  readonly to: string;
  readonly channel: Channel | 'request' | 'answer' | 'door';
  readonly bytes: Uint8Array;
}

/** Delivers a message at once, later, twice, in another order, or never. */
export interface MemoryPolicy {
  schedule(message: MemoryMessage, deliver: () => void): void;
}

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Default: everything arrives, in order, in a later turn of the loop. */
  readonly policy?: MemoryPolicy;
  readonly max_payload?: number;
  readonly request_bytes_max?: number;
  readonly silence_ms?: number;
}

/** A request on its way, and how answers get back. */
export interface MemoryRequest {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: ReadonlyMap<string, string>;
  /** `back`: where an answer can be answered, and what happens when nobody hears it. */
  reply(from: string, body: Uint8Array, headers: ReadonlyMap<string, string>, back?: Back): void;
}

interface Back {
  readonly subject: string;
  gone(): void;
}

interface Subscription {
  readonly subject: string;
  readonly group: string;
  readonly name: string;
  hear(request: MemoryRequest): void;
}

export class MemoryNetwork {
  readonly max_payload: number;
  readonly request_bytes_max: number;
  readonly silence_ms: number;
  /** Who serves under which cluster name and id. */
  readonly serving = new Map<object, { readonly name: string; readonly cluster: ClusterId }>();
  private readonly policy: MemoryPolicy;
  private readonly receivers = new Map<string, { readonly name: string; receive(bytes: Uint8Array): void }>();
  private readonly names = new Map<string, string>();
  private readonly subscriptions = new Set<Subscription>();
  private turn = 0;

  constructor(options: MemoryNetworkOptions) {
    const { clock } = options;
    this.policy = options.policy ?? { schedule: (_message, deliver) => clock.soon(deliver) };
    this.max_payload = options.max_payload ?? 4 * 1024 * 1024;
    this.request_bytes_max = options.request_bytes_max ?? limits.request_bytes_max;
    this.silence_ms = options.silence_ms ?? limits.tick_ms * limits.election_ticks;
  }

  schedule(message: MemoryMessage, deliver: () => void): void {
    this.policy.schedule(message, deliver);
  }

  /* ---- peers --------------------------------------------------------------------------------------------------- */

  /** Hears what is sent to `address`; a later life takes an earlier one's place and hears what was sent to that. */
  listen(address: string, name: string, receive: (bytes: Uint8Array) => void): () => void {
    const receiver = { name, receive };
    this.receivers.set(address, receiver);
    this.names.set(address, name);
    return () => {
      if (this.receivers.get(address) === receiver) this.receivers.delete(address);
    };
  }

  send(from: string, address: string, channel: MemoryMessage['channel'], bytes: Uint8Array): void {
    const to = this.names.get(address) ?? address;
    this.schedule({ from, to, channel, bytes }, () => this.receivers.get(address)?.receive(bytes));
  }

  /* ---- requests ------------------------------------------------------------------------------------------------ */

  subscribe(subscription: Subscription): () => void {
    this.subscriptions.add(subscription);
    return () => this.subscriptions.delete(subscription);
  }

  /** One member of each queue group hears it; false when there is none. */
  request(from: string, request: MemoryRequest): boolean {
    const groups = new Map<string, Subscription[]>();
    for (const each of this.subscriptions) {
      if (each.subject !== request.subject) continue;
      const group = groups.get(each.group);
      if (group === undefined) groups.set(each.group, [each]);
      else group.push(each);
    }
    for (const group of groups.values()) {
      const chosen = group[this.turn++ % group.length];
      if (chosen === undefined) continue;
      const message: MemoryMessage = { from, to: chosen.name, channel: 'request', bytes: request.body };
      this.schedule(message, () => chosen.hear(request));
    }
    return groups.size > 0;
  }
}
