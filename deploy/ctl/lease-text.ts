/** How leases are written: ids in hexadecimal, times in whole seconds. */

/** As Go's %016x: a negative id has a sign. */
export const leaseHex = (id: bigint): string =>
  id < 0n ? `-${(-id).toString(16).padStart(15, '0')}` : id.toString(16).padStart(16, '0');

/** -1 stays: there is no such lease. */
export const wholeSeconds = (ms: number): number => (ms < 0 ? -1 : Math.trunc(ms / 1_000));

/** A lease that was granted in milliseconds is told so exactly. */
export const isFine = (granted_ms: number): boolean => granted_ms > 0 && granted_ms % 1_000 !== 0;

export const shownSeconds = (ms: number, granted_ms: number): string =>
  String(isFine(granted_ms) ? ms / 1_000 : wholeSeconds(ms));
