/**
 * Brings a fresh clone to where `quorate` runs: packages, the NATS server, the build. Each step looks first and does
 * nothing when there is nothing to do. Plain JavaScript on Node's own modules, because nothing else is there yet.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bindLocally } from './bind-locally.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installedStamp = join(root, 'node_modules', '.package-lock.json');
const builtStamp = join(root, 'dist', '.built');
const pageFolder = join(root, 'deploy', 'inspector', 'page');
const pageStamp = join(root, 'dist', '.page-built');
const bindingFolder = join(root, 'node_modules', 'rocksdb');
const sourceFolders = ['machines', 'store', 'transport', 'actors', 'client', 'deploy', 'examples', 'test'];

/** How each package manager gets a program, and what it calls the package. */
const managers = [
  { program: 'apt-get', before: ['update'], install: ['install', '-y', '--no-install-recommends'] },
  { program: 'dnf', install: ['install', '-y'] },
  { program: 'apk', install: ['add', '--no-cache'] },
  { program: 'pacman', install: ['-Sy', '--noconfirm', '--needed'] },
  { program: 'zypper', install: ['--non-interactive', 'install'] },
  { program: 'brew', install: ['install'], asUser: true },
];
const compilers = {
  'apt-get': ['build-essential', 'python3'],
  dnf: ['gcc-c++', 'make', 'python3'],
  apk: ['build-base', 'python3', 'linux-headers'],
  pacman: ['base-devel', 'python'],
  zypper: ['gcc-c++', 'make', 'python3'],
  brew: ['python3'],
};

function main() {
  checkNode();
  installPackages();
  checkStorageBinding();
  if (process.argv.includes('--built')) {
    buildPage();
    return writeFileSync(builtStamp, '');
  }
  installNatsServer();
  build();
  buildPage();
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Node.js ${process.versions.node} is too old: Quorate needs 20.19 or newer (https://nodejs.org).`);
}

function installPackages() {
  const isFresh = existsSync(installedStamp) && modified(installedStamp) >= modified(join(root, 'package-lock.json'));
  // npm leaves an optional package out, without a word, when its install script fails.
  if (isFresh && existsSync(bindingFolder)) return;
  say('installing packages (npm ci)');
  // No install scripts: the only package with one brings its binary along, and would try to compile without need.
  npm(['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']);
  if (!existsSync(installedStamp))
    fail('npm ci left no node_modules/.package-lock.json: is this really npm 7 or newer?');
}

/** RocksDB comes compiled for x64 (Linux, macOS, Windows) and arm64 (macOS). Elsewhere it is compiled here, once. */
function checkStorageBinding() {
  if (bindingLoads()) return;
  if (process.platform === 'linux' && bindPrebuilds() && bindingLoads()) return;
  say('RocksDB has no ready-made binary for this machine: compiling it, which takes a while');
  const manager = managers.find((candidate) => which(candidate.program));
  if (!which('make') || !which('g++') || !which('python3')) {
    if (manager) installSystemPackages(manager, compilers[manager.program]);
  }
  npm(['rebuild', 'rocksdb', '--foreground-scripts']);
  if (!bindingLoads()) {
    fail('RocksDB could not be loaded. Install a C++ compiler, make and python3, then run: npm rebuild rocksdb');
  }
}

/** The ready-made binaries clash with newer Nodes' symbols; see bind-locally.mjs. */
function bindPrebuilds() {
  const folder = join(bindingFolder, 'prebuilds', `linux-${process.arch}`);
  if (!existsSync(folder)) return false;
  const binaries = readdirSync(folder).filter((name) => name.endsWith('.node'));
  return binaries.map((name) => bindLocally(join(folder, name))).includes(true);
}

/** Remembered in a file: loading it takes longer than all the rest of a set-up with nothing to do. */
function bindingLoads() {
  const stamp = join(bindingFolder, '.loads');
  const machine = `${process.versions.node} ${process.platform} ${process.arch}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === machine) return true;
  // In a process of its own: a binding that does not fit may abort the one that loads it.
  if (spawnSync(process.execPath, ['-e', "require('rocksdb')"], { cwd: root, stdio: 'ignore' }).status !== 0)
    return false;
  writeFileSync(stamp, machine);
  return true;
}

function installNatsServer() {
  if (process.env.QUORATE_SETUP_NATS === 'no' || which('nats-server')) return;
  const manager = managers.find((candidate) => which(candidate.program));
  if (!manager) {
    fail(
      'nats-server is not on PATH, and no known package manager is here ' +
        `(${managers.map((candidate) => candidate.program).join(', ')}).\n` +
        'Install the NATS server, 2.9 or newer, so that `nats-server -v` works: https://github.com/nats-io/nats-server/releases',
    );
  }
  say(`installing the NATS server (${manager.program})`);
  const hadService = existsSync('/run/systemd/system');
  installSystemPackages(manager, ['nats-server']);
  // Debian's package starts a server of its own on port 4222. Quorate starts the one that it needs.
  if (hadService) runQuietly(elevated(['systemctl', 'disable', '--now', 'nats-server'], manager));
  if (!which('nats-server')) fail(`${manager.program} installed nats-server, but it is not on PATH.`);
}

function installSystemPackages(manager, packages) {
  const commands = [
    ...(manager.before ? [[manager.program, ...manager.before]] : []),
    [manager.program, ...manager.install, ...packages],
  ];
  for (const command of commands) {
    const whole = elevated(command, manager);
    if (whole === undefined || spawnSync(whole[0], whole.slice(1), { stdio: toStderr, env: unattended }).status !== 0) {
      const lines = commands.map((each) => `  ${manager.asUser ? '' : 'sudo '}${each.join(' ')}`).join('\n');
      fail(`${packages.join(', ')} could not be installed from here. Please run:\n${lines}`);
    }
  }
}

/** The command with the rights that it needs, or undefined when they cannot be had without asking. */
function elevated(command, manager) {
  if (manager.asUser || process.getuid?.() === 0) return command;
  if (which('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) {
    return ['sudo', '-n', ...command];
  }
  return undefined;
}

function build() {
  if (existsSync(builtStamp) && modified(builtStamp) >= newestSource(sourceFolders.map(inRoot), ['.ts'])) return;
  say('building (tsc)');
  npm(['run', '--silent', 'build']);
}

/** The inspector's page, whose parts take a bundler longer than all the rest takes the compiler. */
function buildPage() {
  const sources = [pageFolder, inRoot('machines')];
  const newest = Math.max(
    newestSource(sources, ['.ts', '.tsx', '.css', '.html', '.svg']),
    modified(inRoot('deploy/inspector/build-page.mjs')),
  );
  if (existsSync(pageStamp) && modified(pageStamp) >= newest) return;
  say("building the inspector's page (vite)");
  const done = spawnSync(process.execPath, [inRoot('deploy/inspector/build-page.mjs')], { cwd: root, stdio: toStderr });
  if (done.status !== 0) fail("the inspector's page could not be built.");
  writeFileSync(pageStamp, '');
}

function inRoot(path) {
  return join(root, path);
}

function newestSource(folders, endings) {
  let newest = Math.max(modified(join(root, 'tsconfig.json')), modified(join(root, 'package.json')));
  const walk = (folder) => {
    if (!existsSync(folder)) return;
    for (const found of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, found.name);
      if (found.isDirectory()) walk(path);
      else if (endings.some((ending) => found.name.endsWith(ending))) newest = Math.max(newest, modified(path));
    }
  };
  for (const folder of folders) walk(folder);
  return newest;
}

const toStderr = ['ignore', 2, 2];
const unattended = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };

function npm(args) {
  const [program, ...before] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const done = spawnSync(program, [...before, ...args], { cwd: root, stdio: toStderr });
  if (done.status !== 0) fail(`npm ${args.join(' ')} failed${done.error ? `: ${done.error.message}` : ''}.`);
}

function runQuietly(command) {
  if (command !== undefined) spawnSync(command[0], command.slice(1), { stdio: 'ignore' });
}

function which(program) {
  // Debian keeps servers in sbin, which is on the administrator's PATH only.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return statSync(join(folder, program)).isFile();
    } catch {
      return false; // not in this folder
    }
  });
}

function modified(path) {
  return statSync(path).mtimeMs;
}

function say(what) {
  process.stderr.write(`quorate: ${what}\n`);
}

function fail(what) {
  process.stderr.write(`quorate: ${what}\n`);
  process.exit(1);
}

main();
