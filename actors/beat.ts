/** The room of the beat: one tick after the other, for every room that counts time. */
import { fromCallback } from 'xstate';
import type { Clock } from '../machines/language/time.js';
import { post, type Tick } from './mail.js';

export interface BeatInput {
  readonly clock: Clock;
  readonly tick_ms: number;
}

export const beatRoom = fromCallback<Tick, BeatInput>(({ input: { clock, tick_ms }, system }) => {
  let timer: unknown;
  let stopped = false;

  /** Ticks that a stall swallowed are not made up for; what arrived during it is handled first. */
  const arm = (): void => {
    timer = clock.setTimeout(() => clock.soon(beat), tick_ms);
  };
  const beat = (): void => {
    if (stopped) return;
    arm();
    const tick: Tick = { type: 'tick', now_ms: clock.now_ms() };
    for (const room of [
      'raft',
      'state',
      'requests',
      'peers',
      'snapshot',
      'compactor',
      'leaseTicker',
      'coordination',
      'watchHub',
      'eventFeed',
    ] as const) {
      if (!stopped) post(system, room, tick);
    }
  };

  arm();
  return () => {
    stopped = true;
    clock.clearTimeout(timer);
  };
});
