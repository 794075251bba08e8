/**
 * How much is told one by one: so much in a frame, and of each kind something, so that a flood of one kind does not
 * hide the rest.
 */
export interface Allowance {
  /** False: one more of this kind is too much in this frame. */
  take(kind: string): boolean;
  /** A new frame; how often it was too much in the last one. */
  renew(): number;
}

/** The part of a frame that one kind may fill while others could still come. */
const SHARE = 0.2;

export function createAllowance(per_frame: number): Allowance {
  const taken = new Map<string, number>();
  const share = Math.max(2, Math.floor(per_frame * SHARE));
  let sum = 0;
  let refused = 0;
  return {
    take: (kind) => {
      const before = taken.get(kind) ?? 0;
      if ((sum >= per_frame || before >= share) && before > 0) {
        refused += 1;
        return false;
      }
      taken.set(kind, before + 1);
      sum += 1;
      return true;
    },
    renew: () => {
      const untold = refused;
      taken.clear();
      sum = 0;
      refused = 0;
      return untold;
    },
  };
}
