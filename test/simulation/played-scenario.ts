/** A scenario of test/scenarios/ as a script for variants: what the cluster says must be what stands there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, play } from '../scenarios/scenario.js';
import { SimulationFailure } from './failure.js';
import type { RaftTwist } from './raft-cluster.js';

export const playScenario =
  (name: string) =>
  (_seed: number, twist: RaftTwist): Promise<SimulationFailure | null> => {
    const blocks = parse(readFileSync(join(process.cwd(), 'test', 'scenarios', name), 'utf8'));
    const other = play(blocks, twist.machine).blocks.find(({ said, expected }) => said !== expected);
    const { commands, said } = other ?? {};
    const failure = other === undefined ? null : new SimulationFailure(`scenario ${name}`, { commands, said });
    return Promise.resolve(failure);
  };
