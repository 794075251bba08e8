/** Simulated clients: few keys, unique values, one operation at a time each, retries under the same request id. */
import { errors } from '../../machines/language/errors.js';
import type { RequestId } from '../../machines/language/commands.js';
import type { Chance } from './chance.js';
import type { Answerer, Question, Street } from './door.js';
import type { History } from './history.js';
import { type Input, isRead, type Output, type ReadInput } from './model.js';
import { isRefusal, outputOf, outputOfError, requestOf, tagOf } from './operations.js';
import type { World } from './world.js';

export interface ClientSettings {
  readonly clients: number;
  /** Mean pause between two operations of one client. */
  readonly pause_ms: number;
  readonly timeout_ms: number;
  readonly deadline_ms: number;
  /** Requests carry ids, so that a retry is safe. Without: one attempt. */
  readonly ids: boolean;
  readonly compactions: boolean;
}

export interface Load {
  readonly counts: { called: number; answered: number; unknown: number; attempts: number; local: number };
  /** Ask no more. */
  stop(): void;
}

interface Client {
  readonly name: string;
  readonly identity: Uint8Array;
  numbered: number;
  /** Writes in a row that were too late to be told what became of them. */
  expired: number;
}

/** After so many it asks what time it is, so to speak: the product's client does so before a write. */
const EXPIRED_IN_A_ROW = 3;
const readOfNow: Input = { type: 'read', key: null, revision: 0, serializable: false };

const keys = ['a', 'b', 'c', 'd', 'e'];

export function startClients(world: World, street: Street, history: History, settings: ClientSettings): Load {
  const chance = world.chance.fork();
  const counts = { called: 0, answered: 0, unknown: 0, attempts: 0, local: 0 };
  let stopped = false;
  /** What the clients have seen so far, from which they make their next guesses. */
  const seen = { revision: 1, index: 0, mods: new Map<string, number>() };

  const look = (output: Output): void => {
    if (output.type === 'error') return;
    seen.revision = Math.max(seen.revision, output.revision);
    if (output.type === 'kvs' || output.type === 'swapped') for (const kv of output.kvs) seen.mods.set(kv.key, kv.mod);
  };

  const pause = (client: Client): void => {
    world.after(settings.pause_ms * 2 * chance.fraction(), () => next(client));
  };

  const next = (client: Client): void => {
    if (stopped) return;
    const drawn = drawInput(chance, seen, settings, `${client.name}-${counts.called}`);
    const input = client.expired >= EXPIRED_IN_A_ROW ? readOfNow : drawn;
    counts.called++;
    if (isRead(input) && input.serializable) return readLocally(client, input);
    const since = seen.index;
    client.numbered++;
    const id: RequestId | null =
      settings.ids && !isRead(input) ? { client: client.identity, number: client.numbered, since } : null;
    const end = history.call(client.name, input, tagOf(input, id));
    const until_ms = world.now_ms() + settings.deadline_ms;
    const finish = (output: Output | null): void => {
      if (output === null) counts.unknown++;
      else {
        counts.answered++;
        client.expired = 0;
        look(output);
      }
      end(output);
      pause(client);
      if (id !== null && chance.happens(0.15)) askAgainLate(input, id);
    };
    attempt(client, input, id, until_ms, finish);
  };

  /** A copy of a request that comes when nobody waits for it any more: it must not be done again. */
  const askAgainLate = (input: Input, id: RequestId): void => {
    world.after(chance.below(200, 5000), () => {
      if (stopped) return;
      const question: Question = { request: requestOf(input), id, timeout_ms: settings.timeout_ms };
      street.ask('leader', question, () => undefined);
    });
  };

  /** Asks until something settles it or time is up. A read, or a write with an id, may be asked again. */
  const attempt = (
    client: Client,
    input: Input,
    id: RequestId | null,
    until_ms: number,
    finish: (output: Output | null) => void,
  ): void => {
    counts.attempts++;
    let over = false;
    const again = (): void => {
      if (over) return;
      over = true;
      timer.cancelled = true;
      const repeatable = id !== null || isRead(input);
      if (!repeatable || world.now_ms() >= until_ms || stopped) return finish(null);
      world.after(20 * chance.fraction(), () => attempt(client, input, id, until_ms, finish));
    };
    const timer = world.after(settings.timeout_ms, again);
    const settle = (output: Output): void => {
      if (over) return;
      over = true;
      timer.cancelled = true;
      finish(output);
    };
    /** Too late: what became of it nobody can tell any more, and asking again only makes the log longer. */
    const forget = (): void => {
      if (over) return;
      over = true;
      timer.cancelled = true;
      client.expired++;
      finish(null);
    };
    /** Settled, it was said: nothing was done. */
    const refuse = (): void => {
      const tag = tagOf(input, id);
      if (tag !== null) history.refused.push(tag);
      if (over) return;
      over = true;
      timer.cancelled = true;
      finish(null);
    };
    const question: Question = { request: requestOf(input), id, timeout_ms: settings.timeout_ms };
    const to = isRead(input) && chance.happens(0.5) ? 'anyone' : 'leader';
    const sent = street.ask(to, question, (answer) => {
      if (!answer.ok) {
        const output = outputOfError(answer.error);
        if (output !== null) return settle(output);
        if (answer.error.message === errors.RequestExpired.message) return forget();
        return isRefusal(answer.error) ? refuse() : again();
      }
      seen.index = Math.max(seen.index, answer.header.raft_index);
      if ('result' in answer) settle(outputOf(input, answer.result));
      else again();
    });
    // Nobody listens: as good as an error at once.
    if (!sent) world.after(1, again);
  };

  const readLocally = (client: Client, input: ReadInput): void => {
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      pause(client);
    };
    const question: Question = { request: requestOf(input), id: null, timeout_ms: settings.timeout_ms };
    const to = chance.happens(0.5) ? 'anyone' : { member: `n${chance.below(1, 4)}` };
    street.ask(to, question, (answer, by: Answerer, answeredBefore) => {
      if (answer.ok && 'result' in answer) {
        counts.local++;
        const output = outputOf(input, answer.result);
        history.local.push({ member: by.name, input, output, answeredBefore });
      }
      finish();
    });
    world.after(settings.timeout_ms, finish);
  };

  for (let i = 0; i < settings.clients; i++) {
    const client: Client = { name: `c${i}`, identity: chance.bytes(16), numbered: 0, expired: 0 };
    world.after(settings.pause_ms * chance.fraction(), () => next(client));
  }
  return { counts, stop: () => void (stopped = true) };
}

function drawInput(
  chance: Chance,
  seen: { readonly revision: number; readonly mods: ReadonlyMap<string, number> },
  settings: ClientSettings,
  value: string,
): Input {
  const key = chance.pick(keys);
  const drawn = chance.below(0, 100);
  if (drawn < 30) return { type: 'put', key, value };
  if (drawn < 45) {
    const revision = chance.happens(0.2) ? Math.max(0, seen.revision + chance.below(-20, 4)) : 0;
    return { type: 'read', key: chance.happens(0.3) ? null : key, revision, serializable: false };
  }
  if (drawn < 52) return { type: 'read', key: chance.happens(0.3) ? null : key, revision: 0, serializable: false };
  if (drawn < 60) {
    const [a = '', b = ''] = chance.shuffled(keys);
    return { type: 'readBoth', keys: [a, b], serializable: chance.happens(0.4) };
  }
  if (drawn < 72) return { type: 'read', key: chance.happens(0.3) ? null : key, revision: 0, serializable: true };
  // Without an id nobody can tell afterwards whether an unanswered deletion happened: too many of them are undecidable.
  if (drawn < 80) return settings.ids ? { type: 'delete', key } : { type: 'put', key, value };
  if (drawn < 92) {
    const expected = chance.happens(0.8) ? (seen.mods.get(key) ?? 0) : 0;
    return { type: 'swap', key, expected, value };
  }
  if (drawn < 98 || !settings.compactions || !settings.ids) {
    const [a = '', b = ''] = chance.shuffled(keys);
    return { type: 'putBoth', keys: [a, b], value };
  }
  return { type: 'compact', revision: Math.max(1, seen.revision + chance.below(-30, 3)) };
}
