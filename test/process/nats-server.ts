/** A NATS server of a test's own: on a free port of the loopback interface, gone when the test is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer, freePorts } from '../../deploy/nats-server.js';
import { pause } from '../../deploy/clock.js';

export interface NatsServerOptions {
  readonly max_payload?: number;
  /** More lines of its configuration. */
  readonly config?: string;
}

export interface TestNatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL; resolves when the process is gone. */
  stop(): Promise<void>;
  /** Starts it on the same port, after stop() or in place of what runs. */
  restart(options?: NatsServerOptions): Promise<void>;
  /** Has it read a changed configuration while it runs; resolves when that is in force. */
  reload(options: NatsServerOptions): Promise<void>;
}

/** Resolves when it accepts connections. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<TestNatsServer> {
  const [port = 0] = await freePorts(1);
  const directory = await mkdtemp(join(tmpdir(), 'quorate-nats-'));
  let child = await start(directory, port, options);
  const stop = async () => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    stop,
    restart: async (changed = options) => {
      await end(child);
      await mkdir(directory, { recursive: true });
      child = await start(directory, port, changed);
    },
    reload: async (changed) => {
      await configure(directory, port, changed);
      const running = child;
      await new Promise<void>((resolve) => {
        const hear = (bytes: Buffer) => {
          if (!bytes.includes('Reloaded server configuration')) return;
          running.stderr?.off('data', hear);
          resolve();
        };
        running.stderr?.on('data', hear);
        running.kill('SIGHUP');
      });
    },
  };
}

async function start(directory: string, port: number, options: NatsServerOptions): Promise<ChildProcess> {
  const file = await configure(directory, port, options);
  const child = spawn(findNatsServer(), ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr?.resume();
  // A test that dies takes its server along, also when its runner ends it.
  const endWithTest = () => child.kill('SIGKILL');
  const endedByRunner = () => process.exit(143);
  process.once('exit', endWithTest).once('SIGTERM', endedByRunner);
  child.once('exit', () => process.removeListener('exit', endWithTest).removeListener('SIGTERM', endedByRunner));
  await untilAccepts(child, port);
  return child;
}

async function configure(directory: string, port: number, options: NatsServerOptions): Promise<string> {
  const file = join(directory, 'nats.conf');
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    `max_payload: ${options.max_payload ?? 1024 * 1024}`,
    options.config ?? '',
  ];
  await writeFile(file, lines.join('\n'));
  return file;
}

async function untilAccepts(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (child.exitCode !== null) throw new Error(`nats-server ended with exit code ${child.exitCode}`);
    if (await greets(port)) return;
    await pause(20);
  }
  child.kill('SIGKILL');
  throw new Error(`nats-server does not accept connections on port ${port}`);
}

/** A NATS server speaks first. */
const greets = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => finish(true));
    socket.once('error', () => finish(false));
    socket.once('close', () => resolve(false));
  });

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
