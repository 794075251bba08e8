/** Numbers, durations, quotes and JSON, as Go reads and writes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goJson, omitEmpty } from '../../deploy/ctl/go-json.js';
import { formatDuration, parseBool, parseDuration, parseInt64, toCount } from '../../deploy/ctl/go-numbers.js';
import { quote, quoteText, unquotePrefix } from '../../deploy/ctl/go-quote.js';
import { formatSize, percentUnused } from '../../deploy/ctl/sizes.js';

test('whole numbers have 64 bits, and a base in front where base 0 is asked', () => {
  assert.equal(parseInt64('9223372036854775807', 10), 2n ** 63n - 1n);
  assert.equal(parseInt64('-9223372036854775808', 10), -(2n ** 63n));
  assert.equal(parseInt64('0x1F', 0), 31n);
  assert.equal(parseInt64('0b101', 0), 5n);
  assert.equal(parseInt64('017', 0), 15n);
  assert.equal(parseInt64('1_000', 0), 1000n);
  assert.equal(parseInt64('-2d8257079fa1bc0c', 16), -0x2d8257079fa1bc0cn);
  for (const text of ['', '-', '1x', ' 1', '0x', '1_', '_', '1.5']) {
    assert.throws(() => parseInt64(text, 0), {
      message: `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
    });
  }
  assert.throws(() => parseInt64('0x1', 10), /invalid syntax/);
  assert.throws(() => parseInt64('9223372036854775808', 10), /: value out of range$/);
  assert.equal(toCount(2n ** 63n - 1n), Number.MAX_SAFE_INTEGER);
  assert.equal(toCount(-7n), -7);
});

test('truth has six spellings', () => {
  assert.deepEqual(['1', 't', 'T', 'true', 'TRUE', 'True'].map(parseBool), Array(6).fill(true));
  assert.deepEqual(['0', 'f', 'F', 'false', 'FALSE', 'False'].map(parseBool), Array(6).fill(false));
  assert.throws(() => parseBool('yes'), { message: 'strconv.ParseBool: parsing "yes": invalid syntax' });
});

test('durations are sums of numbers with units', () => {
  assert.equal(parseDuration('5s'), 5_000);
  assert.equal(parseDuration('1h2m3.5s'), 3_723_500);
  assert.equal(parseDuration('-1.5ms'), -1.5);
  assert.equal(parseDuration('10us'), 0.01);
  assert.equal(parseDuration('0'), 0);
  assert.throws(() => parseDuration('1'), { message: 'time: missing unit in duration "1"' });
  assert.throws(() => parseDuration('1d'), { message: 'time: unknown unit "d" in duration "1d"' });
  for (const text of ['', 'x', '.', '-'])
    assert.throws(() => parseDuration(text), { message: `time: invalid duration "${text}"` });
});

test('durations are shown in the largest unit that they fill', () => {
  assert.equal(formatDuration(0), '0s');
  assert.equal(formatDuration(0.000_5), '500ns');
  assert.equal(formatDuration(0.012_5), '12.5µs');
  assert.equal(formatDuration(1.736125), '1.736125ms');
  assert.equal(formatDuration(1_500), '1.5s');
  assert.equal(formatDuration(60_000), '1m0s');
  assert.equal(formatDuration(3_723_500), '1h2m3.5s');
});

test('quoted bytes: escapes, what is printable, and bytes that are no UTF-8', () => {
  assert.equal(quoteText('a"b\\c\'d'), '"a\\"b\\\\c\'d"');
  assert.equal(quoteText('\x00\x07\b\f\n\r\t\v\x1f\x7f'), '"\\x00\\a\\b\\f\\n\\r\\t\\v\\x1f\\x7f"');
  assert.equal(quoteText('grün ☃ 𝄞 é'), '"grün ☃ 𝄞 é"');
  assert.equal(quoteText('\u00a0\u200b\u{e0001}'), '"\\u00a0\\u200b\\U000e0001"');
  assert.equal(quote(Uint8Array.of(0x61, 0xff, 0xc3, 0xe2, 0x98, 0x62)), '"a\\xff\\xc3\\xe2\\x98b"');
  assert.equal(quoteText('\ufffd'), '"\ufffd"');
});

test('what is quoted can be read back, and what follows is left', () => {
  for (const bytes of [Buffer.from('grün ☃\n"\\'), Buffer.from([0, 255, 128, 10]), Buffer.alloc(0)]) {
    const quoted = quote(bytes);
    const read = unquotePrefix(`${quoted} rest`);
    assert.deepEqual(read && Buffer.from(read.bytes), bytes);
    assert.equal(read?.length, quoted.length);
  }
  const read = (text: string): string | undefined => {
    const found = unquotePrefix(text);
    return found && Buffer.from(found.bytes).toString('latin1');
  };
  assert.equal(read('"\\x41\\101\\u0041\\U00000041"'), 'AAAA');
  assert.equal(read('`a\\n"`'), 'a\\n"');
  for (const text of ['', 'a', '"a', '"\\q"', '"\\x4"', '"\\777"', '"\\ud800"', '"\\U00110000"', '"a\nb"', "'a'"])
    assert.equal(read(text), undefined, text);
});

test('JSON: numbers in full, bytes in base64, what HTML minds escaped', () => {
  const value = {
    id: 14841639068965178418n,
    bytes: Uint8Array.of(0, 255),
    text: '<&>\u2028',
    list: [1, true],
    gone: undefined,
  };
  assert.equal(
    goJson(value),
    '{"id":14841639068965178418,"bytes":"AP8=","text":"\\u003c\\u0026\\u003e\\u2028","list":[1,true]}',
  );
  assert.equal(goJson(omitEmpty({ a: 0, b: 0n, c: '', d: false, e: [], f: new Uint8Array(0), g: {} })), '{"g":{}}');
});

test('sizes for people', () => {
  const shown = [0, 9, 10, 999, 1000, 20480, 25_000, 999_999, 1_234_567, 2147483648].map(formatSize);
  assert.deepEqual(shown, ['0 B', '9 B', '10 B', '999 B', '1.0 kB', '20 kB', '25 kB', '1000 kB', '1.2 MB', '2.1 GB']);
  assert.equal(percentUnused(24576, 16384), '34%');
  assert.equal(percentUnused(0, 0), '0%');
});
