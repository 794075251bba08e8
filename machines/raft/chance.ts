/** The election timeout's chance: a small generator whose state is kept in the context (mulberry32). */

interface Draw {
  readonly timeout: number;
  readonly random: number;
}

/**
 * A timeout in [election_ticks, 1.5 × election_ticks), so that rivals seldom campaign together (Raft §5.2). The paper
 * draws from twice the range: here the pre-vote makes rivals cheap, and a narrower range ends a silence sooner.
 */
export function drawTimeout(random: number, election_ticks: number): Draw {
  const state = (random + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  const unit = ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  return { timeout: election_ticks + Math.floor((unit * election_ticks) / 2), random: state };
}
