/**
 * Three members of etcd on this machine, and load on them: by etcd's own Go client where it can be built, else by HTTP.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pause } from '../../deploy/clock.js';
import { freePorts } from '../../deploy/nats-server.js';
import { endChild } from '../../deploy/processes.js';
import { measure } from './measure.js';
import type { Case, Measured, Plan } from './measure.js';

const run = promisify(execFile);
const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
const goSources = '/usr/share/gocode';
const patience_ms = 20_000;

export interface EtcdCluster {
  readonly endpoints: readonly string[];
  stop(): Promise<void>;
}

/** `etcd --version`'s first line, or undefined where there is none. */
export async function etcdVersion(): Promise<string | undefined> {
  const told = await run('etcd', ['--version']).catch(() => undefined);
  return told?.stdout.split('\n')[0];
}

export async function startEtcd(directory: string): Promise<EtcdCluster> {
  const ports = await freePorts(6);
  const members = [0, 1, 2].map((place) => ({
    name: `e${place + 1}`,
    client: `http://127.0.0.1:${ports[place]}`,
    peer: `http://127.0.0.1:${ports[place + 3]}`,
  }));
  const initial = members.map((member) => `${member.name}=${member.peer}`).join(',');
  const children: ChildProcess[] = members.map(({ name, client, peer }) =>
    spawn(
      'etcd',
      [
        ...['--name', name, '--data-dir', join(directory, name), '--initial-cluster', initial],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--log-level', 'error'],
      ],
      { stdio: 'ignore' },
    ),
  );
  process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));
  const endpoints = members.map((member) => member.client);
  await untilHealthy(endpoints);
  return {
    endpoints,
    stop: async () => {
      await Promise.all(children.map((child) => endChild(child, patience_ms)));
    },
  };
}

/** Builds the Go program, once; undefined where Go or etcd's sources are missing. */
export async function buildGoLoad(): Promise<string | undefined> {
  const source = join(projectRoot, 'test', 'bench', 'etcd-load');
  const program = join(projectRoot, '.cache', 'etcd-load');
  if (!existsSync(join(goSources, 'src', 'go.etcd.io', 'etcd', 'clientv3'))) return undefined;
  if (existsSync(program) && statSync(program).mtimeMs > statSync(join(source, 'main.go')).mtimeMs) return program;
  mkdirSync(join(projectRoot, '.cache'), { recursive: true });
  const env = { ...process.env, GOPATH: goSources, GO111MODULE: 'off', GOFLAGS: '' };
  const built = await run('go', ['build', '-o', program, '.'], { cwd: source, env }).catch((error: unknown) => error);
  if (!(built instanceof Error)) return program;
  process.stderr.write(`bench: etcd's Go client cannot be built: ${built.message}\n`);
  return undefined;
}

/** As many connections as etcd's own benchmark takes: one for ten callers. */
export async function loadByGo(program: string, cluster: EtcdCluster, each: Case, plan: Plan): Promise<Measured> {
  const { stdout } = await run(program, [
    ...[`-endpoints=${cluster.endpoints.join(',')}`, `-operation=${each.operation}`, `-callers=${each.callers}`],
    ...[`-connections=${Math.ceil(each.callers / 10)}`, `-keys=${plan.keys}`, `-value-bytes=${plan.value_bytes}`],
    ...[`-warm-seconds=${plan.warm_seconds}`, `-seconds=${plan.seconds}`],
  ]);
  return JSON.parse(stdout) as Measured;
}

/** By etcd's JSON gateway, which costs etcd more than gRPC does; the report says so. */
export function loadByGateway(cluster: EtcdCluster, each: Case, plan: Plan): Promise<Measured> {
  const value = Buffer.from('v'.repeat(plan.value_bytes)).toString('base64');
  const path = each.operation === 'put' ? 'put' : 'range';
  return measure(plan, each.callers, async (caller) => {
    const key = Buffer.from(`bench/${String(Math.floor(Math.random() * plan.keys)).padStart(8, '0')}`).toString(
      'base64',
    );
    const endpoint = cluster.endpoints[caller % cluster.endpoints.length];
    const body = JSON.stringify(each.operation === 'put' ? { key, value } : { key });
    const answer = await fetch(`${endpoint}/v3/kv/${path}`, { method: 'POST', body });
    if (!answer.ok) throw new Error(await answer.text());
    await answer.arrayBuffer();
  });
}

async function untilHealthy(endpoints: readonly string[]): Promise<void> {
  const deadline_ms = performance.now() + patience_ms;
  for (const endpoint of endpoints) {
    for (;;) {
      const answer = await fetch(`${endpoint}/health`).catch(() => undefined);
      if (answer?.ok) break;
      if (performance.now() > deadline_ms)
        throw new Error(`etcd at ${endpoint} is not healthy after ${patience_ms} ms`);
      await pause(50);
    }
  }
}
