/** RocksDB: the common suite, and what only a disk can show. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RocksEngineFactory } from '../../store/engine-rocks.js';
import { describeEngine } from '../compliance/engine.suite.js';

async function makeRoot(): Promise<{ factory: RocksEngineFactory; done: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'quorate-rocks-'));
  return { factory: new RocksEngineFactory(root), done: () => rm(root, { recursive: true, force: true }) };
}

describeEngine('rocksdb', makeRoot);

test('a page holds many pairs: one turn of the event loop each would be too slow', async () => {
  const { factory, done } = await makeRoot();
  const engine = await factory.open('a');
  const batch = Array.from({ length: 10_000 }, (_, i) => ({
    type: 'put' as const,
    key: Buffer.from(`key-${String(i).padStart(6, '0')}`),
    value: Buffer.alloc(100, 1),
  }));
  await engine.write(batch, true);
  let pages = 0;
  let pairs = 0;
  for await (const page of engine.iterate(Buffer.from('key-'), Buffer.from('key.'), 256 * 1024)) {
    pages++;
    pairs += page.length;
  }
  assert.equal(pairs, 10_000);
  assert.ok(pages < 40, `${pages} pages`);
  await engine.close();
  await done();
});
