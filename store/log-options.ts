/** How big the log's files are: the product's sizes, or small ones for tests. */
import { limits } from '../machines/language/limits.js';

export interface LogOptions {
  /** A new segment begins when the current one has this size. */
  readonly segment_bytes: number;
  /** By how much the file grows ahead of what is written. */
  readonly allocation_bytes: number;
}
export const LOG_OPTIONS = Symbol('LogOptions');
export const defaultLogOptions: LogOptions = {
  segment_bytes: limits.segment_bytes,
  allocation_bytes: limits.allocation_bytes,
};
