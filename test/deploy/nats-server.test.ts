/** The NATS servers of `quorate up`: started, found again, and refused where a port is taken. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { connect } from 'nats';
import { ConfigError } from '../../deploy/config.js';
import { freePorts, startNatsServers } from '../../deploy/nats-server.js';
import type { NatsServer } from '../../deploy/nats-server.js';
import { endChild, isAlive } from '../../deploy/processes.js';

const patience_ms = 5_000;
let directory = '';
let started: NatsServer[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-nats-'));
  started = [];
});
afterEach(async () => {
  await Promise.all(started.map((server) => endChild(server.process, patience_ms)));
  rmSync(directory, { recursive: true });
});

async function start(count: number, port: number): Promise<readonly NatsServer[]> {
  const servers = await startNatsServers(directory, count, port);
  started.push(...servers);
  return servers;
}

test('one server listens on the port asked for, with room for the largest request', async () => {
  const [port = 0] = await freePorts(1);
  const [server] = await start(1, port);
  assert.equal(server?.url, `nats://127.0.0.1:${port}`);
  const connection = await connect({ servers: server.url });
  assert.equal(connection.info?.max_payload, 4 * 1024 * 1024);
  await connection.close();
});

test('three servers are one cluster: what is said at one is heard at another', async () => {
  const [port = 0] = await freePorts(1);
  const servers = await start(3, port);
  assert.deepEqual(
    servers.map((server) => server.name),
    ['nats-1', 'nats-2', 'nats-3'],
  );
  const [speaker, listener] = await Promise.all([
    connect({ servers: servers[0]?.url ?? '' }),
    connect({ servers: servers[2]?.url ?? '' }),
  ]);
  const subscription = listener.subscribe('greeting', { max: 1 });
  await listener.flush();
  // The servers find one another in their own time; a greeting is repeated until one arrives.
  const repeated = setInterval(() => speaker.publish('greeting', 'hello'), 20);
  for await (const message of subscription) assert.equal(message.string(), 'hello');
  clearInterval(repeated);
  await Promise.all([speaker.close(), listener.close()]);
});

test('a port in use is refused by name, with what to do', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await assert.rejects(
    start(1, port),
    (error) =>
      error instanceof ConfigError && /--nats-port: port \d+ .* is in use: .*--servers nats:/.test(error.message),
  );
  await new Promise((resolve) => taken.close(resolve));
});

test('a server left over by a killed `up` in the same directory is ended first', async () => {
  const [port = 0] = await freePorts(1);
  await start(1, port);
  const left = Number(readFileSync(join(directory, 'nats-1.pid'), 'utf8'));
  await start(1, port);
  assert.notEqual(Number(readFileSync(join(directory, 'nats-1.pid'), 'utf8')), left);
  assert.equal(isAlive(left), false);
});
