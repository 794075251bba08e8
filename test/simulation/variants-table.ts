/** docs/broken-variants.md: every broken variant, what caught it, and how many seeds that took. */
import { writeFile } from 'node:fs/promises';
import { type Catch, hunt } from './hunt.js';
import { raftVariants } from './variants.js';

const path = 'docs/broken-variants.md';

/** Hunts all variants and prints the table, or writes it. Gives the exit code. */
export async function huntAll(write: boolean): Promise<number> {
  const catches: Catch[] = [];
  for (const variant of raftVariants) {
    const one = await hunt(variant);
    catches.push(one);
    console.log(`${one.caught === null ? 'NOT CAUGHT' : `seed ${one.seeds}`}  ${variant.name}`);
  }
  const table = tableOf(catches);
  if (write) await writeFile(path, table);
  else console.log(table);
  return catches.every((one) => one.caught !== null) ? 0 : 1;
}

function tableOf(catches: readonly Catch[]): string {
  const rows = catches.map(({ variant, caught, seeds }) => {
    const by = caught === null ? '**not caught**' : caught.check;
    return `| ${variant.name} | ${variant.breaks} | ${by} | ${seeds} |`;
  });
  return [
    '# Broken variants',
    '',
    'The honest product with one thing replaced, in tests only; the simulation must notice. Each row says which check',
    'noticed first, and after how many seeds. `node dist/test/simulation/main.js --variants --write` writes this file;',
    '`test/simulation/variants.test.ts` fails when one is no longer caught.',
    '',
    '| variant | what it does | caught by | seeds |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
