import { describe, expect, it } from 'vitest';
import type { ObjectMeta } from '../disk/object-file.js';
import { checkWriteCondition, isNotModified, parseRange, writeCondition } from './conditions.js';

const META: ObjectMeta = {
  key: 'k',
  size: 10,
  etag: 'abc',
  modified: Date.parse('2026-01-02T03:04:05.678Z'),
  headers: {},
  user: {},
};
const SAME = 'Fri, 02 Jan 2026 03:04:05 GMT';
const BEFORE = 'Fri, 02 Jan 2026 03:04:04 GMT';
const headers = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));

describe('isNotModified', () => {
  it.each<[Record<string, string>, boolean]>([
    [{}, false],
    [{ 'if-none-match': '"abc"' }, true],
    [{ 'if-none-match': 'abc' }, true],
    [{ 'if-none-match': '"x", W/"abc"' }, true],
    [{ 'if-none-match': '*' }, true],
    [{ 'if-none-match': '"ab"' }, false],
    [{ 'if-modified-since': SAME }, true],
    [{ 'if-modified-since': BEFORE }, false],
    [{ 'if-modified-since': 'not a date' }, false],
    // RFC 9110 13.2.2: If-None-Match comes first, and decides alone
    [{ 'if-none-match': '"x"', 'if-modified-since': SAME }, false],
    [{ 'if-none-match': '"abc"', 'if-modified-since': BEFORE }, true],
    [{ 'if-match': '"abc"', 'if-unmodified-since': BEFORE }, false],
  ])('%j: %s', (given, expected) => {
    expect(isNotModified(headers(given), META)).toBe(expected);
  });

  it.each<Record<string, string>>([
    { 'if-match': '"x"' },
    { 'if-match': 'W/"abc"' },
    { 'if-unmodified-since': BEFORE },
  ])('%j: 412', (given) => {
    expect(() => isNotModified(headers(given), META)).toThrow(expect.objectContaining({ code: 'PreconditionFailed' }));
  });
});

describe('writeCondition', () => {
  it('takes If-None-Match * and If-Match, and says what it does not take', () => {
    expect(writeCondition(headers({ 'if-none-match': '*' }))).toEqual({ onlyNew: true, ifMatch: undefined });
    expect(() => writeCondition(headers({ 'if-none-match': '"abc"' }))).toThrow('with * only');
    expect(() => writeCondition(headers({ 'if-modified-since': SAME }))).toThrow('if-modified-since');
  });

  it('is checked against what is there', () => {
    const ifMatch = { onlyNew: false, ifMatch: '"abc"' };
    expect(() => checkWriteCondition(ifMatch, META)).not.toThrow();
    expect(() => checkWriteCondition({ ...ifMatch, ifMatch: '"x"' }, META)).toThrow('did not hold');
    expect(() => checkWriteCondition(ifMatch, undefined)).toThrow(expect.objectContaining({ code: 'NoSuchKey' }));
    expect(() => checkWriteCondition({ onlyNew: true, ifMatch: undefined }, META)).toThrow('did not hold');
  });
});

describe('parseRange', () => {
  it.each<[string, { start: number; end: number } | undefined]>([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=2-', { start: 2, end: 9 }],
    ['bytes=5-100', { start: 5, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-100', { start: 0, end: 9 }],
    ['bytes=5-4', undefined],
    ['bytes=0-1,3-4', undefined],
    ['bytes=-', undefined],
    ['lines=0-1', undefined],
  ])('%s', (range, expected) => {
    expect(parseRange(headers({ range }), META)).toEqual(expected);
  });

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0'])('%s cannot be satisfied', (range) => {
    expect(() => parseRange(headers({ range }), META)).toThrow(
      expect.objectContaining({
        code: 'InvalidRange',
        detail: expect.objectContaining({ headers: { 'Content-Range': 'bytes */10' } }) as unknown,
      }),
    );
  });

  it('holds only while If-Range does', () => {
    expect(parseRange(headers({ range: 'bytes=0-1', 'if-range': '"abc"' }), META)).toEqual({ start: 0, end: 1 });
    expect(parseRange(headers({ range: 'bytes=0-1', 'if-range': '"other"' }), META)).toBeUndefined();
  });
});
