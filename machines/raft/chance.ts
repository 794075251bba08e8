/** The election timeout's chance: a small generator whose state is kept in the context (mulberry32). */

interface Draw {
  readonly timeout: number;
  readonly random: number;
}

/** A timeout in [election_ticks, 2 × election_ticks), so that rivals seldom campaign together (Raft §5.2). */
export function drawTimeout(random: number, election_ticks: number): Draw {
  const state = (random + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  const unit = ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  return { timeout: election_ticks + Math.floor(unit * election_ticks), random: state };
}
