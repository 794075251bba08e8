/** The room of the watches: clients' streams hang on it, and every write is told to those who watch its keys. */
import { fromCallback } from 'xstate';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { unreachable } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import type { ClusterId, Term } from '../machines/language/vocabulary.js';
import { watchResponse } from '../machines/language/watching.js';
import { advance } from '../machines/watchers.js';
import type { Written } from '../store/ports.js';
import type { Self, WatchOpening, WatchStream } from '../transport/ports.js';
import type { Incoming } from './incoming.js';
import { post, type System, type WatchHubLetter } from './mail.js';
import type { NodePorts, NodeSettings } from './ports.js';
import { answerWaiting, hearAsked, tellProgress } from './watch-asking.js';
import { cancelCompacted, hearRead, readOn } from './watch-catching.js';
import { endSession, flushOrEnd, hearPrevious, hearWritten, replaceState } from './watch-feed.js';
import { newSession, type Row, say, type Session, tell } from './watch-session.js';
import { channelOf, headerNow, type Hub, newChannel, watchFacts } from './watch-state.js';

export interface WatchHubInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly self: Self;
  readonly incoming: Incoming;
  readonly cluster: ClusterId;
  readonly raft: { readonly applied: number };
}

export const watchHubRoom = fromCallback<WatchHubLetter, WatchHubInput>((room) => {
  const { input, receive } = room;
  const system: System = room.system;
  const hub = newHub(input, system);
  input.incoming.watching = (stream, opening) => {
    post(system, 'watchHub', { type: 'opened', stream, opening });
    return {
      asked: (request) => post(system, 'watchHub', { type: 'asked', stream, request }),
      gone: () => post(system, 'watchHub', { type: 'gone', stream }),
    };
  };
  input.incoming.watches = () => watchFacts(hub);
  receive((letter) => handle(hub, letter));
  return () => {
    input.incoming.watching = null;
    input.incoming.watches = null;
  };
});

function newHub({ ports, settings, self, cluster, raft: { applied } }: WatchHubInput, system: System): Hub {
  const { revision } = ports.kv.status;
  return {
    ports,
    settings,
    system,
    cluster,
    member: self.member.id,
    sessions: new Map(),
    plain: newChannel(revision),
    previous: newChannel(revision),
    waiting: [],
    waiting_bytes: 0,
    asking: false,
    round: 0,
    behind: new Set(),
    reading: 0,
    term: 0 as Term,
    leader: false,
    learner: false,
    applied,
    decided: applied,
    draining: false,
    events: 0,
  };
}

function handle(hub: Hub, letter: WatchHubLetter): void {
  switch (letter.type) {
    case 'written':
      return written(hub, letter.written);
    case 'decided':
      hub.decided = letter.index;
      // Events come with the state's write, which would wait for the beat.
      if (!hub.plain.index.isEmpty || !hub.previous.index.isEmpty) post(hub.system, 'state', { type: 'hurried' });
      return undefined;
    case 'switched':
      hub.applied = letter.written.applied;
      replaceState(hub, letter.written.revision);
      answerWaiting(hub);
      return readOn(hub);
    case 'opened':
      return opened(hub, letter.stream, letter.opening);
    case 'asked': {
      const session = hub.sessions.get(letter.stream);
      return session === undefined ? undefined : hearAsked(hub, session, letter.request);
    }
    case 'gone': {
      const session = hub.sessions.get(letter.stream);
      return session === undefined ? undefined : endSession(hub, session);
    }
    case 'read':
      return hearRead(hub, letter.row, letter.reading);
    case 'previous':
      hearPrevious(hub, letter.round, letter.writes);
      return readOn(hub);
    case 'announce':
      hub.term = letter.term;
      hub.leader = letter.leader !== null;
      hub.learner = letter.role === 'learner';
      return undefined;
    case 'tick':
      return tick(hub, letter.now_ms);
    case 'drain':
      return drain(hub);
    case 'failed':
      throw letter.error;
    default:
      return unreachable(letter);
  }
}

function written(hub: Hub, { applied, revision, events }: Written): void {
  hub.applied = applied;
  const writes = events.map((each) => ({
    revision: each.revision,
    events: each.events.map((event) => ({ event, prev_kv: null })),
  }));
  hearWritten(hub, revision, writes);
  answerWaiting(hub);
  readOn(hub);
}

function opened(hub: Hub, stream: WatchStream, { create, window_bytes }: WatchOpening): void {
  if (hub.draining) return stream.refuse(errorOf('Stopped'));
  if (hub.learner) return stream.refuse(errorOf('NotSupportedForLearner'));
  const most = limits.watch_sessions_max;
  if (hub.sessions.size >= most) {
    const text = `quorate: ${most} streams of watches hang on this member already; ask another one`;
    return stream.refuse(new QuorateError('ResourceExhausted', text));
  }
  const session = newSession(stream, window_bytes, hub.ports.clock.now_ms());
  hub.sessions.set(stream, session);
  hearAsked(hub, session, { type: 'create', create });
}

function tick(hub: Hub, now_ms: number): void {
  for (const session of hub.sessions.values()) {
    tellProgress(hub, session);
    for (const row of session.notified) notify(hub, row, now_ms);
    if (now_ms - session.beat_ms >= limits.watch_heartbeat_ms) beat(hub, session, now_ms);
    flushOrEnd(hub, session);
  }
  readOn(hub);
}

/** B-36: how far it is, where it was told nothing for long. */
function notify(hub: Hub, row: Row, now_ms: number): void {
  if (row.state.phase !== 'live' || now_ms - row.told_ms < hub.settings.watch_progress_ms) return;
  row.told_ms = now_ms;
  tell(row.bundle.session, watchResponse([row.id], channelOf(hub, row.bundle).told));
}

/** Each second: what was delivered, what is gone, and that this member is here. */
function beat(hub: Hub, session: Session, now_ms: number): void {
  session.beat_ms = now_ms;
  const { compact_revision } = hub.ports.kv.status;
  const behind: number[] = [];
  for (const row of [...session.rows.values()]) {
    row.state = advance(row.state, { type: 'compacted', revision: compact_revision });
    if (row.state.phase === 'closed') cancelCompacted(hub, row);
    else if (row.state.phase !== 'live') behind.push(row.id);
  }
  flushOrEnd(hub, session);
  const revision = Math.min(hub.plain.told, hub.previous.told);
  const heartbeat = { leader: hub.leader, behind };
  if (!session.ended && !say(session, headerNow(hub, revision), { heartbeat, ended: '' })) endSession(hub, session);
}

/** This member stops: clients go on elsewhere, each from where it is. */
function drain(hub: Hub): void {
  hub.draining = true;
  for (const session of [...hub.sessions.values()]) {
    say(session, headerNow(hub), { heartbeat: null, ended: 'this member stops' });
    endSession(hub, session);
  }
}
