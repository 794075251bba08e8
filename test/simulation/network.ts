/** What the network does to one message: nothing good is promised. Two nodes may be cut off in one direction only. */
import type { World } from './world.js';

export interface Weather {
  /** Usual delay, and what chance adds to it at most. */
  delay_ms: number;
  jitter_ms: number;
  /** How often a message is lost, delivered twice, or delivered (also) long after anybody expects it. */
  drop: number;
  repeat: number;
  late: number;
  late_ms: number;
}

export interface Network {
  weather: Weather;
  /** After what delays a message arrives: no times, once, or several times. */
  deliveries(from: string, to: string): readonly number[];
  reaches(from: string, to: string): boolean;
  /** Nothing gets from `from` to `to` any more. */
  cut(from: string, to: string): void;
  heal(): void;
}

export const fairWeather: Weather = { delay_ms: 0.2, jitter_ms: 0.6, drop: 0, repeat: 0, late: 0, late_ms: 0 };

export function createNetwork(world: World): Network {
  const { chance } = world;
  const cuts = new Set<string>();
  const delay = ({ delay_ms, jitter_ms }: Weather): number => delay_ms + chance.fraction() * jitter_ms;
  const network: Network = {
    weather: fairWeather,
    deliveries(from, to) {
      const { weather } = network;
      if (cuts.has(`${from}>${to}`)) return [];
      const arrivals: number[] = [];
      if (!chance.happens(weather.drop)) arrivals.push(delay(weather));
      if (chance.happens(weather.repeat)) arrivals.push(delay(weather) + delay(weather));
      if (chance.happens(weather.late)) arrivals.push(chance.fraction() * weather.late_ms);
      return arrivals;
    },
    reaches: (from, to) => !cuts.has(`${from}>${to}`),
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    heal: () => cuts.clear(),
  };
  return network;
}

/** Cuts made by name: who cannot hear whom. */
export function partition(world: World, network: Network, names: readonly string[]): string {
  const { chance } = world;
  const order = chance.shuffled(names);
  const kind = chance.pick(['halves', 'isolate', 'deaf', 'mute', 'pair', 'chain'] as const);
  const both = (a: string, b: string): void => {
    network.cut(a, b);
    network.cut(b, a);
  };
  const [victim = '', other = ''] = order;
  const rest = order.slice(1);
  switch (kind) {
    case 'halves': {
      const side = order.slice(0, chance.below(1, order.length));
      for (const a of side) for (const b of order) if (!side.includes(b)) both(a, b);
      break;
    }
    case 'isolate':
      for (const peer of rest) both(victim, peer);
      break;
    case 'deaf':
      for (const peer of rest) network.cut(peer, victim);
      break;
    case 'mute':
      for (const peer of rest) network.cut(victim, peer);
      break;
    case 'pair':
      both(victim, other);
      break;
    case 'chain':
      for (const [i, a] of order.entries()) for (const b of order.slice(i + 2)) both(a, b);
      break;
  }
  return `${kind} ${order.join(' ')}`;
}
