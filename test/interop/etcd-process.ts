/** A real etcd and the real etcdctl, where they are installed. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../../deploy/clock.js';
import { freePorts } from '../../deploy/nats-server.js';
import { endChild } from '../../deploy/processes.js';
import type { CommandLine } from './command-lines.js';
import type { Output } from './masks.js';

/** Both programs, and etcdctl of the version whose differences are known. */
export function whatIsMissing(): string | false {
  const etcd = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  const etcdctl = spawnSync('etcdctl', ['version'], { encoding: 'utf8' });
  if (etcd.error !== undefined || etcdctl.error !== undefined) return 'etcd and etcdctl are not on PATH';
  return etcdctl.stdout.includes('etcdctl version: 3.4.') ? false : 'the differences are known to etcdctl 3.4 only';
}

export interface EtcdProcess {
  readonly address: string;
  stop(): Promise<void>;
}

const start_max_ms = 20_000;
const stop_max_ms = 5_000;

/**
 * Its ids have 16 digits, so that tables are as wide as ours: one in sixteen begins with a zero, which etcd leaves out.
 */
export async function startEtcd(): Promise<EtcdProcess> {
  for (;;) {
    const started = await startOnFreePorts();
    const members = runEtcdctl(started.address, { words: ['member', 'list'] }).stdout.toString();
    if (/^[0-9a-f]{16},/.test(members)) return started;
    await started.stop();
  }
}

async function startOnFreePorts(): Promise<EtcdProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-etcd-'));
  const [client = 0, peer = 0] = await freePorts(2);
  const address = `http://127.0.0.1:${client}`;
  const own = `http://127.0.0.1:${peer}`;
  const flags = ['--name=n1', `--data-dir=${directory}/data`, `--initial-cluster=n1=${own}`, '--logger=zap'];
  const urls = [
    `--listen-client-urls=${address}`,
    `--advertise-client-urls=${address}`,
    `--listen-peer-urls=${own}`,
    `--initial-advertise-peer-urls=${own}`,
  ];
  const child = spawn('etcd', [...flags, ...urls], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await endChild(child, stop_max_ms);
    rmSync(directory, { recursive: true, force: true });
  };
  for (let waited_ms = 0; waited_ms < start_max_ms; waited_ms += 100) {
    const health = await fetch(`${address}/health`).catch(() => undefined);
    if (health?.ok === true) return { address, stop };
    await pause(100);
  }
  await stop();
  throw new Error(`etcd did not become healthy within ${start_max_ms} ms`);
}

export function runEtcdctl(address: string, { words, stdin = '' }: CommandLine): Output {
  const environment = { ...process.env, ETCDCTL_ENDPOINTS: address.replace('http://', '') };
  const { stdout, stderr, status } = spawnSync('etcdctl', words, { input: stdin, env: environment });
  return { stdout, stderr: stderr.toString(), code: status };
}
