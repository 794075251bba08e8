/** Leases kept alive by one timer: when they are renewed, together with which, and when one is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openKeeper, type Renewed } from '../../client/lease-keeper.js';
import type { KeepAlive } from '../../client/lease-types.js';
import { errorOf, QuorateError } from '../../machines/language/errors.js';
import { limits } from '../../machines/language/limits.js';
import { type ManualClock, manualClock } from './manual-clock.js';

const header = { clusterId: 1n, memberId: 1n, revision: 1, raftTerm: 1, raftIndex: 1 };
const answerOf = (ids: readonly bigint[], ttlMs: number): Renewed => ({
  header,
  leases: ids.map((id) => ({ id, ttlMs })),
});

interface Asked {
  readonly at_ms: number;
  readonly ids: readonly bigint[];
  readonly timeoutMs: number;
}

/** A keeper over a cluster that answers as `answer` says; what it was asked, counted from the beginning. */
function keeperOf(answer: (ids: readonly bigint[], clock: ManualClock) => Promise<Renewed>) {
  const clock = manualClock();
  const begun_ms = clock.now_ms();
  const asked: Asked[] = [];
  const keeper = openKeeper(clock, (ids, { timeoutMs }) => {
    asked.push({ at_ms: clock.now_ms() - begun_ms, ids, timeoutMs });
    return answer(ids, clock);
  });
  return { clock, keeper, asked };
}

const lostOf = (kept: KeepAlive): { readonly reason: Error | null } => {
  const seen: { reason: Error | null } = { reason: null };
  void kept.lost.then((reason) => (seen.reason = reason));
  return seen;
};

test('renewed at once, since nobody knows how long ago it was granted, and then at every third', async () => {
  const { clock, keeper, asked } = keeperOf((ids) => Promise.resolve(answerOf(ids, 900)));
  const kept = keeper.keep(1n, { ttlMs: 900 });
  await clock.pass(901);
  assert.deepEqual(
    asked.map(({ at_ms }) => at_ms),
    [0, 300, 600, 900],
  );
  assert.ok(kept.alive);
  kept.stop();
  await clock.pass(5_000);
  assert.equal(asked.length, 4, 'and no more once it is stopped');
});

test('what is due together goes in one message, and no more than the limit in each', async () => {
  const count = limits.keepalive_leases_max + 1;
  const { clock, keeper, asked } = keeperOf((ids) => Promise.resolve(answerOf(ids, 900)));
  for (let id = 1; id <= count; id++) keeper.keep(BigInt(id));
  await clock.pass(301);
  assert.deepEqual(
    asked.map(({ at_ms, ids }) => [at_ms, ids.length]),
    [
      [0, limits.keepalive_leases_max],
      [0, 1],
      [300, limits.keepalive_leases_max],
      [300, 1],
    ],
  );
});

test('[safety] its time counts from when a renewal was sent, not from when it was answered', async () => {
  let open = (): void => undefined;
  const { clock, keeper } = keeperOf((ids) => new Promise((resolve) => (open = () => resolve(answerOf(ids, 1_000)))));
  const kept = keeper.keep(1n);
  await clock.pass(700);
  open();
  await clock.pass(299);
  assert.ok(kept.alive);
  await clock.pass(1);
  assert.equal(kept.alive, false);
});

test('[safety] lost once no renewal was answered for its TTL, though one is on its way', async () => {
  let silent = false;
  const never = new Promise<Renewed>(() => undefined);
  const { clock, keeper, asked } = keeperOf((ids) => (silent ? never : Promise.resolve(answerOf(ids, 900))));
  const kept = keeper.keep(1n);
  const lost = lostOf(kept);
  await clock.pass(10);
  silent = true;
  await clock.pass(889);
  assert.ok(kept.alive);
  await clock.pass(1);
  assert.match(lost.reason?.message ?? '', /quorate: lease 1 may be over: no renewal was answered for 900 ms/);
  assert.equal(kept.alive, false);
  assert.equal(asked.at(-1)?.timeoutMs, 600, 'nobody waits for an answer longer than it matters');
});

test('lost when there is no such lease, or when asking is not allowed; otherwise asked again', async () => {
  const gone = keeperOf((ids) => Promise.resolve(answerOf(ids, 0)));
  const one = lostOf(gone.keeper.keep(1n));
  await gone.clock.pass(1);
  assert.equal(one.reason?.message, errorOf('LeaseNotFound').message);

  const denied = keeperOf(() => Promise.reject(new QuorateError('PermissionDenied', 'no')));
  const two = lostOf(denied.keeper.keep(1n, { ttlMs: 900 }));
  await denied.clock.pass(1);
  assert.equal(two.reason?.message, 'no');

  let failures = 2;
  const weak = keeperOf((ids) =>
    failures-- > 0 ? Promise.reject(errorOf('NoLeader')) : Promise.resolve(answerOf(ids, 900)),
  );
  const three = weak.keeper.keep(1n);
  await weak.clock.pass(500);
  assert.deepEqual(
    weak.asked.map(({ at_ms }) => at_ms),
    [0, 200, 400],
    'not at every millisecond while its TTL is not known',
  );
  assert.ok(three.alive);
});

test('a lease of years is waited for with timers that a timer can count', async () => {
  const waits: number[] = [];
  const { clock, keeper, asked } = keeperOf((ids) => Promise.resolve(answerOf(ids, limits.lease_ttl_ms_max)));
  const wait = clock.setTimeout.bind(clock);
  Object.assign(clock, {
    setTimeout: (run: () => void, delay_ms: number) => {
      waits.push(delay_ms);
      return wait(run, delay_ms);
    },
  });
  keeper.keep(1n);
  await clock.pass(3 * 86_400_000);
  assert.equal(asked.length, 1);
  assert.ok(waits.length <= 5 && waits.every((delay_ms) => delay_ms < 2 ** 31), waits.join());
});

test('an aborted signal ends it without losing it, and a closed client loses what is left', async () => {
  const { clock, keeper, asked } = keeperOf((ids) => Promise.resolve(answerOf(ids, 900)));
  const stop = new AbortController();
  const aborted = lostOf(keeper.keep(2n, { signal: stop.signal }));
  const kept = keeper.keep(3n);
  await clock.pass(301);
  assert.deepEqual(asked.at(-1)?.ids, [2n, 3n]);
  stop.abort();
  const closed = lostOf(kept);
  await clock.pass(300);
  assert.deepEqual(asked.at(-1)?.ids, [3n]);
  assert.equal(aborted.reason, null);
  keeper.close();
  await clock.pass(5_000);
  assert.equal(closed.reason?.message, 'quorate: the client is closed');
  assert.equal(kept.alive, false);
  assert.equal(asked.length, 3);
});
