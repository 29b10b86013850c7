import { describe, expect, it } from 'vitest';
import { csv } from './csv.js';
import { printable, printableLines, safeJson } from './escape.js';
import { recruitmentGraph } from './graph.js';
import { bytes, duration, instant } from './human.js';
import { fitWidths, renderTable } from './table.js';

describe('text from evidence', () => {
  it.each([
    ['plain Größe 文', 'plain Größe 文'],
    ['\u001b[2J\u001b]0;title\u0007', '\\x1b[2J\\x1b]0;title\\x07'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u009b31m', '\\x9b31m'],
    ['\u007f', '\\x7f'],
    ['abc\u202etxt.exe', 'abc\\u{202e}txt.exe'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800', '\\u{d800}'],
  ])('%j is shown as %s', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('keeps the lines of a text of several', () => {
    expect(printableLines('a\u001b\r\nb')).toBe('a\\x1b\nb');
  });

  it('is the same value as JSON, without what a terminal obeys', () => {
    const value = { a: '\u001b[0m\u009b\u202e\u{e0041}é', b: [1, null] };
    const text = safeJson(value, 0);
    expect(text).toBe('{"a":"\\u001b[0m\\u009b\\u202e\\udb40\\udc41é","b":[1,null]}');
    expect(JSON.parse(text)).toEqual(value);
  });
});

describe('csv', () => {
  it('quotes, and keeps a spreadsheet from running what it reads', () => {
    const text = csv(
      ['name', 'n'],
      [
        ['a,b', 1],
        ['say "x"\nagain', -2],
        ['=cmd()', null],
        ['-1', true],
        ['\u001b[1m', undefined],
      ],
    );
    expect(text).toBe('name,n\n"a,b",1\n"say ""x""\nagain",-2\n\'=cmd(),\n\'-1,true\n\\x1b[1m,');
  });
});

describe('tables', () => {
  const columns = [{ head: 'NAME' }, { head: 'N', right: true }];

  it('line up, numbers at the right, without blanks at the end', () => {
    const rows = [
      ['a', '1'],
      ['abcdef', '100'],
    ];
    expect(renderTable(columns, rows, undefined)).toBe('NAME      N\na         1\nabcdef  100');
  });

  it('escape what is in their cells', () => {
    expect(renderTable([{ head: 'X' }], [['a\u001bb\nc']], undefined)).toBe('X\na\\x1bb\\nc');
  });

  it('cut the widest cells to fit a terminal', () => {
    const lines = renderTable(columns, [['x'.repeat(50), '7']], 40).split('\n');
    expect(lines[1]).toBe(`${'x'.repeat(36)}…  7`);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it.each([
    [[10, 10], 22, [10, 10]],
    [[10, 100], 40, [10, 28]],
    [[50, 60], 62, [30, 30]],
    [[8, 8, 100], 10, [8, 8, 20]],
  ])('%j in %d columns become %j', (natural, available, widths) => {
    expect(fitWidths(natural, available).toSorted((a, b) => a - b)).toEqual(widths);
  });
});

describe('for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    ['1073741824', '1.0 GiB'],
    [2 ** 60, '1048576.0 TiB'],
  ])('%s bytes are %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  it.each([
    [0.84, '0.8 s'],
    [42, '42 s'],
    [185, '3:05 min'],
    [7_200, '2:00:00 h'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it('times are UTC to the second', () => {
    expect(instant('2026-03-01T12:00:05.999+01:00')).toBe('2026-03-01 11:00:05Z');
  });

  it('recruitment is a line for each step', () => {
    const points = [
      { seconds: 1, finished: 1 },
      { seconds: 2, finished: 1 },
      { seconds: 61, finished: 4 },
    ];
    expect(recruitmentGraph(points, 4)).toBe(
      `     1.0 s  ${'#'.repeat(10)}${' '.repeat(30)}  1\n  1:01 min  ${'#'.repeat(40)}  4`,
    );
    const many = Array.from({ length: 1_000 }, (_, i) => ({ seconds: i, finished: i + 1 }));
    const lines = recruitmentGraph(many, 1_000).split('\n');
    expect(lines).toHaveLength(20);
    expect(lines.at(-1)).toMatch(/ 1000$/);
  });
});
