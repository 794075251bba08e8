/** The revision store on both engines. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { RocksEngineFactory } from '../../store/engine-rocks.js';
import { describeKv } from '../compliance/kv.suite.js';

describeKv('memory', async () => ({ factory: new MemoryEngineFactory(), done: async () => {} }));

describeKv('rocksdb', async () => {
  const root = await mkdtemp(join(tmpdir(), 'quorate-kv-'));
  return { factory: new RocksEngineFactory(root), done: () => rm(root, { recursive: true, force: true }) };
});
