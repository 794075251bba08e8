/** A door inside one process: the same desk and services as on NATS, on a MemoryNetwork. */
import type { Clock } from '../machines/language/time.js';
import type { ClusterId, Term } from '../machines/language/vocabulary.js';
import { createFeed } from './door-feed.js';
import { createDesk, type Desk, nameInUse } from './door-desk.js';
import { MemoryEcho } from './memory-echo.js';
import type { MemoryNetwork, MemoryRequest } from './memory-network.js';
import { leaderService, memberService, type Plan, planKey, readyService } from './door-services.js';
import { type ClientDoor, type DoorHandlers, type DoorMeters, type EventFeed, LinkError, type Self } from './ports.js';
import { probeSubject, watchSubject } from './subjects.js';
import { formatClusterId } from './wire.js';

interface Opened {
  readonly self: Self;
  readonly handlers: DoorHandlers;
  readonly desk: Desk;
  readonly echo: MemoryEcho;
  readonly feed: EventFeed;
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

export class MemoryDoor implements ClientDoor {
  private opened: Opened | null = null;
  private sessions = 0;
  private readonly hearing = new Map<string, () => void>();
  private readonly plans = new Map<string, readonly (() => void)[]>();

  constructor(
    private readonly network: MemoryNetwork,
    private readonly clock: Clock,
  ) {}

  async open(self: Self, handlers: DoorHandlers): Promise<void> {
    const { network, clock } = this;
    const { request_bytes_max, max_payload } = network;
    const desk = createDesk({
      handlers,
      clock,
      request_bytes_max,
      sessionName: () => `${self.epoch}-${(this.sessions += 1)}`,
      maxPayload: () => max_payload,
      unsentBytes: () => 0,
    });
    const address = probeSubject(self.cluster_name, self.member.id, 'door', String(self.epoch));
    const echo = new MemoryEcho(network, clock, self.member.name, address, 'door', (state) => handlers.link(state));
    const feed = createFeed(self.cluster_name, {
      max_payload,
      unsent_bytes: 0,
      interruptions: 0,
      publish: (subject, body) => {
        network.request(self.member.name, { subject, body, headers: NO_HEADERS, reply: () => undefined });
        return true;
      },
    });
    this.opened = { self, handlers, desk, echo, feed };
  }

  get feed(): EventFeed {
    return this.whenOpen().feed;
  }

  get meters(): DoorMeters {
    return { ...this.whenOpen().desk.meters, links: [] };
  }

  async serve(cluster: ClusterId): Promise<void> {
    const { self, handlers, desk } = this.whenOpen();
    for (const other of this.network.serving.values()) {
      if (other.name !== self.cluster_name || other.cluster === cluster) continue;
      throw nameInUse(self.cluster_name, formatClusterId(other.cluster), cluster);
    }
    this.network.serving.set(this, { name: self.cluster_name, cluster });
    desk.serve(cluster);
    this.add(memberService(self, handlers.drills));
  }

  hearLeader(heard: boolean): void {
    const plan = readyService(this.whenOpen().self);
    if (!heard) this.remove(planKey(plan));
    else if (!this.plans.has(planKey(plan))) this.add(plan);
  }

  lead(term: Term): void {
    this.add(leaderService(this.whenOpen().self, term));
  }

  retire(term: Term): void {
    this.remove(planKey({ service: 'quorate-leader', term }));
  }

  probe(): void {
    this.opened?.echo.probe();
  }

  async drain(): Promise<void> {
    const { desk } = this.whenOpen();
    for (const key of [...this.plans.keys()]) this.remove(key);
    await desk.settled();
  }

  async close(): Promise<void> {
    for (const key of [...this.plans.keys()]) this.remove(key);
    for (const stop of this.hearing.values()) stop();
    this.hearing.clear();
    this.network.serving.delete(this);
    this.opened?.echo.close();
    this.opened = null;
  }

  private add(plan: Plan): void {
    const { self } = this.whenOpen();
    const stops = plan.endpoints.map((endpoint) =>
      this.network.subscribe({
        subject: plan.subject(endpoint),
        group: `${plan.service} ${plan.queue}`,
        name: self.member.name,
        hear: (request) => this.hear(plan, endpoint, request),
      }),
    );
    this.plans.set(planKey(plan), stops);
  }

  private remove(key: string): void {
    for (const stop of this.plans.get(key) ?? []) stop();
    this.plans.delete(key);
  }

  /** What was on the way when a plan ended still arrives, with its term; at a closed door nothing does. */
  private hear(plan: Plan, endpoint: Plan['endpoints'][number], request: MemoryRequest): void {
    if (this.opened === null) return;
    const { self, desk } = this.opened;
    desk.receive({
      endpoint,
      term: plan.term,
      body: request.body,
      header: (name) => request.headers.get(name) ?? '',
      reply: (body, headers, session) => {
        if (this.opened === null) return false;
        const back = session === undefined ? undefined : this.backTo(session);
        request.reply(self.member.name, body, headers, back);
        return true;
      },
      listen: (session) => {
        const { subject } = this.backTo(session);
        const hear = ({ body }: MemoryRequest): void => this.opened?.desk.sessions.get(session)?.hear(body);
        this.hearing.set(session, this.network.subscribe({ subject, group: subject, name: self.member.name, hear }));
      },
      unlisten: (session) => {
        this.hearing.get(session)?.();
        this.hearing.delete(session);
      },
    });
  }

  private backTo(session: string): { readonly subject: string; gone(): void } {
    const { self } = this.whenOpen();
    const subject = watchSubject(self.cluster_name, self.member.name, session);
    return { subject, gone: () => this.opened?.desk.sessions.get(session)?.gone() };
  }

  private whenOpen(): Opened {
    if (this.opened === null) throw new LinkError('closed', 'the door is not open');
    return this.opened;
  }
}
