/** What a node measures of itself: how late its event loop is, and how long its writes take. */
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { newCounts } from '../actors/counts.js';
import type { Counts, Vitals } from '../actors/ports.js';
import { count, type Buckets } from '../machines/language/buckets.js';
import { every } from './clock.js';

const WINDOW_MS = 30_000;
const LOOP_RESOLUTION_MS = 20;
/** About 30 KB each, and true to 1 %. */
const writeHistogram = () => createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 2 });

interface Histogram {
  percentile(of: number): number;
  readonly max: number;
  reset(): void;
}

/** Two that overlap: the older one has seen at least one window, and at most two. */
interface Overlapping<H extends Histogram> {
  older: H;
  newer: H;
}

function turn<H extends Histogram>(pair: Overlapping<H>): void {
  const { older, newer } = pair;
  older.reset();
  pair.older = newer;
  pair.newer = older;
}

/** All nodes of a process share its event loop. Each delay is measured with the resolution in it. */
let loopDelay: Overlapping<Histogram> | null = null;

function watchLoop(): Overlapping<Histogram> {
  if (loopDelay !== null) return loopDelay;
  const watch = () => {
    const monitor = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
    monitor.enable();
    return monitor;
  };
  const watched = { older: watch(), newer: watch() };
  every(WINDOW_MS, () => turn(watched));
  return (loopDelay = watched);
}

export function openVitals(): Vitals {
  const loop = watchLoop();
  const counts = newCounts();
  const { took } = counts;
  const writes = { log: timeWrites(took.log), store: timeWrites(took.store) };
  return {
    counts,
    begin: (work) => (work === 'apply' ? timeApply(counts) : writes[work].begin()),
    read: () => {
      const late_ms = (ns: number) => rounded(Math.max(0, ns / 1e6 - LOOP_RESOLUTION_MS));
      const log = writes.log.read();
      const store = writes.store.read();
      return {
        event_loop_delay_p50_ms: late_ms(loop.older.percentile(50)),
        event_loop_delay_p99_ms: late_ms(loop.older.percentile(99)),
        event_loop_delay_max_ms: late_ms(loop.older.max),
        log_sync_p50_ms: log.p50_ms,
        log_sync_p99_ms: log.p99_ms,
        log_sync_max_ms: log.max_ms,
        log_sync_under_way_ms: log.under_way_ms,
        store_write_p50_ms: store.p50_ms,
        store_write_p99_ms: store.p99_ms,
        store_write_max_ms: store.max_ms,
        store_write_under_way_ms: store.under_way_ms,
        resident_memory_bytes: process.memoryUsage.rss(),
      };
    },
  };
}

/** etcd's: from here on it is a slow one. */
const SLOW_APPLY_MS = 100;

function timeApply(counts: Counts): () => void {
  const began = performance.now();
  return () => {
    const took_ms = performance.now() - began;
    count(counts.took.apply, took_ms / 1_000);
    if (took_ms > SLOW_APPLY_MS) counts.slow_applies++;
  };
}

/** Writes that come one at a time. */
function timeWrites(took: Buckets) {
  const pair = { older: writeHistogram(), newer: writeHistogram() };
  every(WINDOW_MS, () => turn(pair));
  let began_ms: number | null = null;
  return {
    begin: () => {
      const began = performance.now();
      began_ms = began;
      return () => {
        began_ms = null;
        const took_ms = performance.now() - began;
        count(took, took_ms / 1_000);
        const took_us = Math.max(1, Math.round(took_ms * 1_000));
        pair.older.record(took_us);
        pair.newer.record(took_us);
      };
    },
    read: () => ({
      p50_ms: rounded(pair.older.percentile(50) / 1_000),
      p99_ms: rounded(pair.older.percentile(99) / 1_000),
      max_ms: rounded(pair.older.max / 1_000),
      under_way_ms: began_ms === null ? 0 : rounded(performance.now() - began_ms),
    }),
  };
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;
