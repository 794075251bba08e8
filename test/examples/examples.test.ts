/** Every example runs against a real cluster and prints what a reader is told it shows. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Client, connect } from '../../client/index.js';
import { startTestCluster, type TestCluster } from '../process/cluster.js';
import { keysUnder } from '../process/keys-under.js';
import { type Program, startProgram } from './program.js';

let cluster: TestCluster;
let client: Client;
before(async () => {
  cluster = await startTestCluster();
  client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName });
});
after(async () => {
  await client.close();
  await cluster.stop();
});

/** What each prints, to the end; those that need more have a test of their own. */
const printed: Readonly<Record<string, readonly string[]>> = {
  '01-keys': [
    'put: a was one',
    'get: a is ONE, version 2',
    'prefix: a=ONE b=two c=three',
    'range [a, c): a b',
    'history: a was one when it was first put',
    'delete: 1 key',
    'after the compaction: etcdserver: mvcc: required revision has been compacted',
  ],
  '02-lease': [
    'granted: 2000 ms',
    'renewed three times: the key says here',
    'no longer renewed',
    'delete: lease expired',
    'keys left: 0',
  ],
  '03-lock': [
    'A has the lock',
    'B is in the queue',
    'A lets go',
    'B has the lock, and its fencing token is greater: true',
    "B's guarded write: true",
    'the watcher saw PUT, PUT, DELETE, DELETE',
  ],
  '07-liveness': ['alive: a b', 'a appeared', 'b appeared', 'b died', 'a left'],
};

for (const [name, lines] of Object.entries(printed)) {
  test(name, async () => {
    const program = startProgram(cluster, name);
    assert.equal(await program.ended, 0);
    assert.deepEqual(program.lines, lines);
  });
}

test('05-discovery: the live list follows what comes, leaves and crashes', async () => {
  const program = startProgram(cluster, '05-discovery', '200');
  assert.equal(await program.ended, 0);
  assert.deepEqual(program.lines, [
    'live: nobody',
    'live: a@10.0.0.1:80',
    'live: a@10.0.0.1:80 b@10.0.0.2:80',
    'live: a@10.0.0.1:80 b@10.0.0.2:80 c@10.0.0.3:80',
    'a deregisters',
    'live: b@10.0.0.2:80 c@10.0.0.3:80',
    'b crashes',
    'live: c@10.0.0.3:80',
  ]);
});

test('06-configuration: the last good value stays', async () => {
  const program = startProgram(cluster, '06-configuration');
  assert.equal(await program.ended, 0);
  assert.deepEqual(program.lines, [
    'begins with 2 workers',
    'now 3 workers',
    'still 3 workers: quorate: the configuration examples/configuration is not usable: workers is -1; it must be ≥ 1',
    'now 4 workers',
  ]);
});

test('08-tasks: each task through its states, and the attempt that failed by its name', async () => {
  const program = startProgram(cluster, '08-tasks');
  assert.equal(await program.ended, 0);
  const [mix, bake, failed, eat, ...rest] = program.lines;
  assert.deepEqual(rest, []);
  assert.match(mix ?? '', /^mix: .*Finished, after 1 attempt\(s\): mix: done$/);
  assert.match(bake ?? '', /^bake: .*Finished, after 2 attempt\(s\): bake: done$/);
  assert.equal(failed, 'bake: attempt 1 failed: the oven is cold');
  assert.match(eat ?? '', /^eat: .*Finished, after 1 attempt\(s\): eat: done$/);
});

test('09-progress: forward to 100 %', async () => {
  const program = startProgram(cluster, '09-progress');
  assert.equal(await program.ended, 0);
  const percents = program.lines.map((line) => Number.parseInt(line, 10));
  assert.deepEqual(
    percents,
    [...percents].sort((a, b) => a - b),
  );
  assert.equal(program.lines.at(-1), '100 % done');
});

test('04-election: one after the other, and after the loss of all nodes exactly one', async () => {
  const campaigners: Program[] = [];
  for (const name of ['a', 'b', 'c']) {
    const program = startProgram(cluster, '04-election', name);
    campaigners.push(program);
    await keysUnder(client, 'examples/election/', campaigners.length);
  }
  const [a, b, c] = campaigners as [Program, Program, Program];
  await a.prints(/^a leads$/);
  assert.deepEqual([b.lines, c.lines], [['b campaigns'], ['c campaigns']]);
  a.child.kill('SIGTERM');
  assert.equal(await a.ended, 0);
  await b.prints(/^b leads$/);
  assert.deepEqual(c.lines, ['c campaigns'], 'the third waits for the second');
  b.child.kill('SIGKILL');
  await c.prints(/^c leads$/);

  const again = ['d', 'e'].map((name) => startProgram(cluster, '04-election', name));
  await Promise.all(again.map((program) => program.prints(/ campaigns$/)));
  const all = [c, ...again];
  const before = all.map(({ lines }) => lines.length);
  await Promise.all(cluster.names.map((name) => cluster.kill(name)));
  // Each has noticed that its lease may be gone.
  await Promise.all(all.map((program, at) => program.prints(/lost its lease|expired|:/, before[at])));
  await Promise.all(cluster.names.map((name) => cluster.start(name)));
  await Promise.all(all.map((program, at) => program.prints(/ campaigns$/, before[at])));
  await Promise.race(all.map((program, at) => program.prints(/ leads$/, before[at])));
  const leading = all.filter(({ lines }) => / leads$/.test(lines.at(-1) ?? ''));
  assert.equal(leading.length, 1, all.map(({ lines }) => lines.join(' | ')).join('\n'));
  for (const program of all) program.child.kill('SIGTERM');
  await Promise.all(all.map(({ ended }) => ended));
});

test('every example is run here', () => {
  const folder = fileURLToPath(new URL('../../../examples/', import.meta.url));
  const programs = readdirSync(folder).filter((file) => /^\d\d-.*\.ts$/.test(file));
  assert.equal(programs.length, 9);
  const others = ['04-election', '05-discovery', '06-configuration', '08-tasks', '09-progress'];
  const known = [...Object.keys(printed), ...others];
  assert.deepEqual(programs.map((file) => file.replace(/\.ts$/, '')).sort(), known.sort());
});
