/** Leases as rows: when one is over, when what remains of it is noted, and what a renewal comes to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Lease } from '../../machines/language/leases.js';
import { limits } from '../../machines/language/limits.js';
import {
  addLease,
  confirmCleared,
  dropLease,
  type Due,
  holdsBack,
  type Lessor,
  openLessor,
  remainingOf,
  renewLease,
  reviveLease,
  turnWheel,
} from '../../machines/lessor.js';

const TURN_MS = 50;
const lease = (id: number, ttl_ms: number, remaining_ms = 0): Lease => ({ id: BigInt(id), ttl_ms, remaining_ms });
const nobody = (): boolean => false;

interface Seen {
  readonly at_ms: number;
  readonly due: Due;
}

/** Ticks from `from_ms` until `to_ms`; what was due, and when. */
function pass(lessor: Lessor, from_ms: number, to_ms: number, step_ms = 10, isAwaited = nobody): readonly Seen[] {
  const seen: Seen[] = [];
  for (let at_ms = from_ms; at_ms <= to_ms; at_ms += step_ms) {
    const due = turnWheel(lessor, at_ms, isAwaited);
    if (due.expired.length + due.notes.length > 0) seen.push({ at_ms, due });
  }
  return seen;
}

const endOf = (seen: readonly Seen[]): number | undefined => seen.find(({ due }) => due.expired.length > 0)?.at_ms;
const notesOf = (seen: readonly Seen[]): readonly number[] =>
  seen.flatMap(({ due }) => due.notes.map(({ remaining_ms }) => remaining_ms));

describe('when a lease is over', () => {
  test('[safety] never before its TTL has passed, and at most a turn and a tick after', () => {
    for (let ttl_ms = 1; ttl_ms < 700; ttl_ms += 7) {
      for (const begun_ms of [0, 3, 49.5, 50, 1_000.25]) {
        const lessor = openLessor([lease(1, ttl_ms)], begun_ms);
        const end_ms = endOf(pass(lessor, begun_ms, begun_ms + 2_000)) ?? Infinity;
        assert.ok(end_ms >= begun_ms + ttl_ms, `${ttl_ms} ms from ${begun_ms}: over at ${end_ms}`);
        assert.ok(end_ms <= begun_ms + ttl_ms + TURN_MS + 10, `${ttl_ms} ms from ${begun_ms}: late, at ${end_ms}`);
      }
    }
  });

  test('[safety] a renewal counts from when it was confirmed', () => {
    const lessor = openLessor([lease(1, 1_000)], 0);
    pass(lessor, 0, 450);
    assert.equal(renewLease(lessor, 1n, 450), 'renewed');
    assert.equal(remainingOf(lessor, 1n, 450), 1_000);
    const end_ms = endOf(pass(lessor, 460, 3_000)) ?? Infinity;
    assert.ok(end_ms >= 1_450 && end_ms <= 1_450 + TURN_MS + 10, `over at ${end_ms}`);
  });

  test('[safety] not while a renewal of it is awaited, and soon after when none came', () => {
    const lessor = openLessor([lease(1, 500)], 0);
    assert.equal(endOf(pass(lessor, 0, 2_000, 10, () => true)), undefined);
    assert.equal(renewLease(lessor, 1n, 2_000), 'renewed');
    assert.ok((endOf(pass(lessor, 2_010, 4_000)) ?? 0) >= 2_500);
    const other = openLessor([lease(1, 500)], 0);
    pass(other, 0, 2_000, 10, () => true);
    assert.ok((endOf(pass(other, 2_000, 4_000)) ?? Infinity) <= 2_000 + 2 * TURN_MS);
  });

  test('a leader that takes over counts what was noted of it, or else all of it', () => {
    const lessor = openLessor([lease(1, 10_000, 1_250), lease(2, 10_000)], 500);
    assert.equal(remainingOf(lessor, 1n, 500), 1_250);
    assert.equal(remainingOf(lessor, 2n, 500), 10_000);
    assert.equal(remainingOf(lessor, 3n, 500), undefined);
    assert.equal(remainingOf(lessor, 1n, 9_000), 0);
  });

  test('one that is granted again under its id lies on the wheel once', () => {
    const lessor = openLessor([], 0);
    for (let n = 0; n < 100; n++) {
      addLease(lessor, lease(1, 1_000), n);
      dropLease(lessor, 1n);
    }
    addLease(lessor, lease(1, 1_000), 100);
    pass(lessor, 100, 1_090);
    assert.equal([...lessor.wheel.values()].flat().length, 1, 'the revoked ones are forgotten where they are met');
    assert.deepEqual(turnWheel(lessor, 1_200, nobody).expired, [1n], 'and it is over once');
  });

  test('a tick revokes so many, and the next ones the others', () => {
    const count = 2 * limits.leases_expired_per_tick_max + 1;
    const lessor = openLessor(
      Array.from({ length: count }, (_, n) => lease(n + 1, 100)),
      0,
    );
    const sizes = pass(lessor, 10_000, 10_300, TURN_MS).map(({ due }) => due.expired.length);
    assert.deepEqual(sizes, [limits.leases_expired_per_tick_max, limits.leases_expired_per_tick_max, 1]);
  });
});

describe('what is noted', () => {
  test('who renews at every third never causes a note', () => {
    for (const ttl_ms of [300, 1_000, 2_000, 60_000]) {
      const lessor = openLessor([lease(1, ttl_ms)], 0);
      for (let n = 1; n <= 30; n++) {
        const at_ms = Math.round((n * ttl_ms) / 3);
        assert.deepEqual(pass(lessor, at_ms - Math.floor(ttl_ms / 3), at_ms), [], `${ttl_ms} ms`);
        assert.equal(renewLease(lessor, 1n, at_ms), 'renewed');
      }
    }
  });

  test('at half of the TTL and at every further eighth, and never less than what remains', () => {
    const lessor = openLessor([lease(1, 8_000)], 0);
    const seen = pass(lessor, 0, 9_000);
    assert.deepEqual(notesOf(seen), [4_000, 3_000, 2_000, 1_000]);
    for (const { at_ms, due } of seen) {
      for (const { remaining_ms } of due.notes) assert.ok(remaining_ms >= 8_000 - at_ms, `${remaining_ms} at ${at_ms}`);
    }
  });

  test('a note that comes late names what remains then, and those it is too late for are left out', () => {
    const lessor = openLessor([lease(1, 8_000)], 0);
    assert.deepEqual(turnWheel(lessor, 6_500.5, nobody).notes, [{ id: 1n, remaining_ms: 1_500 }]);
    assert.deepEqual(notesOf(pass(lessor, 6_510, 9_000)), [1_000]);
  });

  test('what was noted below half is noted again at the next eighth only', () => {
    const lessor = openLessor([lease(1, 8_000, 2_500)], 0);
    assert.deepEqual(notesOf(pass(lessor, 0, 3_000)), [2_000, 1_000]);
  });
});

describe('renewals', () => {
  test('[safety] one of a noted lease counts only once the note is taken back', () => {
    for (const lessor of [openLessor([lease(1, 1_000, 300)], 0), noted()]) {
      assert.equal(renewLease(lessor, 1n, 100), 'clear');
      assert.equal(renewLease(lessor, 1n, 110), 'clear', 'and so does another one meanwhile');
      assert.ok((remainingOf(lessor, 1n, 110) ?? 0) < 1_000, 'nothing is won before');
      assert.deepEqual(pass(lessor, 120, 5_000), [], 'nor is it over while that is on its way');
      assert.equal(confirmCleared(lessor, 1n, 5_000), true);
      assert.equal(remainingOf(lessor, 1n, 5_000), 1_000);
      assert.equal(renewLease(lessor, 1n, 5_100), 'renewed');
    }
  });

  test('[safety] where the taking back failed it is noted still', () => {
    const lessor = openLessor([lease(1, 1_000, 300)], 0);
    renewLease(lessor, 1n, 100);
    reviveLease(lessor, 1n);
    assert.equal(renewLease(lessor, 1n, 200), 'clear');
    reviveLease(lessor, 1n);
    assert.ok(endOf(pass(lessor, 300, 500)) !== undefined, 'and its time ran on');
  });

  test('[safety] one that is over is not renewed, unless its revocation was refused', () => {
    const lessor = openLessor([lease(1, 500)], 0);
    assert.ok(endOf(pass(lessor, 0, 600)) !== undefined);
    assert.equal(renewLease(lessor, 1n, 610), 'revoking');
    assert.equal(confirmCleared(lessor, 1n, 610), false);
    reviveLease(lessor, 1n);
    assert.ok(endOf(pass(lessor, 620, 800)) !== undefined, 'refused: it is over again');
    dropLease(lessor, 1n);
    assert.equal(renewLease(lessor, 1n, 900), 'gone');
    assert.equal(confirmCleared(lessor, 1n, 900), false);
  });

  test('100,000 of them touch nothing but their rows', () => {
    const count = 100_000;
    const lessor = openLessor(
      Array.from({ length: count }, (_, n) => lease(n + 1, 60_000)),
      0,
    );
    const before = [...lessor.wheel].map(([turn, rows]) => [turn, rows.length]);
    for (let id = 1; id <= count; id++) renewLease(lessor, BigInt(id), 20_000 + id / 10);
    assert.deepEqual(
      [...lessor.wheel].map(([turn, rows]) => [turn, rows.length]),
      before,
    );
    let touched = 0;
    const asks = (): boolean => (touched++, false);
    for (let at_ms = 0; at_ms <= 49_000; at_ms += TURN_MS) turnWheel(lessor, at_ms, asks);
    assert.equal(touched, 0, 'none is due');
    assert.equal([...lessor.wheel.values()].flat().length, count, 'and each lies there once');
  });
});

describe('a stall', () => {
  const tick_ms = 50;

  test('holds back what is due until a tick comes in time', () => {
    const pulse = { ticked_ms: 0, held_ms: null };
    assert.equal(holdsBack(pulse, 50, tick_ms), false);
    assert.equal(holdsBack(pulse, 200, tick_ms), false, 'three ticks late is none');
    assert.equal(holdsBack(pulse, 5_000, tick_ms), true);
    assert.equal(holdsBack(pulse, 5_200, tick_ms), true, 'late again');
    assert.equal(holdsBack(pulse, 5_250, tick_ms), false);
  });

  test('does not for ever: a loop that is always late lets leases end', () => {
    const pulse = { ticked_ms: 0, held_ms: null };
    const held = [200, 400, 600, 800, 1_000].map((now_ms) => holdsBack(pulse, now_ms, tick_ms));
    assert.deepEqual(held, [true, true, true, false, false]);
  });
});

function noted(): Lessor {
  const lessor = openLessor([lease(1, 1_000)], -600);
  assert.equal(pass(lessor, -600, 0).length, 1);
  return lessor;
}
