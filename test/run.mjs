/** Runs every test file that has a source, with Node's own runner. Arguments choose files by a part of their path. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const passedOn = process.argv.slice(2).filter((argument) => argument.startsWith('-'));

/** Node 20's runner knows no globs. A built file whose source is gone is no test any more. */
const files = readdirSync(join(root, 'dist', 'test'), { recursive: true })
  .filter((path) => path.endsWith('.test.js'))
  .filter((path) => existsSync(join(root, 'test', path.replace(/\.js$/, '.ts'))))
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .map((path) => relative(root, join(root, 'dist', 'test', path)))
  .sort();

if (files.length === 0) {
  process.stderr.write(
    `no test file${wanted.length > 0 ? ` with ${wanted.join(' or ')} in its path` : ''} in dist/test\n`,
  );
  process.exit(1);
}

/** A file that waits for what never comes is a failure with a name, not a run without an end. */
const file_max_ms = 15 * 60_000;
const concurrency = Math.max(1, Math.min(4, availableParallelism()));
const runner = spawn(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${file_max_ms}`,
    '--test-reporter=spec',
    ...passedOn,
    ...files,
  ],
  { cwd: root, stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal));
runner.on('exit', (code) => process.exit(code ?? 1));
