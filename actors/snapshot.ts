/** The room of the snapshots: streams its own state to followers that ask, fetches the leader's and hands it to the log. */
import { fromCallback } from 'xstate';
import { unreachable } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import { toHex } from '../machines/language/bytes.js';
import type { ClusterId, EffectOf, MemberId } from '../machines/language/vocabulary.js';
import type { SnapshotSource } from '../store/ports.js';
import { post, type SnapshotLetter } from './mail.js';
import type { NodePorts } from './ports.js';

export interface SnapshotInput {
  readonly ports: NodePorts;
  readonly cluster: ClusterId;
  readonly cluster_name: string;
}

/** A stream that one follower pulls, piece by piece; the last piece is kept for a question asked again. */
interface Stream {
  readonly to: MemberId;
  readonly source: SnapshotSource;
  number: number;
  piece: Promise<Uint8Array | null>;
  used_ms: number;
}

const PULL_TRIES = 5;

export const snapshotRoom = fromCallback<SnapshotLetter, SnapshotInput>(({ receive, input, system }) => {
  const { kv, snapshots, peers, clock, random, journal } = input.ports;
  const streams = new Map<string, Stream>();
  let fetching: object | null = null;
  let stopped = false;
  const tell = (letter: SnapshotLetter): void => {
    if (!stopped) post(system, 'snapshot', letter);
  };

  const drop = (id: string, stream: Stream): void => {
    streams.delete(id);
    void stream.source.close();
  };

  const dropFor = (to: MemberId): void => {
    for (const [id, stream] of streams) if (stream.to === to) drop(id, stream);
  };

  const prepare = (to: MemberId): void => {
    dropFor(to);
    kv.snapshot(input.cluster, input.cluster_name).then(
      (source) => tell({ type: 'prepared', to, source }),
      (error: unknown) => tell({ type: 'failed', error }),
    );
  };

  const prepared = (to: MemberId, source: SnapshotSource): void => {
    const id = toHex(random.bytes(8));
    streams.set(id, { to, source, number: -1, piece: Promise.resolve(null), used_ms: clock.now_ms() });
    const { mark, size_bytes } = source;
    journal.info('snapshot offered', { to, index: mark.index, size_bytes });
    post(system, 'raft', { type: 'snapshot.prepared', to, snapshot: { ...mark, id, size_bytes } });
  };

  const piece = (letter: Extract<SnapshotLetter, { type: 'pieceAsked' }>): void => {
    const stream = streams.get(letter.id);
    if (stream?.to !== letter.from) return letter.answer(null);
    if (letter.number === stream.number + 1) {
      stream.number = letter.number;
      stream.piece = stream.source.next();
    } else if (letter.number !== stream.number) return letter.answer(null);
    stream.used_ms = clock.now_ms();
    stream.piece.then(letter.answer, (error: unknown) => tell({ type: 'failed', error }));
  };

  const pull = async (effect: EffectOf<'installSnapshot'>, number: number): Promise<Uint8Array | null> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await peers.pull(effect.from, effect.snapshot, number);
      } catch (error) {
        if (attempt === PULL_TRIES) throw error;
      }
    }
  };

  /** [safety] Nothing of the stream counts before all of it is verified and synced; then the log makes it current. */
  const fetch = async (effect: EffectOf<'installSnapshot'>, ticket: object): Promise<void> => {
    const sink = await snapshots.receive();
    try {
      for (let number = 0; ; number++) {
        const next = await pull(effect, number);
        if (fetching !== ticket) return await sink.abort();
        if (next === null) break;
        await sink.add(next);
      }
      const received = await sink.finish();
      if (fetching !== ticket || stopped) return await sink.abort();
      post(system, 'log', { type: 'add', items: [{ type: 'install', ...received }] });
    } catch (error) {
      await sink.abort();
      throw error;
    }
  };

  const install = (effect: EffectOf<'installSnapshot'>): void => {
    const ticket = {};
    fetching = ticket;
    const { index } = effect.snapshot;
    fetch(effect, ticket).catch((error: unknown) => {
      journal.warn('snapshot not installed', { index, error: String(error) });
      if (fetching === ticket) tell({ type: 'fetchFailed', index, reason: String(error) });
    });
  };

  const dropIdle = (now_ms: number): void => {
    for (const [id, stream] of streams) {
      if (now_ms - stream.used_ms < limits.snapshot_idle_ms) continue;
      drop(id, stream);
      post(system, 'raft', { type: 'snapshot.dropped', to: stream.to });
    }
  };

  receive((letter) => {
    switch (letter.type) {
      case 'prepareSnapshot':
        return prepare(letter.to);
      case 'prepared':
        return prepared(letter.to, letter.source);
      case 'dropSnapshot':
        return dropFor(letter.to);
      case 'pieceAsked':
        return piece(letter);
      case 'installSnapshot':
        return install(letter);
      case 'fetchFailed':
        return post(system, 'raft', { type: 'snapshot.failed', index: letter.index, reason: letter.reason });
      case 'failed':
        throw letter.error;
      case 'tick':
        return dropIdle(letter.now_ms);
      default:
        return unreachable(letter);
    }
  });

  return () => {
    stopped = true;
    fetching = null;
    for (const [id, stream] of streams) drop(id, stream);
  };
});
