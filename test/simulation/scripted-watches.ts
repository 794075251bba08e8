/** Histories of watchers that chance would find now and then, played on purpose with a cluster of three whole nodes. */
import { clientOver } from '../../client/client.js';
import { toWatchResponse } from '../../client/answers.js';
import { op } from '../../client/txn.js';
import type { WatchResponse } from '../../client/index.js';
import { EMPTY } from '../../machines/language/bytes.js';
import type { WatchCreate, WatchResponse as WireResponse } from '../../machines/language/watching.js';
import { MemoryLink } from '../../transport/memory-link.js';
import { type ClientLink, LinkError } from '../../transport/ports.js';
import { memberSubject } from '../../transport/subjects.js';
import { decodeWatchMessage, encodeWatchMessage } from '../../transport/wire-watch.js';
import { encodeOpening } from '../../transport/wire-watch-requests.js';
import type { ClusterMember, ClusterTwist } from './cluster.js';
import { onlyTwoHaveIt, playCluster, type Stage, trimBeyond } from './cluster-script.js';
import { clients } from './door.js';
import { must, type SimulationFailure } from './failure.js';
import { createLife } from './life.js';
import { replace } from './truth.js';
import { judgeWatched } from './watched.js';

const everything = Uint8Array.of(0);

const watchEverything: WatchCreate = {
  ranges: [{ key: everything, range_end: everything }],
  start_revision: 0,
  prev_kv: false,
  filters: [],
  progress_notify: false,
  fragment: false,
  watch_id: 1,
  initial_state: false,
  initial_after: EMPTY,
  after_index: 0,
};

/** A stream that stays with one member, whatever becomes of that: no client of the product would. */
function watchAt({ cluster }: Stage, { name }: ClusterMember) {
  const seen = { created: null as number | null, responses: [] as WatchResponse[], upTo: 0 };
  const link = new MemoryLink(cluster.switchboard, createLife(cluster.world).clock, clients);
  const opening = encodeOpening({ create: watchEverything, window_bytes: 0 }, 'msgpack');
  const stream = link.stream(memberSubject('simulated', name, 'watch.create'), opening, new Map(), {
    message: ({ body }) => {
      const { header, responses } = decodeWatchMessage(body);
      for (const response of responses) {
        seen.upTo = response.revision;
        if (response.created) seen.created = response.revision;
        else seen.responses.push(toWatchResponse(header, response));
      }
    },
    ended: (error) => cluster.fail(error),
  });
  return { seen, close: () => stream.close() };
}

/** The member that a watcher hangs on is cut off, and gets a snapshot in place of what it missed. */
export const playSwitched = (seed: number, twist?: ClusterTwist): Promise<SimulationFailure | null> =>
  playCluster(seed, twist, async (stage) => {
    const { cluster } = stage;
    const { truth, counts } = cluster;
    const { leader, near, far } = await onlyTwoHaveIt(stage);
    stage.apart([leader, near, far]);
    await stage.level(cluster.members);
    const { seen, close } = watchAt(stage, far);
    await stage.until('a member takes a watcher', () => seen.created !== null);
    stage.put('a');
    await stage.until('a watcher is told of a write', () => seen.responses.length > 0);
    stage.apart([leader, near], [far]);
    await trimBeyond(stage, leader, far);
    const installed = counts.installed;
    stage.apart([leader, near, far]);
    await stage.until('it gets a snapshot', () => counts.installed > installed);
    const sent = stage.put('b');
    await stage.until('a write is answered', () => sent.answer !== null);
    await stage.level(cluster.members);
    await stage.until('a watcher is told of everything', () => seen.upTo >= truth.state.revision);
    judgeWatched(truth, { after: seen.created ?? 0, responses: seen.responses, upTo: () => seen.upTo });
    close();
  });

/** What becomes of a part of a response on its way to the client. */
export type PartTwist = (part: WireResponse) => WireResponse;

/** A client's stream is lost when half of a transaction's response has come. */
export const playCutResponse = (seed: number, twist: PartTwist = (part) => part): Promise<SimulationFailure | null> =>
  playCluster(seed, undefined, async (stage) => {
    const { cluster } = stage;
    const { world, truth } = cluster;
    await stage.leader(cluster.members);
    const { clock } = createLife(world);
    const cut = { ready: false, done: false };
    const link = losingParts(new MemoryLink(cluster.switchboard, clock, clients), cut, twist);
    const options = { clusterName: 'simulated', random: world.chance.fork(), clock, link, timeoutMs: 3_000 };
    const client = await stage.done(clientOver(options, () => Promise.resolve(link)));
    const watcher = client.watch('', { prefix: true });
    const responses: WatchResponse[] = [];
    watcher.on('response', (response) => responses.push(response));
    const { revision } = await stage.done(watcher.created);
    const first = await stage.done(client.kv.put('a', 'before'));
    await stage.until('a watcher is told of a write', () => watcher.revision >= first.header.revision);
    cut.ready = true;
    const both = ['a', 'b'].map((key) => op.put(key, 'together'));
    const { header } = await stage.done(
      client.kv
        .txn()
        .then(...both)
        .commit(),
    );
    await stage.until('a stream is lost inside a response', () => cut.done);
    await stage.until('a watcher is told of everything', () => watcher.revision >= header.revision);
    const last = await stage.done(client.kv.put('a', 'after'));
    await stage.until('a watcher is told of everything', () => watcher.revision >= last.header.revision);
    judgeWatched(truth, { after: revision, responses, upTo: () => watcher.revision });
    await stage.done(client.close());
  });

/** Once, of the first response with several events only the first one comes, as a fragment; the stream ends with it. */
function losingParts(link: ClientLink, cut: { readonly ready: boolean; done: boolean }, twist: PartTwist): ClientLink {
  return replace(link, {
    stream: (subject, body, headers, handlers) =>
      link.stream(subject, body, headers, {
        ...handlers,
        message: (message) => {
          const whole = decodeWatchMessage(message.body);
          const [response] = whole.responses;
          if (!cut.ready || cut.done || response === undefined || response.events.length < 2) {
            return handlers.message(message);
          }
          const revisions = new Set(response.events.map(({ event }) => event.kv.mod_revision));
          must(revisions.size === 1, 'the response that is cut is of one revision', { revisions: [...revisions] });
          cut.done = true;
          const part = twist({ ...response, events: response.events.slice(0, 1), fragment: true });
          const said = encodeWatchMessage({ ...whole, responses: [part] }, 'msgpack');
          handlers.message({ ...message, body: said });
          handlers.ended(new LinkError('closed', 'the stream is lost'));
        },
      }),
  });
}
