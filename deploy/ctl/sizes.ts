/** Sizes for people, in steps of a thousand, as etcdctl shows them: `25 kB`, `2.1 GB`. */

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

export function formatSize(bytes: number): string {
  if (bytes < 10) return `${bytes} B`;
  const step = Math.min(Math.floor(Math.log10(bytes) / 3 + 1e-12), units.length - 1);
  const scaled = Math.floor((bytes / 1000 ** step) * 10 + 0.5) / 10;
  return `${scaled < 10 ? scaled.toFixed(1) : roundHalfToEven(scaled)} ${units[step] ?? ''}`;
}

/** As Go's %.0f does. */
function roundHalfToEven(value: number): number {
  const whole = Math.floor(value);
  return value - whole === 0.5 ? whole + (whole % 2) : Math.round(value);
}

/** The part of `size` that is not in use, in whole per cent. */
export function percentUnused(size: number, inUse: number): string {
  return size === 0 ? '0%' : `${100 - Math.trunc((inUse * 100) / size)}%`;
}
