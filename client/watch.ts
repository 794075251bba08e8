/** Watches: what happens to keys, in order, without a gap. All of a client's share one stream. */
import type { Connection } from './connection.js';
import { toCreate } from './watch-requests.js';
import { openWatchSession, type WatchSession } from './watch-session.js';
import type { Watches } from './watch-types.js';
import { makeWatcher } from './watcher.js';

export interface WatchRoom extends Watches {
  /** Ends all of them. */
  close(): void;
}

export function watchesOf(connection: Connection): WatchRoom {
  const sessions = new Set<WatchSession>();

  /** Those that end without a leader are apart: their stream is given up where the others' waits. */
  const sessionFor = (requireLeader: boolean): WatchSession => {
    for (const session of sessions) {
      if (session.requireLeader === requireLeader && session.hasRoom) return session;
    }
    const session = openWatchSession(connection.core, requireLeader);
    sessions.add(session);
    return session;
  };

  return {
    watch: (key, options = {}) =>
      makeWatcher(toCreate(key, options), sessionFor(options.requireLeader === true), connection.core, options.signal),
    close: () => {
      for (const session of sessions) session.close();
    },
  };
}
