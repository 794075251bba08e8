/**
 * The NATS servers that `quorate up` starts for itself: one, or three that are a cluster, on the loopback interface.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { pause } from './clock.js';
import { ConfigError } from './config.js';
import { commandLineOf, endProcess, isAlive } from './processes.js';

const host = '127.0.0.1';
const start_max_ms = 10_000;

export interface NatsServer {
  readonly name: string;
  readonly url: string;
  /** What starts it again by hand. */
  readonly command: string;
  readonly process: ChildProcess;
}

/**
 * Starts `count` servers on ports from `port` on, their files in `directory`. Throws ConfigError where it cannot be.
 */
export async function startNatsServers(
  directory: string,
  count: number,
  port: number,
  portFlag = '--nats-port',
): Promise<readonly NatsServer[]> {
  await mkdir(directory, { recursive: true });
  const program = findNatsServer();
  const ports = Array.from({ length: count }, (_, place) => port + place);
  for (const place of ports.keys()) await clearLeftover(directory, place);
  for (const each of ports) await refuseUsedPort(each, portFlag);
  const routePorts = count === 1 ? [] : await freePorts(count);
  const servers: NatsServer[] = [];
  for (const [place, each] of ports.entries()) {
    const files = filesOf(directory, place);
    await writeFile(files.config, configuration(files, each, routePorts, place));
    servers.push({
      name: files.name,
      url: `nats://${host}:${each}`,
      command: `${program} -c ${files.config}`,
      // Of its own group, so that Ctrl-C in the terminal reaches the nodes first.
      process: spawn(program, ['-c', files.config], { stdio: 'ignore', detached: true }),
    });
  }
  for (const [place, server] of servers.entries()) {
    await untilListening(server, ports[place] as number, filesOf(directory, place).log);
  }
  return servers;
}

export function findNatsServer(): string {
  // Debian keeps servers in sbin, which is on the administrator's PATH only.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];
  const found = folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new ConfigError(
    'nats-server is not on PATH. Install the NATS server (npm start does where it can), ' +
      'or give --servers with the addresses of running ones',
  );
}

/** Ports that nothing listens on at this moment. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const listeners = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const listener of listeners) {
    await new Promise<void>((resolve) => listener.listen(0, host, resolve));
    const address = listener.address();
    if (address !== null && typeof address === 'object') ports.push(address.port);
  }
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
}

interface ServerFiles {
  readonly name: string;
  readonly config: string;
  readonly log: string;
  readonly pid: string;
}
const filesOf = (directory: string, place: number): ServerFiles => {
  const name = `nats-${place + 1}`;
  const file = (ending: string) => join(directory, `${name}.${ending}`);
  return { name, config: file('conf'), log: file('log'), pid: file('pid') };
};

function configuration(files: ServerFiles, port: number, routePorts: readonly number[], place: number): string {
  const lines = [
    '# Written by quorate up at each start.',
    `server_name: "${files.name}"`,
    `listen: "${host}:${port}"`,
    `log_file: "${files.log}"`,
    `pid_file: "${files.pid}"`,
    '# Room for the largest request and a batch around it.',
    'max_payload: 4194304',
    '# An unplugged or paused process is noticed within seconds, not minutes.',
    'ping_interval: "1s"',
    'ping_max: 3',
  ];
  if (routePorts.length > 0) {
    const routes = routePorts.filter((_, other) => other !== place).map((each) => `"nats-route://${host}:${each}"`);
    lines.push(
      `cluster { name: "quorate-up", listen: "${host}:${routePorts[place]}", routes: [${routes.join(', ')}] }`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** A server whose `quorate up` was killed lives on; it is ours to end if it runs with our configuration file. */
async function clearLeftover(directory: string, place: number): Promise<void> {
  const files = filesOf(directory, place);
  const pid = Number(await readFile(files.pid, 'utf8').catch(() => ''));
  if (!(pid > 0) || !isAlive(pid) || !commandLineOf(pid).includes(files.config)) return;
  await endProcess(pid, start_max_ms);
}

async function refuseUsedPort(port: number, flag: string): Promise<void> {
  const listener = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    listener.once('error', resolve).listen(port, host, () => resolve(undefined));
  });
  await new Promise((resolve) => listener.close(resolve));
  if (problem === undefined) return;
  const why = problem.code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${problem.message})`;
  throw new ConfigError(
    `${flag}: port ${port} of ${host} ${why}: give another one, or --servers nats://${host}:${port} ` +
      'if a NATS server runs there',
  );
}

async function untilListening(server: NatsServer, port: number, log: string): Promise<void> {
  const child = server.process;
  const failed = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) => resolve(`exit code ${code}`));
  });
  const deadline_ms = performance.now() + start_max_ms;
  for (;;) {
    const outcome = await Promise.race([failed, greets(port)]);
    if (outcome === true) return;
    if (outcome === false && performance.now() < deadline_ms) {
      await pause(20);
      continue;
    }
    child.kill('SIGKILL');
    const told = await readFile(log, 'utf8').catch(() => '');
    throw new ConfigError(`${server.name} did not start (${outcome || 'it says nothing'}): ${told.slice(-1000)}`);
  }
}

/** A NATS server speaks first. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (bytes) => end(bytes.toString('latin1').startsWith('INFO ')));
    socket.once('error', () => end(false));
    socket.setTimeout(1_000, () => end(false));
  });
}
