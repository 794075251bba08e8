/** Numbers and times as people read them. */

/** "12.3 s ago". */
export function agoText(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s ago`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s ago`;
}

/** A time of day with milliseconds. */
export function timeText(at_ms: number): string {
  const time = new Date(at_ms);
  const two = (number: number): string => String(number).padStart(2, '0');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

export const countText = (count: number): string => Math.round(count).toLocaleString('en');

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(0)} KiB`;
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}

export function rateText(per_second: number): string {
  if (per_second < 0.05) return '0/s';
  return per_second < 10 ? `${per_second.toFixed(1)}/s` : `${countText(per_second)}/s`;
}

/** "1 letter", "318 letters". */
export const manyText = (count: number, one: string, more = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : more}`;

/** What of the telling is missing, each in a sentence; nothing where nothing is. */
export function missingTexts(missing: {
  readonly untold: number;
  readonly lost: number;
  readonly skipped: number;
  readonly forgotten: number;
}): readonly string[] {
  const { untold, lost, skipped, forgotten } = missing;
  return [
    ...(untold > 0 ? [`${manyText(untold, 'letter')} not shown: more came than can be told`] : []),
    ...(skipped > 0 ? [`${manyText(skipped, 'message')} not sent here: this page was too slow`] : []),
    ...(lost > 0 ? [`${manyText(lost, 'message')} lost on the way`] : []),
    ...(forgotten > 0 ? [`${manyText(forgotten, 'old message')} let go of, to stay within memory`] : []),
  ];
}

/** A value of a context or a letter on one line, shortened. */
export function shortText(value: unknown, longest = 60): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}
