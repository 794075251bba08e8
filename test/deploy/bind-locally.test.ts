/**
 * The mark by which a compiled add-on prefers its own symbols: set once, only where it fits, and nothing else moves.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = new URL('../../../deploy/bind-locally.mjs', import.meta.url);
const { bindLocally } = (await import(script.href)) as {
  readonly bindLocally: (path: string) => boolean;
};

const binary = fileURLToPath(
  new URL('../../../node_modules/rocksdb/prebuilds/linux-x64/node.napi.glibc.node', import.meta.url),
);
const isOurs = process.platform === 'linux' && process.arch === 'x64' && existsSync(binary);
const skip = isOurs ? false : 'no ready-made binary for this machine';
const directory = mkdtempSync(join(tmpdir(), 'quorate-binding-'));
after(() => rmSync(directory, { recursive: true }));

const copy = join(directory, 'binding.node');
const mark = Buffer.from('10000000000000000000000000000000', 'hex');

test('the mark is set in a spare entry, once, and the file loads', { skip }, () => {
  copyFileSync(binary, copy);
  assert.equal(bindLocally(copy), true);
  const marked = readFileSync(copy);
  assert.equal(bindLocally(copy), true);
  assert.deepEqual(readFileSync(copy), marked);
  assert.ok(marked.includes(mark), 'DT_SYMBOLIC stands in the file');
  execFileSync(process.execPath, ['-e', `require(${JSON.stringify(copy)})`]);
});

test('what is no such file stays as it is', () => {
  const other = join(directory, 'other.node');
  for (const content of ['', 'not a binary', '\x7fELF\x01\x01 of 32 bits']) {
    writeFileSync(other, content, 'latin1');
    assert.equal(bindLocally(other), false);
    assert.equal(readFileSync(other, 'latin1'), content);
  }
});
