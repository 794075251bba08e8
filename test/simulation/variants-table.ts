/** docs/broken-variants.md: every broken variant, what caught it, and how many seeds that took. */
import { writeFile } from 'node:fs/promises';
import { allVariants, faultsOf, isListed, type Variant } from './all-variants.js';
import { type Catch, hunt } from './hunt.js';

export const path = 'docs/broken-variants.md';

/** Hunts the variants whose name holds `part`, and prints the table, or writes it. Gives the exit code. */
export async function huntAll(write: boolean, part: string): Promise<number> {
  const catches: Catch[] = [];
  for (const variant of allVariants.filter(({ level, name }) => `${level}: ${name}`.includes(part))) {
    const began_ms = performance.now();
    const one = await hunt(variant);
    catches.push(one);
    const took = `${((performance.now() - began_ms) / 1000).toFixed(1)} s`;
    console.log(
      `${one.caught === null ? 'NOT CAUGHT' : `seed ${one.seeds}`}  ${took}  ${variant.name}: ${oneLine(one)}`,
    );
  }
  if (write) await writeFile(path, tableOf(catches));
  return catches.every((one) => one.caught !== null) ? 0 : 1;
}

const oneLine = ({ caught }: Catch): string => (caught === null ? '' : caught.message.slice(0, 200));

/** In whose words it was caught: the product's own, those of the checks that see everything, or the clients'. */
function judgeOf({ caught }: Catch): string {
  if (caught === null) return '**not caught**';
  const error = caught.facts['error'];
  if (typeof error === 'string') {
    const own = error.split('\n')[0] ?? '';
    return `the product stops itself: ${own.replace(/[{[|].*/, '').slice(0, 110)}`;
  }
  return caught.check.startsWith('linearizable') ? `the history of the clients: ${caught.check}` : caught.check;
}

/** A row begins so, whatever caught it and after how many seeds. */
export const beginningOf = (variant: Variant): string => `| ${variant.name} | ${variant.level} | ${variant.breaks} |`;

function tableOf(catches: readonly Catch[]): string {
  const head = ['| variant | level | what it does | caught by | faults | seeds |', '|---|---|---|---|---|---|'];
  const rowsOf = (listed: boolean): readonly string[] =>
    catches
      .filter(({ variant }) => isListed(variant) === listed)
      .map((one) => `${beginningOf(one.variant)} ${judgeOf(one)} | ${faultsOf(one.variant)} | ${one.seeds} |`);
  return [
    '# Broken variants',
    '',
    'The honest product with one thing replaced, in tests only; something must notice. Each row says at which level',
    'it runs (bare raft machines, a cluster of whole nodes, or the client over a store), what noticed first (a check',
    'of the simulation, by its name; or the product stops itself; or the history of the clients is not',
    'linearizable), under which faults (chosen ones, what each seed draws, or a script that also runs with the',
    'honest product), and after how many seeds.',
    '',
    '`node dist/test/simulation/main.js --variants --write` writes this file; `test/simulation/*variants.test.ts`',
    'fail when one is no longer caught, or is not in this file.',
    '',
    '## Ways of losing data that were found in the design',
    '',
    ...head,
    ...rowsOf(true),
    '',
    '## Others',
    '',
    ...head,
    ...rowsOf(false),
    '',
  ].join('\n');
}
