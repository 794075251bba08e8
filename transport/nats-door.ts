/**
 * The door of a node on NATS: its requests arrive as messages to NATS micro services, of up to three kinds.
 *
 * - `quorate`, from serve() on: everything at this member by name (`<cluster>.member.<name>.kv.put`, …). A
 *   linearizable read asked of a follower by name is served through a read index; a write is answered `not leader`,
 *   which is a hint only.
 * - `quorate-ready`, while a leader is heard: what any member serves (batch.read, cluster.list, maintenance.*), in
 *   one queue group of all such members.
 * - `quorate-leader`, one for each term of leadership, in a queue group of that term: writes, `batch`, and
 *   `kv.range`. The subject cannot tell a serializable read from a linearizable one, so a plain `nats req
 *   quorate.kv.range` with `"serializable": true` is served by the leader too, from its local state, without a quorum
 *   round; whoever wants any member's state asks one by name, or through `batch.read`.
 *
 * A micro endpoint cannot be dropped, a service can be drained: hence one for each thing that comes and goes.
 */
import { randomBytes } from 'node:crypto';
import { type NatsConnection, nuid, type Service, type ServiceMsg } from 'nats';
import { inject, Lifecycle, scoped } from 'tsyringe';
import { limits } from '../machines/language/limits.js';
import { CLOCK, type Clock } from '../machines/language/time.js';
import type { ClusterId, Term } from '../machines/language/vocabulary.js';
import { atMost } from './at-most.js';
import { createFeed } from './door-feed.js';
import { createDesk, type Desk, nameInUse } from './door-desk.js';
import { findForeignCluster } from './nats-discovery.js';
import { guarded, plainBytes } from './nats-connection.js';
import { headerIn, headersOf, toNatsHeaders } from './nats-headers.js';
import { ProvenConnection } from './nats-proven.js';
import { NATS_SETTINGS, type NatsSettings } from './nats-peers.js';
import { type ClientDoor, type DoorHandlers, type DoorMeters, type EventFeed, LinkError, type Self } from './ports.js';
import { checkName, type Endpoint, probeSubject, watchSubject } from './subjects.js';
import type { EndpointTally } from './door-meters.js';
import { openStats } from './nats-stats.js';
import { describeEndpoint, leaderService, memberService, type Plan, planKey, readyService } from './door-services.js';
import { formatClusterId } from './wire.js';

/** What is there once open() was called. */
interface Opened {
  readonly self: Self;
  readonly handlers: DoorHandlers;
  readonly desk: Desk;
  readonly link: ProvenConnection;
  readonly feed: EventFeed;
}

@scoped(Lifecycle.ContainerScoped)
export class NatsDoor implements ClientDoor {
  private opened: Opened | null = null;
  private cluster: ClusterId | null = null;
  private readonly plans = new Map<string, Plan>();
  private readonly running = new Map<string, Promise<Service | null>>();
  private readonly stopping = new Set<Promise<unknown>>();

  constructor(
    @inject(NATS_SETTINGS) private readonly settings: NatsSettings,
    @inject(CLOCK) private readonly clock: Clock,
  ) {}

  async open(self: Self, handlers: DoorHandlers): Promise<void> {
    const cluster_name = checkName('cluster name', self.cluster_name);
    const name = checkName('member name', self.member.name);
    const link = new ProvenConnection({
      connection: this.settings.connection,
      name: `${cluster_name} ${name} door`,
      probe_subject: probeSubject(cluster_name, self.member.id, 'door', nuid.next()),
      silence_ms: this.settings.silence_ms,
      clock: this.clock,
      attach: (connection) => this.attach(connection),
      state: (state) => handlers.link(state),
      refused: handlers.refused,
    });
    const desk = createDesk({
      handlers,
      clock: this.clock,
      request_bytes_max: this.settings.request_bytes_max,
      // Of real chance: whoever knows one can speak to it.
      sessionName: () => randomBytes(12).toString('hex'),
      maxPayload: () => link.max_payload,
      unsentBytes: () => link.unsent_bytes,
    });
    this.opened = { self, handlers, desk, link, feed: createFeed(cluster_name, link) };
    await link.open();
  }

  get feed(): EventFeed {
    return this.whenOpen().feed;
  }

  get meters(): DoorMeters {
    const { desk, link } = this.whenOpen();
    return { ...desk.meters, links: [{ link: 'door', ...link.meters }] };
  }

  async serve(cluster: ClusterId): Promise<void> {
    const { self, handlers, desk, link } = this.whenOpen();
    const { nats } = link;
    // Among its own subjects: a node needs no inbox.
    const inbox = probeSubject(self.cluster_name, self.member.id, 'door', nuid.next());
    const foreign =
      nats === null ? null : await findForeignCluster(nats, inbox, self.cluster_name, cluster, this.clock);
    if (foreign !== null) throw nameInUse(self.cluster_name, foreign, cluster);
    this.cluster = cluster;
    desk.serve(cluster);
    this.add(memberService(self, handlers.drills));
  }

  hearLeader(heard: boolean): void {
    const { self } = this.whenOpen();
    const plan = readyService(self);
    if (!heard) this.remove(planKey(plan));
    else if (!this.plans.has(planKey(plan))) this.add(plan);
  }

  lead(term: Term): void {
    const { self } = this.whenOpen();
    this.add(leaderService(self, term));
  }

  retire(term: Term): void {
    this.remove(planKey({ service: 'quorate-leader', term }));
  }

  probe(): void {
    this.opened?.link.probe();
  }

  async drain(): Promise<void> {
    const { desk, link } = this.whenOpen();
    for (const key of [...this.plans.keys()]) this.remove(key);
    await atMost(this.clock, limits.drain_max_ms, Promise.allSettled([...this.stopping]));
    await desk.settled();
    if (link.connected) await atMost(this.clock, limits.drain_max_ms, Promise.allSettled([link.nats?.flush()]));
  }

  async close(): Promise<void> {
    this.plans.clear();
    await this.opened?.link.close();
  }

  /* ---- services ------------------------------------------------------------------------------------------------ */

  private add(plan: Plan): void {
    const key = planKey(plan);
    this.plans.set(key, plan);
    const nats = this.whenOpen().link.nats;
    if (nats !== null) this.running.set(key, this.start(nats, plan));
  }

  /** [safety] Drained, not dropped: what is on the way still arrives, with its term. */
  private remove(key: string): void {
    this.plans.delete(key);
    const running = this.running.get(key);
    this.running.delete(key);
    if (running === undefined) return;
    const stopped = running.then((service) => service?.stop());
    this.stopping.add(stopped);
    void stopped.finally(() => this.stopping.delete(stopped));
  }

  private attach(connection: NatsConnection): void {
    this.running.clear();
    for (const [key, plan] of this.plans) this.running.set(key, this.start(connection, plan));
  }

  /** What clients say to the sessions that hang on this member, and what NATS says when nobody hears one any more. */
  private hearSessions(nats: NatsConnection): void {
    const { self, desk } = this.whenOpen();
    const prefix = watchSubject(self.cluster_name, self.member.name, '');
    const callback = guarded((error, message) => {
      if (error !== null) return;
      const session = message.subject.slice(prefix.length);
      // Nobody hears it: NATS says so, or a client that has closed its side.
      if (message.data.length === 0) desk.sessions.get(session)?.gone();
      else desk.sessions.get(session)?.hear(plainBytes(message.data));
    });
    nats.subscribe(`${prefix}*`, { callback });
  }

  private async start(nats: NatsConnection, plan: Plan): Promise<Service | null> {
    const opened = this.whenOpen();
    const { self, link } = opened;
    const stats = openStats(plan, opened, this.clock);
    try {
      const service = await nats.services.add({
        name: plan.service,
        version: this.settings.version,
        description: plan.description,
        metadata: {
          cluster: self.cluster_name,
          cluster_id: formatClusterId(this.cluster ?? (0n as ClusterId)),
          member: self.member.name,
          member_id: self.member.id.toString(),
          ...(plan.term === null ? {} : { term: String(plan.term) }),
        },
        statsHandler: (told) => Promise.resolve(stats.tell(told)),
      });
      for (const endpoint of plan.endpoints) {
        service.addEndpoint(endpoint.replaceAll('.', '-'), {
          subject: plan.subject(endpoint),
          queue: plan.queue,
          metadata: describeEndpoint(endpoint),
          handler: guarded((error, message) => {
            if (error === null) this.hear(endpoint, plan.term, message as ServiceMsg, stats.tallyOf(endpoint));
          }),
        });
      }
      // After its endpoints, some of whose subjects are among these: what only this heard would never be answered.
      if (plan.sessions) this.hearSessions(nats);
      void service.stopped.then((error) => {
        // It ended by itself: these subjects are not allowed.
        if (error !== null && this.plans.get(planKey(plan)) === plan && link.nats === nats) link.bar();
      });
      return service;
    } catch (error) {
      // The connection ended under it, or does not allow these subjects: a door that cannot open is as good as silent.
      if (link.nats === nats && this.plans.has(planKey(plan))) link.bar();
      if (!nats.isClosed()) throw error;
      return null;
    }
  }

  private hear(endpoint: Endpoint, term: Term | null, message: ServiceMsg, tally: EndpointTally): void {
    const { self, desk, link } = this.whenOpen();
    const { reply } = message;
    desk.receive({
      endpoint,
      term,
      tally,
      body: plainBytes(message.data),
      header: (name) => headerIn(headersOf(message), name),
      reply: (body, given, session) => {
        if (reply === undefined || reply === '') return false;
        const options =
          session === undefined ? {} : { reply: watchSubject(self.cluster_name, self.member.name, session) };
        return link.publish(reply, body, given.size === 0 ? options : { ...options, headers: toNatsHeaders(given) });
      },
    });
  }

  private whenOpen(): Opened {
    if (this.opened === null) throw new LinkError('closed', 'the door is not open');
    return this.opened;
  }
}
