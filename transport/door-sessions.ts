/** What goes on answering one request until it ends, and is spoken to meanwhile under a name that nobody can guess. */
import type { DeskOptions, DoorMessage } from './door-desk.js';

export interface Session {
  /** A message to its subject. */
  hear(body: Uint8Array): void;
  /** Nobody listens to what it says. */
  gone(): void;
}

/** By name. */
export type Sessions = Map<string, Session>;

export interface OpenSession {
  readonly name: string;
  readonly isOpen: boolean;
  /** From now on it is heard, unless it has ended already. */
  begin(session: Session): void;
  end(): void;
}

export function openSession(
  options: Pick<DeskOptions, 'sessionName'>,
  sessions: Sessions,
  message: DoorMessage,
): OpenSession {
  const name = options.sessionName();
  let open = true;
  return {
    name,
    get isOpen() {
      return open;
    },
    begin: (session) => {
      if (!open) return;
      sessions.set(name, session);
      message.listen?.(name);
    },
    end: () => {
      if (!open) return;
      open = false;
      sessions.delete(name);
      message.unlisten?.(name);
    },
  };
}
