/**
 * A cluster as users have it: a NATS server and `quorate serve` processes with files on a disk, to be killed at will.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { within } from '../../deploy/clock.js';
import { freePorts, startNatsServers } from '../../deploy/nats-server.js';
import type { NatsServer } from '../../deploy/nats-server.js';
import { program } from '../../deploy/node-process.js';
import { endChild, hasEnded } from '../../deploy/processes.js';
import { makeRealDirectory } from './real-directory.js';

const ready_max_ms = 60_000;
const drain_max_ms = 15_000;

type Flags = Readonly<Record<string, string>>;

export interface TestClusterOptions {
  readonly nodes?: number;
  readonly clusterName?: string;
  /** Flags for each node beside those that make it a member, by name without dashes. */
  readonly flags?: Flags | ((name: string) => Flags);
  /** A program in place of `quorate`: it takes the same arguments. */
  readonly program?: string;
  /** Join these servers instead of starting one. */
  readonly servers?: readonly string[];
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface TestCluster {
  readonly clusterName: string;
  readonly names: readonly string[];
  readonly servers: readonly string[];
  readonly directory: string;
  dataDirectory(name: string): string;
  /** Starts a node that does not run, and resolves when it serves. Rejects, with what it said, when it ends instead. */
  start(name: string): Promise<void>;
  /**
   * Starts a node without waiting for anything; `ended` tells how it went. `as` is what it is called here where it is a
   * second process of one name, with flags of its own.
   */
  launch(name: string, as?: string, flags?: Readonly<Record<string, string>>): void;
  /** Sends a signal, and resolves when the process has ended, if the signal is one that ends it. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>;
  ended(name: string): Promise<Ending>;
  /** Sends a message through the process's channel, for a program that listens to it. */
  tell(name: string, message: string): void;
  /** Of the life that was started last. */
  pid(name: string): number;
  /** Of the NATS server that was started for this cluster. */
  readonly natsPid: number;
  /** Resolves once a node has said something that fits, in any of its lives. */
  said(name: string, wanted: RegExp): Promise<void>;
  /** Resolves once this holds; looked at whenever a node says something. */
  heard(condition: () => boolean): Promise<void>;
  /** What a node has said so far, in all its lives. */
  output(name: string): string;
  /** The NATS server alone: ends it, or pauses it and lets it go on. */
  stopNats(signal?: NodeJS.Signals): Promise<void>;
  startNats(): Promise<void>;
  /** Ends everything and removes the files. */
  stop(): Promise<void>;
}

interface Life {
  readonly child: ChildProcess;
  readonly ready: Promise<true>;
  readonly ended: Promise<Ending>;
}

/** Resolves when every node serves. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = await layOut(options);
  try {
    await Promise.all(cluster.names.map((name) => cluster.start(name)));
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

/** The same with no node started. */
async function layOut(options: TestClusterOptions = {}): Promise<TestCluster> {
  const directory = makeRealDirectory('quorate-test-');
  const names = Array.from({ length: options.nodes ?? 3 }, (_, place) => `n${place + 1}`);
  const clusterName = options.clusterName ?? 'test';
  const nats = options.servers === undefined ? await ownNats(join(directory, 'nats')) : undefined;
  const servers = options.servers ?? [nats?.url ?? ''];
  const keyFile = join(directory, 'peer.key');
  writeFileSync(keyFile, 'a key that only this test cluster has');
  const lives = new Map<string, Life>();
  const listeners = new Set<() => void>();
  const wake = (): void => {
    const waiting = [...listeners];
    listeners.clear();
    for (const listener of waiting) listener();
  };

  const launch = (name: string, as = name, own: Readonly<Record<string, string>> = {}): Life => {
    const flags = {
      name,
      'initial-members': names.join(','),
      'cluster-name': clusterName,
      servers: servers.join(','),
      'data-dir': join(directory, name),
      'peer-key-file': keyFile,
      ...(typeof options.flags === 'function' ? options.flags(name) : options.flags),
      ...own,
    };
    const life = startLife(options.program ?? program, flags, join(directory, `${as}.output`), wake);
    lives.set(as, life);
    return life;
  };
  const heard = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => listeners.add(resolve));
  };
  const lifeOf = (name: string): Life => {
    const life = lives.get(name);
    if (life === undefined) throw new Error(`${name} was never started`);
    return life;
  };
  const output = (name: string) => {
    const file = join(directory, `${name}.output`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };

  return {
    clusterName,
    names,
    servers,
    directory,
    dataDirectory: (name) => join(directory, name),
    launch: (name, as, flags) => void launch(name, as, flags),
    start: async (name) => {
      const life = launch(name);
      const outcome = await within(ready_max_ms, Promise.race([life.ready, life.ended]));
      if (outcome === true) return;
      const how = outcome === undefined ? 'says nothing of being ready' : `ended: ${JSON.stringify(outcome)}`;
      throw new Error(`${name} ${how}. Its output:\n${output(name).slice(-4_000)}`);
    },
    kill: async (name, signal = 'SIGKILL') => {
      const { child, ended } = lifeOf(name);
      child.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended;
    },
    ended: (name) => lifeOf(name).ended,
    tell: (name, message) => void lifeOf(name).child.send(message),
    said: (name, wanted) => heard(() => wanted.test(output(name))),
    heard,
    pid: (name) => lifeOf(name).child.pid ?? 0,
    get natsPid() {
      return nats?.pid ?? 0;
    },
    output,
    stopNats: async (signal = 'SIGKILL') => nats?.stop(signal),
    startNats: async () => nats?.start(),
    stop: async () => {
      const running = [...lives.values()].map((life) => life.child).filter((child) => !hasEnded(child));
      for (const child of running) child.kill('SIGCONT');
      await nats?.stop('SIGCONT');
      await Promise.all(running.map((child) => endChild(child, drain_max_ms)));
      await nats?.stop('SIGTERM');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function startLife(run: string, flags: Readonly<Record<string, string>>, outputFile: string, heard: () => void): Life {
  const args = Object.entries(flags).map(([flag, text]) => `--${flag}=${text}`);
  // The channel ends the node when the test's process is gone.
  const child = spawn(process.execPath, [run, 'serve', ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  endWithThisProcess(child);
  const ready = new Promise<true>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        appendFileSync(outputFile, `${line}\n`);
        heard();
        if (line.startsWith('ready: ')) resolve(true);
      });
    }
  });
  const ended = new Promise<Ending>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  return { child, ready, ended };
}

/** One NATS server on a free port, which keeps its address over restarts. */
async function ownNats(directory: string) {
  const [port = 0] = await freePorts(1);
  const begin = async (): Promise<NatsServer> => {
    const [server] = await startNatsServers(directory, 1, port);
    if (server === undefined) throw new Error('one NATS server was asked for, none came');
    endWithThisProcess(server.process);
    return server;
  };
  let current = await begin();
  return {
    url: current.url,
    get pid() {
      return current.process.pid ?? 0;
    },
    stop: async (signal: NodeJS.Signals) => {
      if (signal === 'SIGTERM') return endChild(current.process, drain_max_ms);
      const ended = new Promise<void>((resolve) => current.process.once('exit', () => resolve()));
      if (hasEnded(current.process)) return;
      current.process.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended;
    },
    start: async () => {
      current = await begin();
    },
  };
}

const children = new Set<ChildProcess>();

function endWithThisProcess(child: ChildProcess): void {
  if (children.size === 0) {
    process.once('exit', () => children.forEach((each) => each.kill('SIGKILL')));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  }
  children.add(child);
  child.once('exit', () => children.delete(child));
}
