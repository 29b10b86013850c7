import { describe, expect, it } from 'vitest';
import { failure } from '../../../test/efilter/failure.js';
import { tokenize } from './lexer.js';

const texts = (query: string): string[] => tokenize(query).map((token) => `${token.kind}:${token.text}`);

describe('tokenize', () => {
  it('takes the longest operator of a fixed set, not a run of characters', () => {
    expect(texts('n==-1').slice(0, -1)).toEqual(['word:n', 'operator:==', 'operator:-', 'number:1']);
    expect(texts('f(x:[1])').slice(0, -1)).toEqual([
      'word:f',
      'lparen:(',
      'word:x',
      'operator::',
      'lbracket:[',
      'number:1',
      'rbracket:]',
      'rparen:)',
    ]);
  });

  it.each([
    ['42', 42],
    ['010', 8],
    ['0', 0],
    ['00', 0],
    ['0xaF09', 44_809],
    ['0x1F', 31],
    ['0xff', 255],
    ['0.5', 0.5],
    ['08.5', 8.5],
  ])('reads the number %s', (text, value) => {
    expect(tokenize(text)[0]).toMatchObject({ kind: 'number', value, start: 0, end: text.length });
  });

  it.each([
    [String.raw`'a\tb\nc'`, 'a\tb\nc'],
    [String.raw`'c:\windows\*.exe'`, String.raw`c:\windows\*.exe`],
    [String.raw`'\.exe$'`, String.raw`\.exe$`],
    [String.raw`'\\'`, '\\'],
    [String.raw`'it\'s'`, "it's"],
    ['"say \'x\'"', "say 'x'"],
    ["'two\nlines'", 'two\nlines'],
  ])('reads the string %s', (text, value) => {
    expect(tokenize(text)[0]).toMatchObject({ kind: 'string', value });
  });

  it('skips white space and comments', () => {
    expect(texts('a -- to the end\n/* over\nlines */ b // end')).toEqual(['word:a', 'word:b', 'end of query:']);
  });

  it('ends a comment to the end of the line at either kind of end', () => {
    expect(texts('a -- x\rb // y\nc --')).toEqual(['word:a', 'word:b', 'word:c', 'end of query:']);
    expect(texts('/**/a/***/')).toEqual(['word:a', 'end of query:']);
  });

  it('reads raw strings as they are written', () => {
    expect(tokenize(String.raw`'''C:\new''' x`)[0]).toMatchObject({
      text: String.raw`'''C:\new'''`,
      value: String.raw`C:\new`,
      start: 0,
      end: 12,
    });
    expect(tokenize("''''''")[0]).toMatchObject({ value: '', end: 6 });
  });

  it('reads names in backticks, which are no keywords', () => {
    expect(tokenize('`my col`')[0]).toMatchObject({ kind: 'word', text: 'my col', quoted: true });
  });

  it('reads names of any script after the first character', () => {
    expect(texts('aé_1x')).toEqual(['word:aé_1x', 'end of query:']);
  });

  it.each([
    ['1 ; 2', 2, 3],
    ['a & b', 2, 3],
    ['é', 0, 1],
    ['n 😀', 2, 4],
    ['a ! b', 2, 3],
    ['{A}', 0, 1],
    ["n == 'abc", 5, 9],
    ["'abc\\'", 0, 6],
    ['08', 0, 2],
    ['1 + 0xZZ', 4, 8],
    ['`abc', 0, 4],
    ['``', 0, 2],
    ['1 /* 2', 2, 6],
  ])('refuses %s at its place', (text, start, end) => {
    expect(failure(() => tokenize(text))).toMatchObject({ kind: 'parse', start, end });
  });
});
