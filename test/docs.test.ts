/** The documents say what is so: drawings are of this build, links lead somewhere, and the README's examples run. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import { drawDocuments } from '../deploy/draw.js';
import { requestFields } from '../transport/wire-requests.js';
import { startTestCluster } from './process/cluster.js';
import type { TestCluster } from './process/cluster.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const requests = readFileSync(join(root, 'docs', 'requests.md'), 'utf8');
const houseFolders = ['machines', 'store', 'transport', 'actors', 'client', 'deploy', 'examples', 'test'];
const files = houseFolders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
);
const documents = [
  'README.md',
  ...houseFolders.map((folder) => `${folder}/README.md`),
  'docs/access.md',
  'docs/architecture.md',
  'docs/running.md',
  'docs/metrics.md',
  'docs/event-feed.md',
  'docs/requests.md',
  'docs/LIMITS.md',
  'docs/diagrams.md',
];

describe('drawings', () => {
  test('every machine of the house is among the diagrams', () => {
    const diagrams = readFileSync(join(root, 'docs', 'diagrams.md'), 'utf8');
    for (const path of files.filter((file) => file.endsWith('.machine.ts'))) {
      assert.ok(diagrams.includes(`(../${path})`), `${path} is not drawn`);
    }
  });

  for (const { document, is, shouldBe } of drawDocuments()) {
    test(`${document} shows this build (npm run draw brings it up to date)`, () => assert.equal(is, shouldBe));
  }
});

test('every folder of the house has a README of at most 40 lines', () => {
  for (const folder of houseFolders) {
    const lines = readFileSync(join(root, folder, 'README.md'), 'utf8').split('\n').length - 1;
    assert.ok(lines <= 40, `${folder}/README.md has ${lines} lines`);
  }
});

test('links and named files are there', () => {
  for (const document of documents) {
    const text = readFileSync(join(root, document), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(existsSync(join(root, dirname(document), target)), `${document} links to ${target}`);
    }
    for (const [, name = ''] of text.matchAll(/`([\w./-]+\.(?:ts|mjs))`/g)) {
      const found = files.some((path) => path === name || path.endsWith(`/${name}`));
      assert.ok(found, `${document} names ${name}`);
    }
  }
});

test('docs/requests.md names every operation and each of its fields', () => {
  for (const [operation, fields] of Object.entries(requestFields)) {
    const row = requests.split('\n').find((line) => line.startsWith(`| \`${operation}\` |`)) ?? '';
    for (const field of fields) assert.match(row, new RegExp(`\\b${field}\\b`), operation);
    assert.ok(row !== '', operation);
  }
});

describe('the examples run as they stand', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startTestCluster({ clusterName: 'quorate' });
  });
  after(() => cluster.stop());

  for (const { command, answer } of [readme, requests].flatMap(conversations)) {
    test(command, async () => {
      const told = command.startsWith('nats req ') ? await natsRequest(command) : shell(command);
      assert.match(told.trimEnd(), patternOf(answer));
    });
  }

  test('the TypeScript', () => {
    const [example = ''] = blocks(readme, 'ts');
    // Inside the package its own name leads to it, as it does for those who have installed it.
    const path = join(root, 'dist', 'readme-example.mjs');
    writeFileSync(path, example.replace('nats://127.0.0.1:4222', cluster.servers[0] ?? ''));
    const told = execFileSync(process.execPath, [path], { encoding: 'utf8' });
    assert.match(told, /^written at revision \d+\n5 bytes\nnobody was faster: true\n$/);
  });

  function shell(command: string): string {
    const program = join(root, 'deploy', 'bin', 'quoratectl');
    const args = command.split(' ').slice(1);
    return execFileSync(process.execPath, [program, '--servers', cluster.servers.join(','), ...args], {
      encoding: 'utf8',
    });
  }

  async function natsRequest(command: string): Promise<string> {
    const [, subject = '', body = ''] = /^nats req (\S+) '(.*)'$/.exec(command) ?? [];
    const connection = await connect({ servers: [...cluster.servers] });
    const answer = await connection.request(subject, body, { timeout: 10_000 });
    await connection.close();
    return answer.string();
  }
});

/** The commands of ```console blocks, each with what is printed. */
function conversations(text: string): readonly { readonly command: string; readonly answer: string }[] {
  return blocks(text, 'console').flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = '', ...answer] = part.split('\n');
        return { command, answer: answer.join('\n').trimEnd() };
      }),
  );
}

function blocks(document: string, language: string): readonly string[] {
  return [...document.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  );
}

/** `…` stands for anything within a line. */
const patternOf = (answer: string): RegExp =>
  new RegExp(
    `^${answer
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
