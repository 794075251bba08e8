/** Snapshots: what goes in comes out, and nothing that is damaged, short or long becomes a state. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromText } from '../../machines/language/bytes.js';
import { type ClusterId, index, type Revision, term } from '../../machines/language/vocabulary.js';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { DamagedError, type Engine, type EnginePair } from '../../store/ports.js';
import { StateDirectories } from '../../store/snapshot.js';
import { type SnapshotHead, snapshotSource } from '../../store/snapshot-stream.js';
import { configuration } from './log-support.js';
import { memoryDisk } from './memory-disk.js';

const head: SnapshotHead = {
  index: index(70),
  term: term(3),
  configuration,
  cluster: 0xfedc_ba98_7654_3210n as ClusterId,
  cluster_name: 'quorate',
  revision: 12 as Revision,
};
const END = new Uint8Array(Array.from({ length: 16 }, () => 0xff));

const pairsOf = (sizes: readonly number[]): EnginePair[] =>
  sizes.map((size, i) => [fromText(`key ${String(i).padStart(6, '0')}`), new Uint8Array(size).fill(i)]);

async function* pagesOf(pairs: readonly EnginePair[], count = 3): AsyncGenerator<EnginePair[], void> {
  for (let i = 0; i < pairs.length; i += count) yield pairs.slice(i, i + count);
}

async function streamOf(pairs: readonly EnginePair[]): Promise<Uint8Array[]> {
  const source = snapshotSource(head, pagesOf(pairs));
  const pieces: Uint8Array[] = [];
  for (let piece = await source.next(); piece !== null; piece = await source.next()) pieces.push(piece);
  return pieces;
}

async function contentOf(engine: Engine): Promise<EnginePair[]> {
  const pairs: EnginePair[] = [];
  for await (const page of engine.iterate(new Uint8Array(0), END)) {
    for (const [key, value] of page) pairs.push([new Uint8Array(key), new Uint8Array(value)]);
  }
  return pairs;
}

function stateDirectories() {
  const engines = new MemoryEngineFactory();
  const disk = memoryDisk();
  return { engines, disk, store: new StateDirectories(disk, engines) };
}

async function receive(pieces: readonly Uint8Array[]) {
  const { engines, disk, store } = stateDirectories();
  const sink = await store.receive();
  for (const piece of pieces) await sink.add(piece);
  return { engines, disk, received: await sink.finish() };
}

/** Small pairs, empty ones, and some that no chunk can hold. */
const mixed = pairsOf([10, 0, 300_000, 5, 700_000, 1, 262_136, 262_144, ...Array.from({ length: 500 }, (_, i) => i)]);

test('a state comes out as it went in, durable, with its mark, cluster and a directory of its own', async () => {
  const pieces = await streamOf(mixed);
  assert.ok(pieces.every((piece) => piece.length <= 256 * 1024));
  const { engines, disk, received } = await receive(pieces);
  assert.deepEqual(received, {
    mark: { index: 70, term: 3, configuration },
    cluster: head.cluster,
    stateDirectory: 'store/1',
  });
  assert.equal(disk.journal.at(-1), 'syncDirectory store');
  engines.crash();
  const engine = await engines.open('store/1');
  assert.deepEqual(await contentOf(engine), mixed, '[safety] all of it was synced before finish() resolved');
});

test('the stream may be cut anywhere into pieces', async () => {
  const whole = Buffer.concat(await streamOf(mixed.slice(0, 4)));
  for (const size of [1_000, 4_096, 65_536, 1_000_000]) {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
      whole.subarray(i * size, (i + 1) * size),
    );
    const { engines, received } = await receive(pieces);
    assert.deepEqual(await contentOf(await engines.open(received.stateDirectory)), mixed.slice(0, 4));
  }
  const little = Buffer.concat(await streamOf(pairsOf([3, 0])));
  await receive([...little].map((byte) => Uint8Array.of(byte)));
});

test('an empty state is a state', async () => {
  const { engines, received } = await receive(await streamOf([]));
  assert.deepEqual(await contentOf(await engines.open(received.stateDirectory)), []);
});

test('[safety] any byte flipped, in head, chunks, checksums or end, is refused', async () => {
  const whole = Buffer.concat(await streamOf(pairsOf([40, 0, 7])));
  for (let at = 0; at < whole.length; at++) {
    for (const bit of [0x01, 0x80]) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ bit;
      const { store } = stateDirectories();
      const sink = await store.receive();
      const refused = sink.add(damaged).then(() => sink.finish());
      await assert.rejects(refused, (error: Error) => {
        assert.ok(error instanceof DamagedError || error.name === 'UnknownVersionError', `byte ${at}: ${error.stack}`);
        return true;
      });
      await sink.abort();
    }
  }
});

test('[safety] each chunk damaged, missing or exchanged is refused, and what was received is removed', async () => {
  const pieces = await streamOf(mixed);
  const attempts = pieces.flatMap((piece, i) => {
    const damaged = Uint8Array.from(piece);
    damaged[piece.length >> 1] = (damaged[piece.length >> 1] as number) ^ 1;
    return [pieces.with(i, damaged), pieces.toSpliced(i, 1), pieces.toSpliced(i, 0, piece)];
  });
  attempts.push([pieces[0], pieces[2], pieces[1], ...pieces.slice(3)] as Uint8Array[], [...pieces, Uint8Array.of(0)]);
  for (const attempt of attempts) {
    const { engines, store } = stateDirectories();
    const sink = await store.receive();
    const feed = async (): Promise<void> => {
      for (const piece of attempt) await sink.add(piece);
      await sink.finish();
    };
    await assert.rejects(feed(), DamagedError);
    await sink.abort();
    assert.deepEqual(await engines.list('store'), []);
  }
});

test('a stream that ends early at any byte is refused', async () => {
  const whole = Buffer.concat(await streamOf(pairsOf([3])));
  for (let end = 0; end < whole.length; end++) {
    const sink = await stateDirectories().store.receive();
    await sink.add(whole.subarray(0, end));
    await assert.rejects(sink.finish(), DamagedError);
  }
});

test('directories: the next free number, an unfinished one is removed, the sweep leaves the current one', async () => {
  const { engines, store } = stateDirectories();
  await (await engines.open('store/0')).close();
  const pieces = await streamOf(pairsOf([1, 2]));
  const unfinished = await store.receive();
  await unfinished.add(pieces[0] as Uint8Array);
  const sink = await store.receive();
  assert.deepEqual(await engines.list('store'), ['0', '1'], 'the unfinished one made room');
  await assert.rejects(unfinished.add(pieces[1] as Uint8Array), /aborted and takes no more/);
  for (const piece of pieces) await sink.add(piece);
  const { stateDirectory } = await sink.finish();
  await sink.abort();
  assert.equal(stateDirectory, 'store/1');
  await (await store.receive()).add(pieces[0] as Uint8Array);
  assert.deepEqual(await engines.list('store'), ['0', '1', '2']);
  const later = new StateDirectories(memoryDisk(), engines);
  engines.crash();
  await later.sweep(stateDirectory);
  assert.deepEqual(await engines.list('store'), ['1']);
});

test('a source that is closed reads no further', async () => {
  let closed = false;
  async function* pairs(): AsyncGenerator<EnginePair[], void> {
    try {
      for (;;) yield pairsOf([100_000]);
    } finally {
      closed = true;
    }
  }
  const source = snapshotSource(head, pairs(), 5_000);
  assert.equal(source.size_bytes, 5_000);
  assert.deepEqual(source.mark, { index: 70, term: 3, configuration });
  await source.next();
  await source.next();
  await source.close();
  assert.ok(closed);
  assert.equal(await source.next(), null);
});
