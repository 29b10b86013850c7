import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCase, type ConformanceCase } from '../../../scripts/efilter-case.mjs';
import { drain, EfilterError, evaluate, parse } from './index.js';

const file = new URL('../cases/sample.jsonl', import.meta.url);
const cases = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line) as ConformanceCase);

describe('conformance cases', () => {
  it('are all there', () => {
    expect(cases).toHaveLength(83);
  });

  it.each(cases.map((testCase) => [testCase.id, testCase] as const))('%s', (_id, testCase) => {
    expect(runCase({ drain, EfilterError, evaluate, parse }, testCase)).toBeUndefined();
  });

  it('fails a case whose expectation is wrong', () => {
    const wrong = { id: 'x', query: '1 + 1', vars: {}, expect: 3, error: false, ordered: true };
    expect(runCase({ drain, EfilterError, evaluate, parse }, wrong)).toBe('expected 3, got 2');
    const misplaced = { ...wrong, query: '1 +', error: true, kind: 'parse', at: 0 };
    expect(runCase({ drain, EfilterError, evaluate, parse }, misplaced)).toContain('expected parse error at 0');
  });
});
