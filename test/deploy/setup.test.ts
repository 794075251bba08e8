/** deploy/setup.mjs in a project of its own, with an npm that only writes down what it is asked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'quorate-setup-'));
  mkdirSync(join(root, 'deploy'));
  for (const name of ['setup.mjs', 'bind-locally.mjs']) copyFileSync(join(deploy, name), join(root, 'deploy', name));
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'machines/source.ts'])
    write(name, '{}', -60);
  write('deploy/inspector/build-page.mjs', "console.error('the page is built')", -60);
  write('deploy/inspector/page/main.tsx', '', -60);
  // Everything is there and newer than what it comes from.
  write('node_modules/.package-lock.json', '');
  write('node_modules/rocksdb/package.json', '{"main":"index.js"}');
  write('node_modules/rocksdb/index.js', '');
  write('dist/.built', '');
  write('dist/.page-built', '');
  write('bin/nats-server', '#!/bin/sh\n');
  chmodSync(join(root, 'bin/nats-server'), 0o755);
  write(
    'npm.cjs',
    `require('fs').appendFileSync(${JSON.stringify(join(root, 'asked'))}, process.argv.slice(2).join(' ') + '\\n')`,
  );
});
afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, content: string, age_s = 0): void {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  const time = Date.now() / 1_000 + age_s;
  utimesSync(path, time, time);
}

/** What npm was asked, and how it ended. */
function setUp(path = join(root, 'bin')) {
  write('asked', '');
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'deploy', 'setup.mjs')], {
    encoding: 'utf8',
    env: { PATH: path, npm_execpath: join(root, 'npm.cjs') },
  });
  return { status, stderr, asked: readFileSync(join(root, 'asked'), 'utf8').trim().split('\n').filter(Boolean) };
}

test('with nothing to do it does nothing and says nothing', () => {
  assert.deepEqual(setUp(), { status: 0, stderr: '', asked: [] });
});

test('a newer lockfile, or a package that npm left out, installs anew', () => {
  write('package-lock.json', '', 60);
  assert.match(setUp().asked[0] ?? '', /^ci --include=dev --ignore-scripts/);
  write('package-lock.json', '', -60);
  rmSync(join(root, 'node_modules', 'rocksdb'), { recursive: true });
  assert.match(setUp().asked[0] ?? '', /^ci /);
});

test('a newer source builds', () => {
  write('machines/source.ts', '', 60);
  assert.deepEqual(setUp().asked, ['run --silent build']);
});

test('a newer part of the page builds the page alone', () => {
  write('deploy/inspector/page/main.tsx', '', 60);
  const { status, stderr, asked } = setUp();
  assert.deepEqual([status, asked], [0, []]);
  assert.match(stderr, /the page is built/);
});

test('a binding that aborts the process that loads it is seen, and said', () => {
  write('node_modules/rocksdb/index.js', 'process.abort()');
  const { status, stderr, asked } = setUp();
  assert.deepEqual(asked, ['rebuild rocksdb --foreground-scripts']);
  assert.match(stderr, /RocksDB could not be loaded\. Install a C\+\+ compiler, make and python3/);
  assert.equal(status, 1);
});
