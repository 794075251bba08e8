/** `quorate up`: one command, one ready line, one Ctrl-C. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { connect } from '../../client/index.js';
import { freePorts } from '../../deploy/nats-server.js';
import { program } from '../../deploy/node-process.js';
import { hasEnded } from '../../deploy/processes.js';
import { listProcesses } from './processes.js';
import { makeRealDirectory } from './real-directory.js';

const directory = makeRealDirectory('quorate-up-');
const data = join(directory, 'data');
let port = 0;
let up: ChildProcess;
const told: string[] = [];
const listeners = new Set<() => void>();

/** Resolves with the first line, of those told already or to come, that fits. */
async function line(wanted: RegExp): Promise<string> {
  for (;;) {
    const found = told.find((each) => wanted.test(each));
    if (found !== undefined) return found;
    if (hasEnded(up)) throw new Error(`quorate up has ended:\n${told.join('\n')}`);
    await new Promise<void>((resolve) => listeners.add(resolve));
  }
}
const wake = () => {
  for (const listener of listeners) listener();
  listeners.clear();
};

before(async () => {
  [port = 0] = await freePorts(1);
  up = spawn(process.execPath, [program, 'up', '--data-dir', data, '--nats-port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const [mark, stream] of [
    ['out', up.stdout],
    ['err', up.stderr],
  ] as const) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (text) => {
      told.push(`${mark} ${text}`);
      wake();
    });
  }
  up.once('exit', wake);
});
after(() => {
  if (!hasEnded(up)) up.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

test('prints exactly the ready line on stdout, and serves then', async () => {
  assert.equal(await line(/^out /), `out ready: cluster quorate, 3 nodes, nats://127.0.0.1:${port}`);
  const client = await connect({ servers: `nats://127.0.0.1:${port}` });
  await client.kv.put('foo', 'bar');
  assert.equal((await client.kv.get('foo')).count, 1);
  const { members } = await client.cluster.memberList();
  assert.deepEqual(members.map((member) => member.name).sort(), ['n1', 'n2', 'n3']);
  await client.close();
});

test('a second one in the same directory is refused, with the process that has it', () => {
  const second = spawnSync(process.execPath, [program, 'up', '--data-dir', data], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.match(second.stderr, new RegExp(`in use by another quorate up \\(process ${up.pid}\\)`));
  assert.equal(second.status, 2);
});

test('a second one on the same port is refused, with what to do', () => {
  const args = [program, 'up', '--data-dir', join(directory, 'other'), '--nats-port', String(port)];
  const second = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  assert.match(second.stderr, /--nats-port: port \d+ of 127.0.0.1 is in use/);
  assert.equal(second.status, 2);
});

test('a node that died is not started again, and the command that does is told', async () => {
  const victim = listProcesses().find(({ command }) => command.includes(`--data-dir=${join(data, 'n2')}`));
  assert.ok(victim !== undefined, 'n2 runs');
  process.kill(victim.pid, 'SIGKILL');
  await line(/err quorate up: n2 ended: killed by SIGKILL/);
  assert.match(await line(/quorate serve --name=n2/), new RegExp(`--initial-members=n1,n2,n3 .*--data-dir=${data}/n2`));
});

test('Ctrl-C stops everything and ends with 0', async () => {
  const ended = new Promise((resolve) => up.once('exit', (code, signal) => resolve({ code, signal })));
  up.kill('SIGINT');
  assert.deepEqual(await ended, { code: 0, signal: null }, told.join('\n'));
  const left = spawnSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).stdout;
  assert.deepEqual(
    left.split('\n').filter((each) => each.includes(data)),
    [],
  );
});
