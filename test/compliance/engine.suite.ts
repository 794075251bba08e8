/** What every engine promises (store/ports.ts, Engine), for each implementation to run. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromText, toText } from '../../machines/language/bytes.js';
import type { Engine, EngineFactory, EngineWrite } from '../../store/ports.js';

const put = (key: string, value: string): EngineWrite => ({ type: 'put', key: fromText(key), value: fromText(value) });
const remove = (key: string): EngineWrite => ({ type: 'delete', key: fromText(key) });

async function read(engine: Engine, ...keys: string[]): Promise<(string | undefined)[]> {
  const values = await engine.getMany(keys.map(fromText));
  return values.map((value) => (value === undefined ? undefined : toText(value)));
}

async function list(engine: Engine, from: string, to: string, page_bytes?: number): Promise<string[][]> {
  const pages: string[][] = [];
  for await (const page of engine.iterate(fromText(from), fromText(to), page_bytes)) {
    pages.push(page.map(([key, value]) => `${toText(key)}=${toText(value)}`));
  }
  return pages;
}

export function describeEngine(
  name: string,
  makeFactory: () => Promise<{ factory: EngineFactory; done: () => Promise<void> }>,
): void {
  const run = async (body: (engine: Engine, factory: EngineFactory) => Promise<void>): Promise<void> => {
    const { factory, done } = await makeFactory();
    const engine = await factory.open('state/0');
    try {
      await body(engine, factory);
    } finally {
      await engine.close();
      await done();
    }
  };

  describe(`engine: ${name}`, () => {
    test('getMany answers in the order asked, undefined where there is nothing', () =>
      run(async (engine) => {
        await engine.write([put('b', '2'), put('a', '1'), put('empty', '')], true);
        assert.deepEqual(await read(engine, 'b', 'none', 'a', 'empty', 'b'), ['2', undefined, '1', '', '2']);
        assert.deepEqual(await engine.getMany([]), []);
      }));

    test('a batch is applied in its order: the last word on a key stands', () =>
      run(async (engine) => {
        await engine.write([put('a', '1'), remove('a'), put('b', '1'), remove('b'), put('b', '2')], false);
        assert.deepEqual(await read(engine, 'a', 'b'), [undefined, '2']);
        await engine.write([], true);
      }));

    test('what is written is what is read, whatever the bytes, also from a view of a larger memory', () =>
      run(async (engine) => {
        const memory = Uint8Array.from({ length: 512 }, (_, i) => i % 256);
        const key = memory.subarray(3, 40);
        await engine.write([{ type: 'put', key, value: memory.subarray(100, 400) }], true);
        const [value] = await engine.getMany([key.slice()]);
        assert.deepEqual(Buffer.from(value ?? []), Buffer.from(memory.subarray(100, 400)));
        memory.fill(0);
        const [later] = await engine.getMany([Uint8Array.from({ length: 37 }, (_, i) => i + 3)]);
        assert.equal(later?.[0], 100);
      }));

    test('keys are ordered as bytes, and iterate is half open', () =>
      run(async (engine) => {
        const keys = [[0], [0, 0], [1], [0x7f], [0x80], [0xff], [0xff, 0]];
        await engine.write(
          [...keys].reverse().map((key) => ({ type: 'put', key: Uint8Array.from(key), value: Uint8Array.of(1) })),
          true,
        );
        const seen: number[][] = [];
        for await (const page of engine.iterate(Uint8Array.of(0), Uint8Array.of(0xff, 0))) {
          for (const [key] of page) seen.push([...key]);
        }
        assert.deepEqual(seen, keys.slice(0, -1));
      }));

    test('iterate comes in pages of about the asked size', () =>
      run(async (engine) => {
        await engine.write(
          Array.from({ length: 100 }, (_, i) => put(`k${100 + i}`, 'v'.repeat(100))),
          true,
        );
        const pages = await list(engine, 'k', 'l', 1_000);
        assert.ok(pages.length >= 5, `${pages.length} pages`);
        assert.equal(pages.flat().length, 100);
        assert.deepEqual(pages.flat(), [...pages.flat()].sort());
        assert.deepEqual(await list(engine, 'x', 'y'), []);
        assert.deepEqual(await list(engine, 'k150', 'k120'), []);
      }));

    test('iterate shows the state as of its call, whatever is written meanwhile', () =>
      run(async (engine) => {
        await engine.write(
          Array.from({ length: 50 }, (_, i) => put(`k${10 + i}`, 'old'.repeat(20))),
          true,
        );
        const seen: string[] = [];
        const pages = engine.iterate(fromText('k'), fromText('l'), 200);
        await engine.write([put('k10', 'new'), put('k11', 'new')], true);
        for await (const page of pages) {
          if (seen.length === 0) {
            await engine.write(
              [...Array.from({ length: 25 }, (_, i) => remove(`k${30 + i}`)), put('k59', 'new')],
              true,
            );
            await engine.write([put('k99', 'new')], true);
          }
          seen.push(...page.map(([, value]) => toText(value) ?? ''));
        }
        assert.equal(seen.length, 50);
        assert.ok(seen.every((value) => value.startsWith('old')));
      }));

    test('an iteration can be left early', () =>
      run(async (engine) => {
        await engine.write(
          Array.from({ length: 50 }, (_, i) => put(`k${10 + i}`, 'x'.repeat(50))),
          true,
        );
        for await (const page of engine.iterate(fromText('k'), fromText('l'), 100)) {
          assert.ok(page.length > 0);
          break;
        }
        assert.deepEqual(await read(engine, 'k10'), ['x'.repeat(50)]);
      }));

    test('deleteRange takes from ≤ key < to and nothing else', () =>
      run(async (engine) => {
        await engine.write(
          ['a', 'b', 'bb', 'c', 'd'].map((key) => put(key, key)),
          true,
        );
        await engine.deleteRange(fromText('b'), fromText('d'));
        assert.deepEqual((await list(engine, 'a', 'z')).flat(), ['a=a', 'd=d']);
      }));

    test('what was synced is there after close and open; list and destroy know the directory', () =>
      run(async (engine, factory) => {
        await engine.write([put('a', '1')], false);
        await engine.write([put('b', '2')], true);
        await engine.close();
        assert.deepEqual(await factory.list('state'), ['0']);
        const again = await factory.open('state/0');
        assert.deepEqual(await read(again, 'a', 'b'), ['1', '2']);
        await assert.rejects(factory.open('state/0'), 'a second opener is refused');
        await again.close();
        await factory.destroy('state/0');
        assert.deepEqual(await factory.list('state'), []);
        assert.deepEqual(await factory.list('nowhere'), []);
        const fresh = await factory.open('state/0');
        assert.deepEqual(await read(fresh, 'a'), [undefined]);
        await fresh.close();
      }));

    test('a closed engine refuses work', () =>
      run(async (engine) => {
        await engine.close();
        await engine.close();
        await assert.rejects(engine.getMany([fromText('a')]));
        await assert.rejects(engine.write([put('a', '1')], true));
      }));

    test('size_bytes grows with what is stored', () =>
      run(async (engine) => {
        const before = await engine.size_bytes();
        await engine.write([put('a', 'x'.repeat(100_000))], true);
        assert.ok((await engine.size_bytes()) >= before);
        assert.ok(Number.isFinite(before));
      }));
  });
}
