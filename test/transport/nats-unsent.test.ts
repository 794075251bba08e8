/** A connection knows how much it was given that has not passed the server, where nothing else bounds it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realClock } from '../../deploy/clock.js';
import { ProvenConnection } from '../../transport/nats-proven.js';
import { startNatsServer } from '../process/nats-server.js';

const MiB = 1024 * 1024;

test('what a server that stands still has not taken is counted, and gone once it goes on', async () => {
  const server = await startNatsServer();
  const connection = new ProvenConnection({
    connection: { servers: [server.url] },
    name: 'unsent',
    probe_subject: 'probe',
    silence_ms: 60_000,
    clock: realClock,
    attach: () => undefined,
    state: () => undefined,
    refused: () => undefined,
  });
  try {
    await connection.open();
    process.kill(server.pid, 'SIGSTOP');
    // More than the sockets between them take.
    for (let n = 0; n < 64; n++) assert.ok(connection.publish('somewhere', new Uint8Array(MiB / 2)));
    assert.equal(connection.unsent_bytes, 32 * MiB);
    process.kill(server.pid, 'SIGCONT');
    while (connection.unsent_bytes > 4 * MiB) await connection.nats?.flush();
    connection.probe();
    while (connection.unsent_bytes > 0) await connection.nats?.flush();
  } finally {
    process.kill(server.pid, 'SIGCONT');
    await connection.close();
    await server.stop();
  }
});
