/**
 * Who follows a prefix of the event feed with nothing but the `nats` package, as docs/event-feed.md says: what is
 * missing is asked for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Msg } from 'nats';

interface Pair {
  readonly key: string;
  readonly mod_revision: number;
  readonly value: string;
}
interface Told {
  readonly term: number;
  readonly revision: number;
  readonly sub: number;
  readonly numbers: readonly number[];
  readonly truncated?: true;
  readonly type: string;
  readonly kv: Pair;
}
interface Beat {
  readonly term: number;
  readonly revision: number;
  readonly unsent_revision: number;
}
interface History {
  readonly header: { readonly revision: number };
  readonly events: readonly { readonly type: string; readonly kv: Pair }[];
  readonly more: boolean;
  readonly next_revision: number;
  readonly error?: { readonly message: string };
}

export interface Follower {
  /** What happened under the prefix, each event once, in order: `type key revision value`. */
  readonly events: readonly string[];
  /** Why the history was asked. */
  readonly asked: readonly string[];
  /** Resolves once it knows everything up to this revision. */
  reaches(revision: number): Promise<void>;
  /** Resolves once it has asked for the history for this reason. */
  hasAsked(why: string): Promise<void>;
  close(): Promise<void>;
}

export interface FollowOptions {
  readonly servers: readonly string[];
  readonly cluster: string;
  /** Of keys, with its slash at the end: `jobs/`. */
  readonly prefix: string;
  /** Whether a message of the feed is lost on its way: the test's doing. */
  readonly loses?: (count: number) => boolean;
}

/** Between two tries where nobody answers. */
const RETRY_MS = 20;

export const describeEvent = (type: string, { key, mod_revision, value }: Pair): string =>
  `${type} ${key} ${mod_revision} ${value}`;

/** From the first revision on. */
export async function follow({ servers, cluster, prefix, loses }: FollowOptions): Promise<Follower> {
  const connection = await connect({ servers: [...servers], maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  const tokens = prefix.split('/').slice(0, -1);
  const events: string[] = [];
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  /** Everything up to here is known: a revision whose last event was seen may have had more. */
  let complete = 0;
  let seen = new Set<string>();
  let term = 0;
  let number = 0;
  let count = 0;

  const note = (type: string, kv: Pair): void => {
    const event = describeEvent(type, kv);
    if (kv.mod_revision <= complete || seen.has(event)) return;
    seen.add(event);
    events.push(event);
  };
  const know = (revision: number): void => {
    if (revision <= complete) return;
    complete = revision;
    seen = new Set([...seen].filter((event) => Number(event.split(' ')[2]) > complete));
    wake();
  };

  /** All there is from the first revision on that is not known as a whole. */
  const fill = async (why: string): Promise<void> => {
    asked.push(why);
    wake();
    while (!connection.isClosed()) {
      const range = { key: prefix, range_end: `${prefix.slice(0, -1)}0`, start_revision: complete + 1 };
      const answer = await connection
        .request(`${cluster}.watch.history`, JSON.stringify(range), { timeout: 2_000 })
        .then((message) => message.json<History>())
        .catch(() => undefined);
      if (answer === undefined || answer.error !== undefined) {
        // Nobody leads at the moment.
        await sleep(RETRY_MS);
        continue;
      }
      for (const { type, kv } of answer.events) note(type, kv);
      know(answer.more ? answer.next_revision - 1 : answer.header.revision);
      if (!answer.more) return;
    }
  };

  const hearEvent = async (told: Told): Promise<void> => {
    if (told.term < term) return;
    const own = told.numbers[tokens.length] ?? 0;
    const gap = told.term > term ? 'new term' : own !== number + 1 ? 'gap' : told.truncated ? 'truncated' : '';
    [term, number] = [told.term, own];
    // What came before it is known as a whole, once an event of a later revision has come in order.
    if (gap !== '') await fill(gap);
    else know(told.revision - 1);
    if (told.truncated === undefined) note(told.type, told.kv);
  };
  const hearBeat = async (beat: Beat): Promise<void> => {
    if (beat.term < term) return;
    const why = beat.term > term ? 'new term' : beat.unsent_revision > complete ? 'unsent' : '';
    if (beat.term > term) [term, number] = [beat.term, 0];
    if (why !== '') await fill(why);
  };

  let turn = Promise.resolve();
  const inOrder = (work: () => Promise<void>): void => void (turn = turn.then(work));
  const listen = (subject: string, hear: (message: Msg) => Promise<void>): void => {
    connection.subscribe(subject, {
      callback: (_error, message) => {
        if (loses?.(++count) !== true) inOrder(() => hear(message));
      },
    });
  };
  listen(`${cluster}.events.${[...tokens, '>'].join('.')}`, (message) => hearEvent(message.json<Told>()));
  listen(`${cluster}.beat`, (message) => hearBeat(message.json<Beat>()));
  await connection.flush();
  void (async () => {
    for await (const { type } of connection.status()) {
      if (String(type) === 'reconnect') inOrder(() => fill('own connection'));
    }
  })();
  inOrder(() => fill('start'));

  return {
    events,
    asked,
    reaches: (revision) => until(() => complete >= revision),
    hasAsked: (why) => until(() => asked.includes(why)),
    close: () => connection.close(),
  };
}
