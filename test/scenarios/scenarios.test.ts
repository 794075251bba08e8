/** Every script in this folder says what it said when it was last understood. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parse, play, print } from './scenario.js';

/** Compiled or not, the scripts stand in the source tree. */
const folder = join(process.cwd(), 'test', 'scenarios');
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));

test('there are scenarios', () => assert.ok(files.length > 0));

for (const name of files) {
  test(`scenario ${name}`, () => {
    const path = join(folder, name);
    const blocks = parse(readFileSync(path, 'utf8'));
    const after = play(blocks).blocks;
    if (process.env['UPDATE'] === '1') {
      writeFileSync(path, print(after));
      return;
    }
    for (const block of after) assert.equal(block.said, block.expected, block.commands.join('\n'));
  });
}
