/** What a log may have lost at its end, and what it may not have lost before that. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { FRAME_HEAD, frameAt, sealFrame } from '../../store/log-frames.js';
import type { Frame } from '../../store/log-frames.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';

let cluster: TestCluster;
let client: Client;

before(async () => {
  cluster = await startTestCluster();
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName, timeoutMs: 20_000 });
  for (let number = 0; number < 50; number++) await client.kv.put(`key/${number}`, 'value'.repeat(20));
});
after(async () => {
  await client.close();
  await cluster.stop();
});

/** The newest segment of a node's log, its last batch, and where that ends (zeros follow: the file is preallocated). */
function lastSegment(name: string) {
  const directory = join(cluster.dataDirectory(name), 'log');
  const newest = readdirSync(directory).sort().at(-1);
  assert.ok(newest !== undefined, 'a log has segments');
  const path = join(directory, newest);
  const bytes = readFileSync(path);
  const frames: Frame[] = [];
  let end = bytes.indexOf('QRB1');
  for (let frame = frameAt(bytes, end); frame !== undefined; frame = frameAt(bytes, end)) {
    frames.push(frame);
    end += FRAME_HEAD + frame.length;
  }
  const last = frames.at(-1);
  assert.ok(last !== undefined && frames.length > 10, 'the log holds batches');
  return { path, bytes, last, end };
}

test('a torn record after the last whole batch is cut, and the node goes on', async () => {
  await cluster.kill('n3');
  const { path, bytes, last, end } = lastSegment('n3');
  // The next batch, of which only the beginning reached the disk: what a crash in the middle of a write leaves.
  const batch = Buffer.alloc(FRAME_HEAD + 200, 'payload');
  sealFrame(batch, { segment: last.segment, sequence: last.sequence + 1, chain: last.chain });
  batch.copy(bytes, end, 0, FRAME_HEAD + 100);
  writeFileSync(path, bytes);
  await cluster.start('n3');
  await client.kv.put('after the tear', 'x');
  const { count } = await client.kv.get('key/', { prefix: true, countOnly: true, member: 'n3' });
  assert.equal(count, 50);
});

test('a flipped bit before that ends the node with exit code 4, and the others go on', async () => {
  await cluster.kill('n3');
  const { path, bytes, end } = lastSegment('n3');
  const middle = Math.floor(end / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
  cluster.launch('n3');
  assert.deepEqual(await cluster.ended('n3'), { code: 4, signal: null }, cluster.output('n3'));
  await client.kv.put('after the damage', 'x');
});
