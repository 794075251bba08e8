/** Asks a real etcd through its JSON gateway: bytes as base64, 64-bit numbers as strings, defaults left out. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import {
  Refused,
  type CompareAsked,
  type DeleteAnswer,
  type Driver,
  type HashAnswer,
  type OpAnswer,
  type OpAsked,
  type Pair,
  type PutAnswer,
  type PutAsked,
  type RangeAnswer,
  type RangeAsked,
  type Text,
  type TxnAnswer,
  type TxnAsked,
} from './driver.js';

type Json = Record<string, unknown>;

const bytes = (text: Text | undefined): string => Buffer.from(text ?? '', 'latin1').toString('base64');
const text = (base64: unknown): Text =>
  Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64').toString('latin1');
const number = (value: unknown): number => Number(value ?? 0);
const idOf = (value: unknown): bigint => BigInt((value as string | undefined) ?? 0);
const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});

/* ---- what is asked --------------------------------------------------------------------------------------------- */

/** A word that the reference does not know becomes a number that etcd does not know. */
const word = (value: string | undefined, known: readonly string[]): string | number | undefined =>
  value === undefined ? undefined : known.includes(value) ? value.toUpperCase() : 99;

const rangeBody = (asked: RangeAsked): Json => ({
  ...asked,
  key: bytes(asked.key),
  range_end: bytes(asked.range_end),
  sort_order: word(asked.sort_order, ['none', 'ascend', 'descend']),
  sort_target: word(asked.sort_target, ['key', 'version', 'create', 'mod', 'value']),
});

const putBody = (asked: PutAsked): Json => ({
  ...asked,
  key: bytes(asked.key),
  value: bytes(asked.value),
  lease: String(asked.lease ?? 0n),
});

function compareBody(asked: CompareAsked): Json {
  const { key, range_end, result, target, given } = asked;
  const field = { version: 'version', create: 'create_revision', mod: 'mod_revision', value: 'value', lease: 'lease' };
  return {
    key: bytes(key),
    range_end: bytes(range_end),
    result: result.toUpperCase(),
    target: target.toUpperCase(),
    [field[target]]: typeof given === 'string' ? bytes(given) : String(given),
  };
}

function opBody(asked: OpAsked): Json {
  if ('range' in asked) return { request_range: rangeBody(asked.range) };
  if ('put' in asked) return { request_put: putBody(asked.put) };
  if ('txn' in asked) return { request_txn: txnBody(asked.txn) };
  const { key, range_end, prev_kv } = asked.delete;
  return { request_delete_range: { key: bytes(key), range_end: bytes(range_end), prev_kv } };
}

const txnBody = (asked: TxnAsked): Json => ({
  compare: asked.compare?.map(compareBody),
  success: asked.success?.map(opBody),
  failure: asked.failure?.map(opBody),
});

/* ---- what is answered ------------------------------------------------------------------------------------------ */

const pair = (kv: Json): Pair => ({
  key: text(kv['key']),
  value: text(kv['value']),
  create_revision: number(kv['create_revision']),
  mod_revision: number(kv['mod_revision']),
  version: number(kv['version']),
  lease: BigInt((kv['lease'] as string | undefined) ?? 0),
});

const rangeAnswer = (body: Json): RangeAnswer => ({
  kvs: list(body['kvs']).map(pair),
  more: body['more'] === true,
  count: number(body['count']),
});
const putAnswer = (body: Json): PutAnswer => ({
  prev_kv: body['prev_kv'] === undefined ? null : pair(object(body['prev_kv'])),
});
const deleteAnswer = (body: Json): DeleteAnswer => ({
  deleted: number(body['deleted']),
  prev_kvs: list(body['prev_kvs']).map(pair),
});
const txnAnswer = (body: Json): TxnAnswer => ({
  succeeded: body['succeeded'] === true,
  responses: list(body['responses']).map(opAnswer),
});
function opAnswer(body: Json): OpAnswer {
  if ('response_range' in body) return { range: rangeAnswer(object(body['response_range'])) };
  if ('response_put' in body) return { put: putAnswer(object(body['response_put'])) };
  if ('response_txn' in body) return { txn: txnAnswer(object(body['response_txn'])) };
  return { delete: deleteAnswer(object(body['response_delete_range'])) };
}
const at = (body: Json): { revision: number } => ({ revision: number(object(body['header'])['revision']) });

/** gRPC's numbers. */
const codes =
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted';
const moreCodes = 'FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated';
const codeNames = `${codes} ${moreCodes}`.split(' ');

/* ---- the driver ------------------------------------------------------------------------------------------------ */

function etcdDriver(url: string, version: string, close: () => Promise<void>): Driver {
  const ask = async (path: string, body: Json): Promise<Json> => {
    const answer = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    const json = (await answer.json()) as Json;
    if (!answer.ok) throw new Refused(String(json['error'] ?? json['message']), codeNames[number(json['code'])]);
    return json;
  };
  const answered = async <T>(path: string, body: Json, read: (answer: Json) => T) => {
    const answer = await ask(path, body);
    return { ...at(answer), ...read(answer) };
  };
  return {
    name: `etcd ${version}`,
    version,
    product: 'etcd',
    range: (asked) => answered('kv/range', rangeBody(asked), rangeAnswer),
    put: (asked) => answered('kv/put', putBody(asked), putAnswer),
    delete: (asked) =>
      answered('kv/deleterange', { ...asked, key: bytes(asked.key), range_end: bytes(asked.range_end) }, deleteAnswer),
    txn: (asked) => answered('kv/txn', txnBody(asked), txnAnswer),
    compact: async (revision, physical) => at(await ask('kv/compaction', { revision, physical })),
    hashKv: (revision = 0) => hashByEtcdctl(url, revision),
    grant: (TTL, ID) =>
      answered('lease/grant', { TTL, ID: String(ID ?? 0n) }, (answer) => ({
        id: idOf(answer['ID']),
        ttl: number(answer['TTL']),
      })),
    revoke: async (ID) => at(await ask('lease/revoke', { ID: String(ID) })),
    keepAlive: async (ID) => {
      const { result } = await ask('lease/keepalive', { ID: String(ID) });
      return number(object(result)['TTL']);
    },
    timeToLive: async (ID, keys) => {
      const answer = await ask('lease/timetolive', { ID: String(ID), keys });
      const all = Array.isArray(answer['keys']) ? answer['keys'] : [];
      return { ttl: number(answer['TTL']), granted: number(answer['grantedTTL']), keys: all.map(text) };
    },
    leases: async () => list((await ask('lease/leases', {}))['leases']).map(({ ID }) => idOf(ID)),
    close,
  };
}

/** The gateway has no way to HashKV (its path `maintenance/hash` is the hash of the backend file), so etcdctl asks. */
async function hashByEtcdctl(url: string, revision: number): Promise<HashAnswer> {
  const words = ['--endpoints', url, 'endpoint', 'hashkv', '--rev', String(revision), '-w', 'json'];
  const { code, output } = await run('etcdctl', words);
  const reason = /\((etcdserver: [^)"]*)\)|Error: (etcdserver: [^"]*)|desc = (etcdserver: [^"]*)/.exec(output);
  if (reason !== null) throw new Refused(reason[1] ?? reason[2] ?? reason[3] ?? output);
  if (code !== 0) throw new Error(`etcdctl endpoint hashkv ended with ${code}: ${output}`);
  const [answer] = JSON.parse(output) as Json[];
  const hash = object(answer?.['HashKV']);
  return { hash: number(hash['hash']), compact_revision: number(hash['compact_revision']) };
}

/** The version of the etcd on PATH (with etcdctl beside it), or undefined. */
export async function etcdVersion(): Promise<string | undefined> {
  const [server, control] = [await run('etcd', ['--version']), await run('etcdctl', ['version'])];
  if (server.code !== 0 || control.code !== 0) return undefined;
  return /etcd Version: (\S+)/.exec(server.output)?.[1];
}

/** Runs a program to its end; code -1 when it is not there. */
async function run(program: string, words: string[]): Promise<{ readonly code: number; readonly output: string }> {
  const environment = { ...process.env, ETCDCTL_API: '3' };
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (output += part));
  const code = await new Promise<number>((resolve) => {
    child.on('error', () => resolve(-1));
    child.on('close', (exitCode) => resolve(exitCode ?? -1));
  });
  return { code, output };
}

/** A single etcd of its own, on free ports of this machine, in a directory that goes with it. */
export async function startEtcd(version: string): Promise<Driver> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-etcd-'));
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const flags = ['--data-dir', directory, '--listen-client-urls', client, '--advertise-client-urls', client];
  flags.push('--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`);
  const child = spawn('etcd', [...flags, '--log-level', 'error'], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await healthy(`${client}/health`, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return etcdDriver(client, version, stop);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function healthy(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`etcd ended with code ${child.exitCode} before it was healthy`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true && object(await answer.json())['health'] === 'true') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`etcd at ${url} was not healthy within 10 s`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
