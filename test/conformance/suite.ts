/** Runs the conformance cases against one driver. A case is skipped only by a version rule that says why. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { errors, type ErrorName } from '../../machines/language/errors.js';
import { Refused, type Driver, type Text } from './driver.js';

/** What a case works with: the store, and keys that no other case uses. */
export interface Desk {
  readonly store: Driver;
  /** This case's own key of that name. */
  readonly key: (name?: string) => Text;
  /** The end of the range of all keys of this case (or of those that begin with `name`). */
  readonly end: (name?: string) => Text;
  /** The store's current revision. */
  readonly revision: () => Promise<number>;
  /** Puts `value` and gives the revision. */
  readonly put: (name: string, value?: Text) => Promise<number>;
  /** The answer to a linearizable get of one key, or undefined. */
  readonly get: (name: string, revision?: number) => ReturnType<typeof getOne>;
}

export interface Case {
  readonly name: string;
  /** The first version of etcd that behaves so, and why the ones before it do not. */
  readonly since?: readonly [version: string, because: string];
  /** Only this product behaves so, and why the other does not. */
  readonly only?: readonly [product: Driver['product'], because: string];
  /** Needs a store that nothing was written to. */
  readonly fresh?: boolean;
  /** Needs a store that has streams of watches. */
  readonly watches?: boolean;
  readonly run: (desk: Desk) => Promise<void>;
}

export interface Group {
  readonly title: string;
  readonly cases: readonly Case[];
}

/** Asserts that `asked` is refused with the table's exact text and code. */
export async function refusedWith(asked: Promise<unknown>, name: ErrorName): Promise<void> {
  const { code, message } = errors[name];
  const error = await asked.then(
    (answer) => assert.fail(`expected "${message}", but it was answered: ${show(answer)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refused)) throw error;
  assert.equal(error.text, message);
  if (error.code !== undefined) assert.equal(error.code, code, `the code of "${message}"`);
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));

/** The end of the range of all keys that begin with `prefix` (whose last character is not \xff). */
const prefixEndOf = (prefix: Text): Text =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

async function getOne(store: Driver, key: Text, revision = 0) {
  const answer = await store.range({ key, revision });
  return answer.kvs[0];
}

function deskFor(store: Driver, number: number): Desk {
  const prefix = `case${number}/`;
  const key = (name = ''): Text => prefix + name;
  return {
    store,
    key,
    end: (name = '') => prefixEndOf(key(name)),
    revision: async () => (await store.range({ key: key('nothing') })).revision,
    put: async (name, value = 'value') => (await store.put({ key: key(name), value })).revision,
    get: (name, revision) => getOne(store, key(name), revision),
  };
}

/** Declares the tests of all groups; the driver is started once, before the first. */
export function runConformance(title: string, start: () => Promise<Driver>, groups: readonly Group[]): void {
  describe(title, () => {
    let store: Driver;
    before(async () => {
      store = await start();
    });
    after(() => store?.close());
    let number = 0;
    const fresh = groups.flatMap((group) => group.cases.filter((one) => one.fresh));
    describe('an untouched store', () => fresh.forEach((one) => declare(one, ++number)));
    for (const group of groups) {
      describe(group.title, () => {
        for (const one of group.cases) if (!one.fresh) declare(one, ++number);
      });
    }

    function declare(one: Case, at: number): void {
      test(one.name, async (context) => {
        const reason = skipReason(one, store);
        if (reason !== undefined) context.skip(reason);
        else await one.run(deskFor(store, at));
      });
    }
  });
}

function skipReason(one: Case, store: Driver): string | undefined {
  if (one.watches === true && store.watch === undefined) return 'no stream of watches here';
  if (one.only !== undefined && one.only[0] !== store.product) return one.only[1];
  if (one.since !== undefined && isOlder(store.version, one.since[0])) return `since ${one.since.join(': ')}`;
  return undefined;
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
