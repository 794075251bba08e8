/** Where values come from, which are refused, and what the refusal says. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigError, resolveOptions } from '../../deploy/config.js';
import type { Given } from '../../deploy/config.js';
import { nodeSettings, serveOptions } from '../../deploy/node-options.js';

const directory = mkdtempSync(join(tmpdir(), 'quorate-config-'));
after(() => rmSync(directory, { recursive: true }));

function file(content: string): string {
  const path = join(directory, 'config.yaml');
  writeFileSync(path, content);
  return path;
}
const resolve = (flags: Given['flags'], environment: Given['environment'] = {}) =>
  resolveOptions(serveOptions, { flags, environment });
const settings = (flags: Given['flags']) => nodeSettings(resolve({ name: 'n1', ...flags }));

describe('a value comes from', () => {
  const path = file('heartbeat-interval: 30\nelection-timeout: 300\ninitial-members: [n1, n2]\n');
  const environment = { QUORATE_HEARTBEAT_INTERVAL: '40', QUORATE_ELECTION_TIMEOUT: '400' };

  test('the flag before the environment before the file before the default', () => {
    const values = resolve({ 'config-file': path, 'heartbeat-interval': '50' }, environment);
    assert.equal(values['heartbeat-interval'], 50);
    assert.equal(values['election-timeout'], 400);
    assert.deepEqual(values['initial-members'], ['n1', 'n2']);
    assert.equal(values['cluster-name'], 'quorate');
    assert.equal(values.name, undefined);
  });

  test('the file that the environment names', () => {
    assert.equal(resolve({}, { QUORATE_CONFIG_FILE: path })['heartbeat-interval'], 30);
  });
});

describe('a bad value is refused with the name of its flag, itself, and what would be right', () => {
  const cases: readonly (readonly [Given['flags'], RegExp])[] = [
    [{ 'heartbeat-interval': 'soon' }, /--heartbeat-interval: "soon" .*whole number from 10 to 10000 \(ms\)/],
    [{ 'heartbeat-interval': '100.5' }, /--heartbeat-interval: "100.5"/],
    [{ 'election-timeout': '1' }, /--election-timeout: "1" .*from 50 to 50000/],
    [{ 'cluster-name': 'a.b' }, /--cluster-name: "a.b" .*A-Z a-z 0-9 _ -/],
    [{ name: 'a b' }, /--name: "a b"/],
    [{ 'initial-members': 'n1,n1' }, /--initial-members: "n1,n1" .*different items/],
    [{ servers: 'http://x' }, /--servers: "http:\/\/x" .*nats:\/\/127.0.0.1:4222/],
    [{ 'auto-compaction-mode': 'never' }, /--auto-compaction-mode: "never" .*periodic, revision/],
    [{ 'max-txn-ops': '0' }, /--max-txn-ops: "0"/],
  ];
  for (const [flags, said] of cases) {
    test(Object.entries(flags).flat().join(' '), () => {
      assert.throws(
        () => resolve(flags),
        (error) => error instanceof ConfigError && said.test(error.message),
      );
    });
  }

  test('all that is wrong is told at once, with where it comes from', () => {
    assert.throws(
      () => resolve({ 'max-txn-ops': 'x' }, { QUORATE_SNAPSHOT_COUNT: 'y' }),
      /--max-txn-ops: "x"[^]*--snapshot-count \(from QUORATE_SNAPSHOT_COUNT\): "y"/,
    );
  });

  test('a secret is not repeated', () => {
    assert.throws(() => resolve({ 'nats-password': '' }), /^(?!.*"").*--nats-password/);
  });

  test('a file with an unknown key, with bad YAML, or none', () => {
    assert.throws(() => resolve({ 'config-file': file('heartbeat: 1') }), /unknown key "heartbeat"; known: name, /);
    assert.throws(() => resolve({ 'config-file': file('a: [') }), /--config-file: .* cannot be read/);
    assert.throws(() => resolve({ 'config-file': file('- a') }), /--config-file: .*takes YAML/);
    assert.throws(() => resolve({ 'config-file': join(directory, 'none') }), /--config-file: .*cannot be read/);
  });
});

describe('settings', () => {
  test('protocol time is counted in ticks of half a heartbeat', () => {
    const { tick_ms, heartbeat_ticks, election_ticks } = settings({});
    assert.deepEqual(
      { tick_ms, heartbeat_ticks, election_ticks },
      { tick_ms: 50, heartbeat_ticks: 2, election_ticks: 20 },
    );
  });

  test('an election timeout outlasts five heartbeats', () => {
    assert.throws(() => settings({ 'heartbeat-interval': '300' }), /--election-timeout: 1000 .*at least 5 times/);
  });

  test('a node is one of the first members', () => {
    assert.deepEqual(settings({}).initial_members, ['n1']);
    assert.throws(() => settings({ 'initial-members': 'n2,n3' }), /--initial-members: "n2,n3" does not name this node/);
    assert.throws(() => nodeSettings(resolve({})), /--name is missing.*QUORATE_NAME/);
  });

  test('a quota of 0 is the preset one, and below 0 none', () => {
    assert.equal(settings({}).quota_bytes, 2 * 1024 ** 3);
    assert.equal(settings({ 'quota-backend-bytes': '-1' }).quota_bytes, -1);
    assert.equal(settings({ 'quota-backend-bytes': '1000' }).quota_bytes, 1000);
  });

  test('a trimmed log keeps a tail', () => {
    assert.equal(settings({ 'snapshot-count': '100' }).log_entries_kept, 50);
    assert.equal(settings({}).log_entries_kept, 5000);
  });

  test('B-28: automatic compaction keeps a time or a number of revisions', () => {
    const compaction = (mode: string, retention: string) =>
      settings({ 'auto-compaction-mode': mode, 'auto-compaction-retention': retention }).auto_compaction;
    const hour_ms = 3_600_000;
    assert.deepEqual(compaction('periodic', '0'), { mode: 'off' });
    assert.deepEqual(compaction('periodic', '1'), { mode: 'periodic', retention_ms: hour_ms });
    assert.deepEqual(compaction('periodic', '1h30m'), { mode: 'periodic', retention_ms: 1.5 * hour_ms });
    assert.deepEqual(compaction('periodic', '0s'), { mode: 'off' });
    assert.deepEqual(compaction('revision', '1000'), { mode: 'revision', retention: 1000 });
    assert.throws(() => compaction('revision', '1h'), /--auto-compaction-retention: "1h" .*a number of revisions/);
    assert.throws(() => compaction('periodic', 'long'), /--auto-compaction-retention: "long" .*90m or 12h/);
  });
});
