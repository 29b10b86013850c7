import { describe, expect, it } from 'vitest';
import { failure } from '../../../test/efilter/failure.js';
import { drain, evaluate, parse, type Environment } from './index.js';

/** What a person is told of a malformed query: the message and the place. */
describe('malformed queries say', () => {
  const long = 'a'.repeat(50);
  it.each([
    ['1 +', 3, 3, 'Expected a value, found the end of the query.'],
    [')', 0, 1, 'Expected a value, found “)”.'],
    ['f(,)', 2, 3, 'Expected a value, found “,”.'],
    ['[', 1, 1, 'Expected a value, found the end of the query.'],
    ['[]]', 2, 3, 'Expected an operator or the end of the query, found “]”.'],
    ['order by', 0, 5, 'Expected a value, found “order”.'],
    ['select from s', 7, 11, 'Expected a value, found “from”.'],
    ['1 2', 2, 3, 'Expected an operator or the end of the query, found the number 2.'],
    ['`and` b', 6, 7, 'Expected an operator or the end of the query, found “b”.'],
    ["1 'b'", 2, 5, "Expected an operator or the end of the query, found the string 'b'."],
    [`1 '${long}'`, 2, 54, `Expected an operator or the end of the query, found the string '${'a'.repeat(39)}….`],
    ['1 {a}', 2, 5, 'Expected an operator or the end of the query, found a parameter.'],
    ['1 ?', 2, 3, 'Expected an operator or the end of the query, found a parameter.'],
    ["f('a' 'b')", 6, 9, "Expected “)” or “,”, found the string 'b'."],
    ['f(a', 3, 3, 'Expected “)” or “,”, found the end of the query.'],
    ['(1 2', 3, 4, 'Expected “)” or “,”, found the number 2.'],
    ['[1 2]', 3, 4, 'Expected “]” or “,”, found the number 2.'],
    ['x[1', 3, 3, 'Expected “]” or “:”, found the end of the query.'],
    ['x[1:2', 5, 5, 'Expected “]”, found the end of the query.'],
    ['a.5', 2, 3, 'Expected the name of a member, found the number 5.'],
    ['let x 1', 6, 7, 'Expected =, found the number 1.'],
    ['if 1 2', 5, 6, 'Expected THEN, found the number 2.'],
    ['select a as 1 from s', 12, 13, 'Expected the name of the column, found the number 1.'],
    ['select a, b as a, c as a from s', 15, 16, 'There are two columns of the name a.'],
    ['any from s order by x', 11, 16, 'Expected no ORDER BY after ANY, found “order”.'],
    ['f (1)', 0, 3, 'There may be no space between f and the parenthesis.'],
    ['any (1)', 4, 5, 'There may be no space between any and the parenthesis.'],
    ['cast(1)', 6, 7, 'cast takes 2 arguments, not 1.'],
    ['any(1, 2, 3)', 11, 12, 'any takes 1 or 2 arguments, not 3.'],
    ['1 /* x', 2, 6, 'This comment is not closed: add */.'],
    ['1 /*/', 2, 5, 'This comment is not closed: add */.'],
    ['a @ b', 2, 3, 'The character "@" means nothing here.'],
    ['{A}', 0, 1, 'A parameter is written ?, {}, {0} or {name}, in lower case.'],
    ['0xZZ', 0, 4, '0xZZ is not a hexadecimal number.'],
    ['0x1Z', 0, 4, '0x1Z is not a hexadecimal number.'],
    ['08', 0, 2, '08 is not an octal number (a leading 0 means octal).'],
  ])('%s', (query, start, end, message) => {
    expect(failure(() => parse(query, { a: 1 }))).toMatchObject({ kind: 'parse', start, end, message });
  });

  it('how long they may be, and how deep', () => {
    expect(parse(' '.repeat(999_999) + '1').root).toMatchObject({ kind: 'literal' });
    expect(failure(() => parse(' '.repeat(1_000_000) + '1'))).toMatchObject({
      message: 'The query is longer than 1000000 characters.',
      start: 0,
      end: 1_000_001,
    });
    expect(failure(() => parse('['.repeat(600) + ']'.repeat(600)))).toMatchObject({
      message: 'The query nests deeper than 500 levels.',
    });
  });
});

/** What functions of the library say of values that they do not take. */
describe('evaluations say', () => {
  const env: Environment = { functions: {}, variables: { xs: [{ k: 1 }] } };
  it.each([
    ['lower(5)', 'The text of lower must be a string, not a number.'],
    ['lower(true)', 'The text of lower must be a string, not a boolean.'],
    ['lower(null)', 'The text of lower must be a string, not null.'],
    ['lower([1])', 'The text of lower must be a string, not a list.'],
    ['lower(dict(a: 1))', 'The text of lower must be a string, not an object or rows.'],
    ["int('x')", 'int cannot convert "x".'],
    ['int([1, 2])', 'int cannot convert a list.'],
    [`float('${'9x'.repeat(30)}')`, `float cannot convert "${'9x'.repeat(20)}".`],
    ["take('1', xs)", 'take needs a count that is a whole number from 0 up.'],
    ['take(1.5, xs)', 'take needs a count that is a whole number from 0 up.'],
    ['drop(-1, xs)', 'drop needs a count that is a whole number from 0 up.'],
    ["from_base64('a')", 'from_base64 takes base64: letters, digits, + and /, in groups of four.'],
    ["from_base64('-QQ=')", 'from_base64 takes base64: letters, digits, + and /, in groups of four.'],
    ["from_base64('YQ==YQ==')", 'from_base64 takes base64: letters, digits, + and /, in groups of four.'],
    ["from_hex('610x62')", 'from_hex takes pairs of hexadecimal digits.'],
    ["replace('abc', '', 'x')", 'The old part of replace may not be empty.'],
    ["format('%s %s', 1)", 'format has no value for its directive %s.'],
    ['select * from xs limit 1.5', 'LIMIT must be a whole number from 0 up.'],
    ["select * from xs limit 1 offset '1'", 'OFFSET must be a whole number from 0 up.'],
    ['xs + nowhere', 'There is no variable or column named nowhere.'],
  ])('%s', (query, message) => {
    expect(failure(() => drain(evaluate(query, env)))).toMatchObject({ kind: 'eval', message });
  });
});
