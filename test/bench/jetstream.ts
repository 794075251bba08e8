/** NATS JetStream's key-value store: three servers in a cluster, a bucket with three replicas in files. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect, StorageType } from 'nats';
import { pause } from '../../deploy/clock.js';
import { findNatsServer, freePorts } from '../../deploy/nats-server.js';
import { endChild } from '../../deploy/processes.js';
import { makeRealDirectory } from '../process/real-directory.js';
import type { Cluster, System } from './system.js';

const run = promisify(execFile);
const patience_ms = 60_000;
const BUCKET = 'bench';

/** Undefined where there is no NATS server. */
export async function findJetStream(): Promise<System | undefined> {
  const told = await natsServerVersion();
  if (told === undefined) return undefined;
  const syncs = knowsSyncAlways(told);
  const synced = syncs
    ? 'told to sync each message (sync_interval: always)'
    : 'this version cannot be told to sync each message: what it acknowledges is on no disk yet';
  return {
    name: 'JetStream KV',
    notes: [
      `JetStream KV: ${told}, three servers in a cluster, a bucket with three replicas in files; ${synced}; ` +
        'its get is answered by any replica and is not linearizable; the nats package in one process',
    ],
    operations: ['put', 'get'],
    hasMembers: false,
    load: [process.execPath, join(import.meta.dirname, 'jetstream-load', 'main.js')],
    connections: (callers) => [1, 4].filter((count) => count <= callers),
    start: () => startJetStream(syncs),
  };
}

export async function natsServerVersion(): Promise<string | undefined> {
  const told = await Promise.resolve()
    .then(() => run(findNatsServer(), ['--version']))
    .catch(() => undefined);
  return told?.stdout.trim();
}

/** From 2.10 on. */
function knowsSyncAlways(told: string): boolean {
  const [, major = '0', minor = '0'] = /v(\d+)\.(\d+)/.exec(told) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 10);
}

async function startJetStream(syncs: boolean): Promise<Cluster> {
  const directory = makeRealDirectory('quorate-bench-jetstream-');
  const ports = await freePorts(6);
  const routes = ports.slice(3).map((port) => `"nats-route://127.0.0.1:${port}"`);
  const names = ['j1', 'j2', 'j3'];
  const children = new Map<string, ChildProcess>();
  process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));
  for (const [place, name] of names.entries()) {
    const files = join(directory, name);
    mkdirSync(files);
    const lines = [
      `server_name: "${name}"`,
      `listen: "127.0.0.1:${ports[place]}"`,
      `jetstream { store_dir: "${files}"${syncs ? ', sync_interval: always' : ''} }`,
      `cluster { name: "bench", listen: "127.0.0.1:${ports[place + 3]}", routes: [${routes.join(', ')}] }`,
    ];
    writeFileSync(join(files, 'nats.conf'), lines.join('\n'));
    children.set(name, spawn(findNatsServer(), ['-c', join(files, 'nats.conf')], { stdio: 'ignore' }));
  }
  const servers = ports.slice(0, 3).map((port) => `nats://127.0.0.1:${port}`);
  await makeBucket(servers);
  const pid = (name: string): number => children.get(name)?.pid ?? 0;
  const noMembers = () => Promise.reject(new Error('bench: members of JetStream are not killed one by one'));
  return {
    way: { servers, cluster_name: BUCKET },
    members: names,
    pid,
    pids: names.map(pid),
    leader: noMembers,
    kill: noMembers,
    start: noMembers,
    stop: async () => {
      await Promise.all([...children.values()].map((child) => endChild(child, patience_ms)));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The servers need a moment to find each other and to choose who leads. */
async function makeBucket(servers: string[]): Promise<void> {
  const deadline_ms = performance.now() + patience_ms;
  for (;;) {
    try {
      const connection = await connect({ servers, timeout: 5_000 });
      try {
        await connection.jetstream().views.kv(BUCKET, { replicas: 3, storage: StorageType.File, history: 1 });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (performance.now() > deadline_ms) throw error;
      await pause(200);
    }
  }
}
