/** What goes wrong, by swarm: each seed draws a few kinds of faults, how often they come, and whom they hit. */
import type { Chance } from './chance.js';
import { clients } from './door.js';
import type { Life } from './life.js';
import { fairWeather, type Network, partition } from './network.js';
import type { World } from './world.js';

/** A node as faults see it. */
export interface Actor {
  readonly name: string;
  life(): Life | null;
  leads(): boolean;
  start(): void;
  /** `powerLoss`: what was not synced may be gone. */
  stop(powerLoss: boolean): void;
}

export interface Stage {
  readonly world: World;
  readonly network: Network;
  readonly actors: readonly Actor[];
  /** Faults that only this stage knows; each says what it did. */
  readonly others: Readonly<Record<string, (chance: Chance, victim: Actor) => string>>;
}

type Fault = (stage: Stage, victim: Actor) => string;

const common: Readonly<Record<string, Fault>> = {
  crash: (stage, victim) => {
    const powerLoss = stage.world.chance.happens(0.5);
    victim.stop(powerLoss);
    comeBack(stage, victim);
    return `${victim.name}${powerLoss ? ' by power loss' : ''}`;
  },
  crashAll: (stage) => {
    for (const actor of stage.actors) {
      actor.stop(true);
      comeBack(stage, actor);
    }
    return 'all by power loss';
  },
  pause: ({ world }, victim) => {
    const life = victim.life();
    const while_ms = world.chance.pick([20, 800, 4000]) * world.chance.fraction();
    life?.pause();
    world.after(while_ms, () => life?.resume());
    return `${victim.name} for ${while_ms.toFixed(0)} ms`;
  },
  partition: ({ world, network, actors }) => {
    network.heal();
    if (world.chance.happens(0.3)) return 'healed';
    const names = actors.map((actor) => actor.name);
    return partition(world, network, world.chance.happens(0.2) ? [...names, clients] : names);
  },
  weather: ({ world: { chance }, network }) => {
    network.weather = chance.happens(0.3)
      ? fairWeather
      : {
          delay_ms: chance.pick([0.2, 5, 40]),
          jitter_ms: chance.pick([0.5, 20, 150]),
          drop: chance.pick([0, 0.02, 0.2, 0.5]),
          repeat: chance.pick([0, 0.1, 0.5]),
          late: chance.pick([0, 0.02, 0.2]),
          late_ms: chance.pick([500, 3000, 10_000]),
        };
    return JSON.stringify(network.weather);
  },
  drift: ({ world }, victim) => {
    const rate = world.chance.pick([0.7, 0.95, 1, 1.05, 1.4]);
    victim.life()?.drift(rate);
    return `${victim.name} × ${rate}`;
  },
};

export function comeBack({ world: { chance }, world }: Pick<Stage, 'world'>, victim: Actor): void {
  world.after(chance.pick([1, 200, 3000, 6000]) * chance.fraction(), () => {
    if (victim.life() === null) victim.start();
  });
}

/** A random subset of all kinds: a seed with few kinds goes deeper than one with all. */
export function drawKinds({ world, others }: Stage): readonly string[] {
  return [...Object.keys(common), ...Object.keys(others)].filter(() => world.chance.happens(0.5));
}

/** Injects faults of these kinds from time to time. */
export function disturb(stage: Stage, kinds: readonly string[], until_ms: number, tell: (what: string) => void): void {
  const { world, actors, others } = stage;
  const { chance } = world;
  const mean_ms = chance.pick([300, 1000, 2500]);
  const again = (): void => {
    if (world.now_ms() >= until_ms || kinds.length === 0) return;
    const kind = chance.pick(kinds);
    const leader = actors.find((actor) => actor.leads());
    const victim = leader !== undefined && chance.happens(0.4) ? leader : chance.pick(actors);
    const did = common[kind]?.(stage, victim) ?? others[kind]?.(chance, victim);
    tell(`${kind}: ${did}`);
    world.after(mean_ms * 2 * chance.fraction(), again);
  };
  world.after(mean_ms, again);
}

/** Everything is whole again, and every node runs. */
export function endFaults({ network, actors }: Stage): void {
  network.heal();
  network.weather = fairWeather;
  for (const actor of actors) {
    if (actor.life() === null) actor.start();
    actor.life()?.resume();
    actor.life()?.drift(1);
  }
}
