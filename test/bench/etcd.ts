/** Three members of etcd, and the load on them: by etcd's own Go client where it can be built, else by HTTP. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pause } from '../../deploy/clock.js';
import { freePorts } from '../../deploy/nats-server.js';
import { endChild, hasEnded } from '../../deploy/processes.js';
import { makeRealDirectory } from '../process/real-directory.js';
import { operations } from './cases.js';
import type { Cluster, System } from './system.js';

const run = promisify(execFile);
const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
const goSources = '/usr/share/gocode';
const patience_ms = 60_000;
const POLL_MS = 5;

interface Member {
  readonly name: string;
  readonly client: string;
  readonly peer: string;
}

/** Undefined where `etcd` is not on PATH. */
export async function findEtcd(): Promise<System | undefined> {
  const told = await run('etcd', ['--version']).catch(() => undefined);
  if (told === undefined) return undefined;
  const version = told.stdout.split('\n')[0] ?? '';
  const goLoad = await buildGoLoad();
  const how = goLoad
    ? 'its own Go client in one process, all three members as endpoints'
    : 'HTTP to its JSON gateway, which costs it more than gRPC does: Go, or the sources of its client, are not here';
  return {
    name: 'etcd',
    notes: [`etcd: ${version}, three members, as configured by default; ${how}`],
    operations,
    hasMembers: true,
    load: goLoad ? [goLoad] : [process.execPath, join(import.meta.dirname, 'gateway-load', 'main.js')],
    connections: (callers) => [1, 10, 100, 1000].filter((count) => count <= callers),
    start: startEtcd,
  };
}

/** Builds the Go program unless that is done; undefined where Go or etcd's sources are missing. */
async function buildGoLoad(): Promise<string | undefined> {
  const source = join(projectRoot, 'test', 'bench', 'etcd-load');
  const program = join(projectRoot, '.cache', 'etcd-load');
  if (!existsSync(join(goSources, 'src', 'go.etcd.io', 'etcd', 'clientv3'))) return undefined;
  const newest = Math.max(...readdirSync(source).map((file) => statSync(join(source, file)).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs > newest) return program;
  mkdirSync(join(projectRoot, '.cache'), { recursive: true });
  const env = { ...process.env, GOPATH: goSources, GO111MODULE: 'off', GOFLAGS: '' };
  const built = await run('go', ['build', '-o', program, '.'], { cwd: source, env }).catch((error: unknown) => error);
  if (!(built instanceof Error)) return program;
  process.stderr.write(`bench: etcd's Go client cannot be built: ${built.message}\n`);
  return undefined;
}

async function startEtcd(): Promise<Cluster> {
  const directory = makeRealDirectory('quorate-bench-etcd-');
  const ports = await freePorts(6);
  const members = [0, 1, 2].map((place) => ({
    name: `e${place + 1}`,
    client: `http://127.0.0.1:${ports[place]}`,
    peer: `http://127.0.0.1:${ports[place + 3]}`,
  }));
  const children = new Map<string, ChildProcess>();
  process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));
  const memberNamed = (name: string) => members.find((member) => member.name === name) as Member;
  const launch = (member: Member) => children.set(member.name, spawnMember(directory, members, member));
  const childOf = (name: string) => children.get(name) as ChildProcess;
  for (const member of members) launch(member);
  await Promise.all(members.map((member) => untilServing(member)));
  return {
    way: { servers: members.map((member) => member.client), cluster_name: '' },
    members: members.map((member) => member.name),
    pid: (name) => childOf(name).pid ?? 0,
    get pids() {
      return [...children.values()].map((child) => child.pid ?? 0);
    },
    leader: () => leaderOf(members),
    kill: async (name, signal) => {
      const child = childOf(name);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (hasEnded(child)) return;
      child.kill(signal);
      await ended;
    },
    start: async (name) => {
      launch(memberNamed(name));
      await untilServing(memberNamed(name));
    },
    stop: async () => {
      await Promise.all([...children.values()].map((child) => endChild(child, patience_ms)));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function spawnMember(directory: string, members: readonly Member[], { name, client, peer }: Member): ChildProcess {
  const initial = members.map((member) => `${member.name}=${member.peer}`).join(',');
  const args = [
    ...['--name', name, '--data-dir', join(directory, name), '--initial-cluster', initial],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--heartbeat-interval', '100', '--election-timeout', '1000', '--log-level', 'error'],
  ];
  return spawn('etcd', args, { stdio: 'ignore' });
}

/** Whichever comes first: it says that it is healthy, or it answers a read from its own state. */
async function untilServing({ client }: Member): Promise<void> {
  const deadline_ms = performance.now() + patience_ms;
  const body = { key: Buffer.from('bench/00000000').toString('base64'), serializable: true };
  while (performance.now() < deadline_ms) {
    const asked = [fetch(`${client}/health`), post(`${client}/v3/kv/range`, body)];
    const answer = await Promise.any(asked.map(mustBeOk)).catch(() => undefined);
    if (answer !== undefined) return;
    await pause(POLL_MS);
  }
  throw new Error(`etcd at ${client} does not serve after ${patience_ms} ms`);
}

async function leaderOf(members: readonly Member[]): Promise<string> {
  for (;;) {
    for (const member of members) {
      const answer = await post(`${member.client}/v3/maintenance/status`, {});
      const status = (await answer.json()) as { leader?: string; header: { member_id: string } };
      if (status.leader === status.header.member_id) return member.name;
    }
    await pause(100);
  }
}

const post = (url: string, body: object): Promise<Response> =>
  fetch(url, { method: 'POST', body: JSON.stringify(body) });

async function mustBeOk(asked: Promise<Response>): Promise<Response> {
  const answer = await asked;
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}
