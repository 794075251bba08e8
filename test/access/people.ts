/** quoratectl and quorate as people run them, and everything that was said, so that no secret can be in it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '../../client/index.js';
import type { ConnectOptions } from '../../client/index.js';
import { program } from '../../deploy/node-process.js';

const quoratectl = fileURLToPath(new URL('../../../deploy/bin/quoratectl', import.meta.url));
const run_max_ms = 60_000;

export interface Told {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

/** Secrets that this process has handed out; whoever repeats one of them fails the test. */
const secrets = new Set<string>();
export function secret(text: string): string {
  secrets.add(text);
  return text;
}

export function assertNoSecretIn(said: string): void {
  for (const each of secrets) assert.ok(!said.includes(each), `a secret was said in:\n${said}`);
}

function run(script: string, words: readonly string[], environment: Environment): Promise<Told> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...words], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: run_max_ms,
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (bytes: Buffer) => (said.stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (said.stderr += bytes.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      try {
        assertNoSecretIn(said.stdout + said.stderr);
        resolve({ code, ...said });
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

export const ctl = (words: readonly string[], environment: Environment = {}): Promise<Told> =>
  run(quoratectl, words, environment);

/** `quorate serve` of a node that should not come up. */
export const serve = (directory: string, words: readonly string[], environment: Environment = {}): Promise<Told> =>
  run(
    program,
    ['serve', '--name', 'n1', '--data-dir', join(directory, 'refused'), '--log-format', 'json', ...words],
    environment,
  );

/** Puts and gets as a person with these flags does, and as a program with these options. */
export async function assertWelcome(
  key: string,
  flags: readonly string[],
  options: ConnectOptions,
  environment: Environment = {},
): Promise<void> {
  const put = await ctl(['put', key, 'by quoratectl', ...flags], environment);
  assert.deepEqual(put, { code: 0, stdout: 'OK\n', stderr: '' });
  const client = await connect(options);
  try {
    await client.kv.put(`${key}/client`, 'by the client');
    const { kvs } = await client.kv.get(key, { prefix: true });
    const values = kvs.map((kv) => new TextDecoder().decode(kv.value));
    assert.deepEqual(values, ['by quoratectl', 'by the client']);
  } finally {
    await client.close();
  }
  const get = await ctl(['get', `${key}/client`, '--print-value-only', ...flags], environment);
  assert.deepEqual(get, { code: 0, stdout: 'by the client\n', stderr: '' });
}

/** The client is refused at once, with these words and no secret. */
export async function assertTurnedAway(options: ConnectOptions, said: RegExp): Promise<void> {
  await assert.rejects(connect(options), (error: Error) => {
    assert.match(error.message, said);
    assertNoSecretIn(`${error.stack ?? ''} ${JSON.stringify(error)}`);
    return true;
  });
}
