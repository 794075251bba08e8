/** The format for people and scripts: keys and values as they are, a line each. */
import type { KeyValue, OpResponse } from '../../client/types.js';
import type { TimeToLiveResponse } from '../../client/lease-types.js';
import { leaseHex, shownSeconds, wholeSeconds } from './lease-text.js';
import type { Health, MakePrinter } from './printer.js';
import { hashRows, memberRows, statusRows } from './rows.js';
import type { Rows } from './rows.js';
import type { Terminal } from './terminal.js';

export const simplePrinter: MakePrinter = (terminal, { hex, valueOnly = false }) => {
  const line = (content: string | Uint8Array): void => {
    terminal.out(content);
    terminal.out('\n');
  };
  const bytes = (value: Uint8Array): void => line(hex ? hexDigits(value) : value);
  const pair = (kv: KeyValue): void => {
    if (!valueOnly) bytes(kv.key);
    bytes(kv.value);
  };
  const answer = (response: OpResponse): void => {
    switch (response.type) {
      case 'get':
        return response.kvs.forEach(pair);
      case 'put':
        line('OK');
        if (response.lease !== undefined) line(`lease ${leaseHex(response.lease)} attached`);
        if (response.prevKv !== undefined) pair(response.prevKv);
        return;
      case 'delete':
        line(String(response.deleted));
        return response.prevKvs.forEach(pair);
      case 'txn':
        line(response.succeeded ? 'SUCCESS' : 'FAILURE');
        for (const each of response.responses) {
          line('');
          answer(each);
        }
    }
  };
  const rows = (table: Rows): void => table.rows.forEach((row) => line(row.join(', ')));
  return {
    get: (response) => answer({ type: 'get', ...response }),
    put: (response) => answer({ type: 'put', ...response }),
    delete: (response) => answer({ type: 'delete', ...response }),
    txn: (response) => answer({ type: 'txn', ...response }),
    leaseGrant: ({ id, ttlMs }) => line(`lease ${leaseHex(id)} granted with TTL(${shownSeconds(ttlMs, ttlMs)}s)`),
    leaseRevoke: (id) => line(`lease ${leaseHex(id)} revoked`),
    leaseKeepAlive: ({ id, ttlMs }) => line(`lease ${leaseHex(id)} keepalived with TTL(${shownSeconds(ttlMs, ttlMs)})`),
    leaseTimeToLive: (response, withKeys) => line(Buffer.from(timeToLiveText(response, withKeys), 'latin1')),
    leases: ({ leases }) => [`found ${leases.length} leases`, ...leases.map(leaseHex)].forEach(line),
    watch: ({ events }) => {
      for (const { type, kv, prevKv } of events) {
        line(type === 'put' ? 'PUT' : 'DELETE');
        if (prevKv !== undefined) pair(prevKv);
        pair(kv);
      }
    },
    memberList: (response) => rows(memberRows(response)),
    endpointHealth: (list) => list.forEach((each) => printHealth(terminal, each)),
    endpointStatus: (list) => rows(statusRows(list)),
    endpointHashKv: (list) => rows(hashRows(list)),
  };
};

/** A character for each byte: keys stand in it as they are. */
function timeToLiveText({ id, ttlMs, grantedTtlMs, keys }: TimeToLiveResponse, withKeys: boolean): string {
  if (wholeSeconds(ttlMs) === -1) return `lease ${leaseHex(id)} already expired`;
  const [granted, left] = [grantedTtlMs, ttlMs].map((ms) => shownSeconds(ms, grantedTtlMs));
  const attached = withKeys
    ? `, attached keys([${keys.map((key) => Buffer.from(key).toString('latin1')).join(' ')}])`
    : '';
  return `lease ${leaseHex(id)} granted with TTL(${granted}s), remaining(${left}s)${attached}`;
}

const hexDigits = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

function printHealth(terminal: Terminal, { endpoint, took, error }: Health): void {
  if (error === '') terminal.out(`${endpoint} is healthy: successfully committed proposal: took = ${took}\n`);
  else terminal.complain(`${endpoint} is unhealthy: failed to commit proposal: ${error}\n`);
}
