/** Keys as subjects, which every NATS client must be able to read; and numbers that show each event that was missed. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { newNumbers, numberEvent, tokensOf } from '../../machines/event-feed.js';
import { concatBytes, fromText } from '../../machines/language/bytes.js';
import { limits } from '../../machines/language/limits.js';
import { createChance } from '../simulation/chance.js';

/** As the document tells a client to read a subject: nothing of ours. */
function keyOf(subject: string): Buffer {
  const segments = subject.split('.').map((token) => {
    if (token === '%') return Buffer.alloc(0);
    const parts = token.split(/(%[0-9A-F]{2})/);
    return Buffer.concat(
      parts.map((part) => (part[0] === '%' ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part))),
    );
  });
  return Buffer.concat(segments.flatMap((segment, place) => (place === 0 ? [segment] : [Buffer.from('/'), segment])));
}

const subjectOf = (key: Uint8Array): string => tokensOf(key).join('.');

test('every key of any bytes is a legal subject, and its subject is read back as the key', () => {
  const chance = createChance(7);
  const bytes = [...Array(256).keys()].map((byte) => Uint8Array.of(byte));
  const random = Array.from({ length: 3_000 }, () =>
    // Slashes, dots and percent signs more often than others.
    Uint8Array.from(
      { length: chance.below(0, 24) },
      () => [0x2f, 0x2e, 0x25, chance.below(0, 256)][chance.below(0, 4)] ?? 0,
    ),
  );
  for (const key of [...bytes, ...random, new Uint8Array(0)]) {
    const subject = subjectOf(key);
    assert.match(subject, /^[A-Za-z0-9_~%-]+(\.[A-Za-z0-9_~%-]+)*$/);
    assert.deepEqual(keyOf(subject), Buffer.from(key));
  }
});

test('subjects as the document shows them', () => {
  const shown = [
    ['foo', 'foo'],
    ['services/web/10.0.0.1:80', 'services.web.10%2E0%2E0%2E1%3A80'],
    ['/registry/pods', '%.registry.pods'],
    ['a//b/', 'a.%.b.%'],
    ['', '%'],
    ['100%/*/>/a b/é', '100%25.%2A.%3E.a%20b.%C3%A9'],
    ['%long', '%25long'],
  ] as const;
  for (const [key, subject] of shown) assert.equal(subjectOf(fromText(key)), subject);
});

test('from the first token on that is too much, all is one token, which no key has by itself', () => {
  const most = limits.event_feed_subject_bytes_max;
  const fits = fromText(`a/${'b'.repeat(most - 2)}`);
  assert.equal(subjectOf(fits).length, most);
  const parts = (...texts: string[]) => concatBytes(texts.map(fromText));
  assert.equal(subjectOf(concatBytes([fits, fromText('c')])), 'a.%long');
  assert.equal(subjectOf(concatBytes([fits, fromText('/c')])), `${subjectOf(fits)}.%long`);
  assert.equal(subjectOf(parts('a/', '\0'.repeat(200), '/c')), 'a.%long');
  assert.equal(subjectOf(parts('x'.repeat(1_500_000))), '%long');
  assert.equal(subjectOf(parts('/'.repeat(1_500_000))).length, most + '%long'.length);
});

test('each ancestor of a subject has its own number, from that of all events down', () => {
  const numbers = newNumbers();
  const of = (key: string) => numberEvent(numbers, tokensOf(fromText(key)));
  assert.deepEqual(of('a/b/1'), [1, 1, 1]);
  assert.deepEqual(of('a/b/2'), [2, 2, 2]);
  assert.deepEqual(of('a/c/1'), [3, 3, 1]);
  assert.deepEqual(of('a'), [4]);
  assert.deepEqual(of('ab/1'), [5, 1]);
  assert.deepEqual(of('a/b'), [6, 4]);
  assert.deepEqual(of('a/b/1'), [7, 5, 3]);
  const deep = of(Array.from({ length: 40 }, (_, level) => level).join('/'));
  assert.equal(deep.length, limits.event_feed_levels_max);
});

test('with more prefixes than are remembered no event can be missed without a gap, and memory stays bounded', () => {
  const chance = createChance(11);
  const numbers = newNumbers(40);
  /** What a follower of each prefix saw last; it misses every tenth event. */
  const seen = new Map<string, { number: number; missed: boolean }>();
  let gaps = 0;
  for (let event = 0; event < 50_000; event++) {
    const tokens = ['hot', `p${chance.below(0, 500)}`, 'key'];
    const given = numberEvent(numbers, tokens);
    for (const [level, number] of given.entries()) {
      const prefix = tokens.slice(0, level).join('.');
      const last = seen.get(prefix);
      const inOrder = number === (last?.number ?? 0) + 1;
      assert.ok(number > (last?.number ?? 0), 'a number grows with each event');
      if (last?.missed === true) assert.ok(!inOrder, `${prefix}: an event was missed and nothing shows it`);
      else if (level < 2) assert.ok(inOrder, `${prefix}: one that has events all the time is never forgotten`);
      else if (!inOrder) gaps++;
      const missed = chance.below(0, 10) === 0;
      if (missed) seen.set(prefix, { number: last?.number ?? 0, missed });
      else seen.set(prefix, { number, missed });
    }
    assert.ok(numbers.young.size + numbers.old.size <= 41);
  }
  assert.ok(gaps > 0, 'prefixes were forgotten');
});
