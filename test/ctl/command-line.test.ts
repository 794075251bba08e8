/** Global flags, environment variables, refused flags, help and completion. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectCluster, connectOptions } from '../../deploy/ctl/connect.js';
import type { Globals } from '../../deploy/ctl/globals.js';
import { runCommandLine } from '../../deploy/ctl/run.js';
import { fakeCluster, header, say } from './fake-cluster.js';
import { scriptedTerminal } from './scripted-terminal.js';

async function globalsOf(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Globals> {
  const seen: Globals[] = [];
  await runCommandLine(words, {
    terminal: scriptedTerminal(),
    environment,
    connect: async (globals) => {
      seen.push(globals);
      return fakeCluster({ compact: async () => ({ header }) });
    },
  });
  const [globals] = seen;
  assert.ok(globals, 'the command connected');
  return globals;
}

test('global flags stand before or after the command, and beat the environment', async () => {
  const environment = { QUORATECTL_SERVERS: 'nats://elsewhere:1', QUORATECTL_COMMAND_TIMEOUT: '1m' };
  const globals = await globalsOf(
    ['--servers', 'nats://here:2', 'compaction', '5', '--cluster-name=other'],
    environment,
  );
  assert.equal(globals.servers, 'nats://here:2');
  assert.equal(globals.clusterName, 'other');
  assert.equal(globals.commandTimeout, 60_000);
  assert.equal(globals.dialTimeout, 2_000);
});

test('an environment variable with a bad value is named', async () => {
  const { stderr, code } = await say(['version'], { environment: { QUORATECTL_DIAL_TIMEOUT: '2' } });
  assert.equal(stderr, 'Error: invalid value "2" for QUORATECTL_DIAL_TIMEOUT: time: missing unit in duration "2"\n');
  assert.equal(code, 128);
});

test('flags without meaning here are refused with what to use instead', async () => {
  for (const words of [
    ['--endpoints=x', 'get', 'a'],
    ['get', 'a', '--endpoints', 'x'],
    ['-d', 'x', 'get', 'a'],
  ]) {
    const { stdout, stderr, code } = await say(words);
    assert.match(
      stderr,
      /^Error: --(endpoints|discovery-srv) has no meaning here: give the NATS servers with --servers/,
    );
    assert.equal(code, 128);
    assert.equal(stdout, '');
  }
});

test("NATS's ways in reach the client", async () => {
  const globals = await globalsOf([
    'compaction',
    '5',
    '--servers=a:1, b:2',
    '--nats-user=u',
    '--nats-password=p',
    '--cacert=ca',
  ]);
  const { servers, user, password, tls, timeoutMs } = connectOptions(globals);
  assert.deepEqual(
    { servers, user, password, tls, timeoutMs },
    {
      servers: ['a:1', 'b:2'],
      user: 'u',
      password: 'p',
      tls: { ca: 'ca', cert: undefined, key: undefined },
      timeoutMs: 5_000,
    },
  );
  await assert.rejects(connectCluster({ ...globals, cacert: '', cert: 'c' }), {
    message: /^--key is missing: --cert is given, and they go together\n--cert: "c" cannot be read/,
    exitCode: 128,
  });
});

test('--debug tells the settings, but no secret', async () => {
  const { stderr } = await say(['compaction', '5', '--debug', '--nats-token=secret'], {
    cluster: { compact: async () => ({ header }) },
  });
  assert.match(stderr, /^QUORATECTL_SERVERS=nats:\/\/127.0.0.1:4222$/m);
  assert.match(stderr, /^QUORATECTL_NATS_TOKEN=\*\*\*$/m);
});

test('commands of later versions are unknown, and keep their beginnings', async () => {
  const alarm = await say(['alarm', 'list']);
  assert.match(alarm.stderr, /^Error: unknown command "alarm" for "quoratectl"\n/);
  assert.equal(alarm.code, 1);
  assert.match((await say(['m'])).stderr, /^Error: unknown command "m" for "quoratectl"\n/);
  assert.equal((await say(['vers'])).stdout, 'quoratectl version: 0.1.0\nAPI version: 3.6\n');
});

test('help of a command, by flag and by name', async () => {
  const [byFlag, byName] = [await say(['del', '--help']), await say(['help', 'del'])];
  assert.deepEqual(byFlag, byName);
  assert.match(
    byFlag.stdout,
    /^NAME:\n {2}del - Removes .*\n\nUSAGE:\n {2}quoratectl del \[options\] <key> .* \[flags\]\n\nOPTIONS:\n/,
  );
  assert.match(byFlag.stdout, /\n {6}--prev-kv\[=false\]\t+return deleted key-value pairs\n/);
  const unknown = await say(['help', 'nonsense']);
  assert.equal(unknown.stderr, 'Unknown help topic [`nonsense`]\n');
  assert.equal(unknown.code, 0);
});

test('a completion script knows the commands, and bash can use it', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const { stdout, code } = await say(['completion', shell]);
    assert.equal(code, 0);
    for (const word of ['endpoint', 'hashkv', 'prev-kv', 'servers'])
      assert.ok(stdout.includes(word), `${shell}: ${word}`);
  }
  assert.match((await say(['completion'])).stderr, /^Error: accepts 1 arg\(s\), received 0\n/);
  if (spawnSync('bash', ['--version']).error !== undefined) return t.diagnostic('no bash here');
  const { stdout: script } = await say(['completion', 'bash']);
  const ask = 'COMP_WORDS=(quoratectl --hex endpoint ha); COMP_CWORD=3; _quoratectl; echo "${COMPREPLY[*]}"';
  assert.equal(spawnSync('bash', ['-c', `${script}\n${ask}`], { encoding: 'utf8' }).stdout, 'hashkv\n');
});

const main = fileURLToPath(new URL('../../deploy/ctl/main.js', import.meta.url));

test('as a process: answers on stdout, errors on stderr, the exit code', () => {
  const run = (words: readonly string[], input = '') =>
    spawnSync(process.execPath, [main, ...words], { input, encoding: 'utf8' });
  const version = run(['version']);
  assert.equal(version.stdout, 'quoratectl version: 0.1.0\nAPI version: 3.6\n');
  assert.equal(version.status, 0);
  const unreachable = run(['get', 'a', '--servers=nats://127.0.0.1:1', '--dial-timeout=500ms']);
  assert.equal(unreachable.stdout, '');
  assert.match(unreachable.stderr, /^Error: cannot connect to the NATS servers nats:\/\/127\.0\.0\.1:1: /);
  assert.equal(unreachable.status, 2);
  const broken = run(['txn', '-i'], 'mod("a") > "0"\n\nput a\n');
  assert.equal(broken.stdout, 'compares:\nsuccess requests (get, put, del):\n');
  assert.equal(broken.stderr, 'Error: put command needs 1 argument and input from stdin or 2 arguments\n');
  assert.equal(broken.status, 128);
});
