/**
 * The room of the snapshots: streams its own state to followers that ask, fetches the leader's and hands it to the log.
 */
import { fromCallback } from 'xstate';
import { toHex } from '../machines/language/bytes.js';
import { unreachable } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import type { ClusterId, EffectOf, MemberId } from '../machines/language/vocabulary.js';
import { DiskError, type SnapshotSource } from '../store/ports.js';
import { failIn, post, postIfOpen, type SnapshotLetter, type System } from './mail.js';
import type { NodePorts } from './ports.js';
import { closeStreams, nextPiece, openStream, type Streams } from './streams.js';

export interface SnapshotInput {
  readonly ports: NodePorts;
  readonly cluster: ClusterId;
  readonly cluster_name: string;
}

interface Desk extends SnapshotInput {
  readonly system: System;
  readonly streams: Streams;
  /** The fetch under way; a newer one, or the end of the room, takes its ticket away. */
  ticket: object | null;
}

const PULL_TRIES = 5;

export const snapshotRoom = fromCallback<SnapshotLetter, SnapshotInput>(({ receive, input, system }) => {
  const desk: Desk = { ...input, system, streams: new Map(), ticket: null };
  receive((letter) => handle(desk, letter));
  return () => {
    desk.ticket = null;
    closeStreams(desk.streams, () => true).catch((error: unknown) => {
      input.ports.journal.warn('a snapshot stream did not close', { error: String(error) });
    });
  };
});

function handle(desk: Desk, letter: SnapshotLetter): void {
  switch (letter.type) {
    case 'prepareSnapshot':
      return prepare(desk, letter.to);
    case 'prepared':
      return offer(desk, letter.to, letter.source);
    case 'dropSnapshot':
      return drop(desk, (stream) => stream.to === letter.to);
    case 'pieceAsked':
      nextPiece(desk.streams, letter, desk.ports.clock.now_ms()).then(
        (piece) => letter.answer(piece),
        failIn(desk.system, 'snapshot'),
      );
      return;
    case 'installSnapshot':
      return install(desk, letter);
    case 'fetchFailed':
      return post(desk.system, 'raft', { type: 'snapshot.failed', index: letter.index, reason: letter.reason });
    case 'failed':
      throw letter.error;
    case 'tick':
      return dropIdle(desk, letter.now_ms);
    default:
      return unreachable(letter);
  }
}

function prepare(desk: Desk, to: MemberId): void {
  drop(desk, (stream) => stream.to === to);
  desk.ports.kv.snapshot(desk.cluster, desk.cluster_name).then(
    (source) => {
      postIfOpen(desk.system, 'snapshot', { type: 'prepared', to, source });
    },
    failIn(desk.system, 'snapshot'),
  );
}

function offer({ ports, streams, system }: Desk, to: MemberId, source: SnapshotSource): void {
  const id = toHex(ports.random.bytes(8));
  const { mark, size_bytes } = source;
  openStream(streams, id, to, source, ports.clock.now_ms());
  ports.journal.info('snapshot offered', { to, index: mark.index, size_bytes });
  post(system, 'raft', { type: 'snapshot.prepared', to, snapshot: { ...mark, id, size_bytes } });
}

function drop(desk: Desk, which: (stream: { readonly to: MemberId; readonly used_ms: number }) => boolean): void {
  closeStreams(desk.streams, which).catch(failIn(desk.system, 'snapshot'));
}

function dropIdle(desk: Desk, now_ms: number): void {
  const idle = (stream: { readonly used_ms: number }): boolean => now_ms - stream.used_ms >= limits.snapshot_idle_ms;
  const forgotten = [...desk.streams.values()].filter(idle);
  if (forgotten.length === 0) return;
  drop(desk, idle);
  for (const { to } of forgotten) post(desk.system, 'raft', { type: 'snapshot.dropped', to });
}

function install(desk: Desk, effect: EffectOf<'installSnapshot'>): void {
  const ticket = {};
  desk.ticket = ticket;
  const { index } = effect.snapshot;
  fetch(desk, effect, ticket).catch((error: unknown) => {
    // [safety] A disk that does not keep what it is given ends the node; nothing is tried on it again.
    if (error instanceof DiskError) return failIn(desk.system, 'snapshot')(error);
    const reason = error instanceof Error ? error.message : String(error);
    desk.ports.journal.warn('snapshot not installed', { index, reason });
    if (desk.ticket === ticket) postIfOpen(desk.system, 'snapshot', { type: 'fetchFailed', index, reason });
  });
}

/** [safety] Nothing of the stream counts before all of it is verified and synced; then the log makes it current. */
async function fetch(desk: Desk, effect: EffectOf<'installSnapshot'>, ticket: object): Promise<void> {
  const sink = await desk.ports.snapshots.receive();
  try {
    for (let number = 0; desk.ticket === ticket; number++) {
      const piece = await pull(desk, effect, number);
      if (piece === null) break;
      await sink.add(piece);
    }
    if (desk.ticket !== ticket) return await sink.abort();
    const received = await sink.finish();
    if (desk.ticket !== ticket) return await sink.abort();
    const { index, size_bytes } = effect.snapshot;
    desk.ports.journal.info('snapshot received', { index, size_bytes });
    post(desk.system, 'log', { type: 'add', items: [{ type: 'install', ...received }] });
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

async function pull(desk: Desk, effect: EffectOf<'installSnapshot'>, number: number): Promise<Uint8Array | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await desk.ports.peers.pull(effect.from, effect.snapshot, number);
    } catch (error) {
      if (attempt === PULL_TRIES) throw error;
    }
  }
}
